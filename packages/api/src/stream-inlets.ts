// Changes to the loose ends of a stream: where records go next, and by which key. Pure functions over inlets.

import { assertCallable } from './callable.ts'
import { keyCodec as anyKeyCodec } from '@weirjs/common/codec/key-codec'
import type { Codec, Key } from '@weirjs/common/core/codec'
import type { Partitioning } from '@weirjs/common/core/graph/logical-graph'
import { jobError } from './job-error.ts'
import type { Inlet } from './node-draft.ts'
import { fieldsOf, recordName } from './struct.ts'
import { didYouMean } from './suggest.ts'

/** Names of the fields of T that may be keys: text, number, bigint or boolean. */
export type KeyField<T> = { [F in keyof T]-?: T[F] extends Key ? F : never }[keyof T] & string

/** What `keyBy` takes, without types. */
export type KeyChoice<T> = string | ((value: T) => Key)

/** The loose ends with another way to the next step. */
export function routed(inlets: readonly Inlet[], route: Partitioning): readonly Inlet[] {
  return inlets.map((inlet) => ({ port: inlet.port, route }))
}

/** The loose ends spread by a key. Throws WeirError `job/unknown-field`, `job/not-a-function`. */
export function keyed<T>(
  inlets: readonly Inlet[],
  choice: KeyChoice<T>,
  location: string | undefined,
  partition?: (key: Key, subtasks: number) => number,
): readonly Inlet[] {
  if (typeof choice === 'string') for (const inlet of inlets) checkField(inlet, choice, location)
  else assertCallable('keyBy', choice, location, 'Or the name of a field.')
  const key = typeof choice === 'string' ? fieldKey(choice) : (choice as (value: never) => Key)
  return inlets.map((inlet) => ({
    port: inlet.port,
    route: { kind: partition === undefined ? 'hash' : 'custom' },
    key,
    ...(typeof choice === 'string' ? { keyField: choice } : {}),
    ...(partition === undefined ? {} : { partition }),
  }))
}

/** The codec of the key, when it is a field of a declared type; else one for all keys. */
export function keyCodec(inlets: readonly Inlet[]): Codec<Key> {
  const codecs = inlets.map((inlet) => fieldsOf(inlet.port.codec)?.get(inlet.keyField ?? ''))
  const [first, ...others] = codecs
  const same = first !== undefined && others.every((codec) => codec === first)
  return (same ? first : anyKeyCodec) as Codec<Key>
}

function fieldKey(field: string): (value: never) => Key {
  return (value: Readonly<Record<string, Key>>) => value[field] as Key
}

function checkField(inlet: Inlet, field: string, location: string | undefined): void {
  const fields = fieldsOf(inlet.port.codec)
  if (fields === null || fields.has(field)) return
  throw unknownField(field, recordName(inlet.port.codec), [...fields.keys()], location)
}

/** The refusal of a field that a declared record type does not have. */
export function unknownField(
  field: string,
  type: string,
  known: readonly string[],
  location: string | undefined,
): Error {
  return jobError('unknown-field', `${type} has no field "${field}"`, {
    location,
    hint: didYouMean(field, known),
  })
}
