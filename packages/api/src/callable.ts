// What a step calls must be a function. An editor says so as well, but jobs are run without the compiler: unseen here, it
// would fail on the cluster, at the first record, and without a line of the author's file.

import type { ProcessFunctions } from './functions.ts'
import type { NodeRequest } from './graph-builder.ts'
import { jobError } from './job-error.ts'

const DECLARES = 'The type of what comes out is declared behind it: .map(f).returns(type).'

/** Throws WeirError `job/not-a-function`. */
export function assertCallable(
  what: string,
  given: unknown,
  location: string | undefined,
  hint?: string,
): void {
  if (typeof given === 'function') return
  throw jobError('not-a-function', `${what} needs a function, but has ${described(given)}`, {
    location,
    hint,
  })
}

/** The same for all functions of a step. */
export function assertStepCallable({ runtime, uid, location }: NodeRequest): void {
  switch (runtime.kind) {
    case 'map':
      return assertCallable('map', runtime.map, location, DECLARES)
    case 'filter':
      return assertCallable('filter', runtime.test, location)
    case 'flat-map':
      return assertCallable('flatMap', runtime.flatMap, location)
    case 'reduce':
      return assertCallable('reduce', runtime.reduce, location)
    case 'process':
    case 'keyed-process':
      return assertFunctions(runtime.functions, { each: 'each' }, uid, location)
    case 'co-process':
      return assertFunctions(runtime.functions, { each: 'each', second: 'second' }, uid, location)
    case 'broadcast-process':
      return assertFunctions(runtime.functions, { each: 'each', second: 'control' }, uid, location)
    // Connectors are objects, made by functions that have looked at what they were given.
    case 'source-enumerator':
    case 'source-reader':
    case 'sink':
  }
}

/** `needed`: what must be there, and what its author calls it. */
function assertFunctions(
  functions: ProcessFunctions,
  needed: Readonly<Record<string, string>>,
  uid: string | undefined,
  location: string | undefined,
): void {
  const step = uid === undefined ? '' : ` of ${uid}`
  const given = new Map<string, unknown>(Object.entries(functions))
  for (const name of new Set([...Object.keys(needed), ...given.keys()]))
    assertCallable(`${needed[name] ?? name}${step}`, given.get(name), location)
}

function described(given: unknown): string {
  if (given === undefined) return 'none'
  if (given === null) return 'null'
  return isType(given) ? 'a type' : `a value of type ${typeof given}`
}

const isType = (given: unknown): boolean =>
  typeof given === 'object' && given !== null && 'descriptor' in given
