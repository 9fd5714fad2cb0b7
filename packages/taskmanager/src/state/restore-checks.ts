// May state of a checkpoint become state of this job? Decided by names, kinds and codec descriptors before any entry is
// read: a codec that merely happens to decode the bytes would read garbage (trap E6).

import type { KeyedStateRestore } from '@weirjs/common/core/checkpoint/handles'
import { WeirError } from '@weirjs/common/core/errors'
import type { CodecDescriptor } from '@weirjs/common/core/graph/logical-graph'
import type { TableFacts } from './heap-snapshot.ts'

/** Throws `state/incompatible` unless the snapshot's state has the kind and codecs of the declared one. */
export function checkCompatible(found: KeyedStateRestore, declared: TableFacts): void {
  if (found.kind !== declared.kind) {
    throw incompatible(found.name, `was ${found.kind} state and is declared as ${declared.kind} now`)
  }
  if (!sameCodec(found.codec, declared.codec)) {
    throw incompatible(found.name, `was written as ${describe(found.codec)}, declared is ${describe(declared.codec)}`)
  }
  if (!sameCodec(found.keyCodec, declared.keyCodec)) {
    const [was, is] = [describe(found.keyCodec), describe(declared.keyCodec)]
    throw incompatible(found.name, `had map keys written as ${was}, declared is ${is}`)
  }
}

/** Same name, version and schema. */
export function sameCodec(a: CodecDescriptor | undefined, b: CodecDescriptor | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.name === b.name && a.version === b.version && sameJson(a.schema, b.schema)
}

export function unknownState(found: KeyedStateRestore): never {
  throw new WeirError('state/not-declared', `the checkpoint holds state "${found.name}" that the job does not declare`, {
    domain: 'user',
    hint: 'Declare it under the same name, or restore with --allow-non-restored-state to drop it.',
  })
}

/** Equal as JSON, whatever the order of members. */
function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a).filter((key) => member(a, key) !== undefined)
  const others = Object.keys(b).filter((key) => member(b, key) !== undefined)
  return keys.length === others.length && keys.every((key) => sameJson(member(a, key), member(b, key)))
}

const member = (value: object, key: string): unknown => (value as Record<string, unknown>)[key]

const describe = (codec: CodecDescriptor | undefined): string =>
  codec === undefined ? 'nothing' : `${codec.name} version ${codec.version}`

function incompatible(name: string, what: string): WeirError {
  return new WeirError('state/incompatible', `state "${name}" ${what}`, {
    domain: 'user',
    hint: 'Give the changed state a new name, or run the job version that wrote the checkpoint.',
  })
}
