// Record types: `struct('Flight', { date: timestamp(), delay: int() })` is a value that is a codec, a description for
// readers and the source of the TypeScript type, all at once.

import { type StructCodec, isStructCodec, structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec } from '@weirjs/common/core/codec'
import {
  type DeclaredType,
  type InferType,
  Mismatch,
  bareCodec,
  declareType,
  mismatch,
} from './declared-type.ts'
import { isSpecialFloat } from './json-values.ts'

export type FieldTypes = Readonly<Record<string, DeclaredType<unknown>>>

type OptionalNames<F> = {
  [N in keyof F]: F[N] extends { readonly kind: 'optional' } ? N : never
}[keyof F]
type TwoParts<F> = { readonly [N in Exclude<keyof F, OptionalNames<F>>]: InferType<F[N]> } & {
  readonly [N in OptionalNames<F>]?: InferType<F[N]>
}

/**
 * The record type that fields declare; read-only, because records are shared between steps. Inferred once more as a whole,
 * so that editors and the compiler show its fields and not how they were put together.
 */
export type InferFields<F> =
  TwoParts<F> extends infer Whole ? { [N in keyof Whole]: Whole[N] } : never

export interface StructType<T> extends DeclaredType<T> {
  readonly kind: 'struct'
  readonly name: string
  readonly types: FieldTypes
  readonly codec: StructCodec<T>
}

/**
 * A record type. Fields that the declaration does not name are not part of the record and are dropped by readers.
 * Throws WeirError `type/invalid` for names that cannot be.
 */
export function struct<F extends FieldTypes>(name: string, fields: F): StructType<InferFields<F>> {
  type T = InferFields<F>
  const codecs = Object.fromEntries(
    Object.entries(fields).map(([field, type]) => [field, bareCodec(type)]),
  )
  const codec = structCodec<T>(name, codecs)
  const from = recordReader(name, fields)
  const declared = declareType<T>({
    kind: 'struct',
    codec,
    from: (raw) => from(raw) as T,
    fromText: (given) => from(parseObject(name, given)) as T,
    toJson: recordWriter(fields) as (value: T) => unknown,
  })
  return { ...declared, kind: 'struct', codec, name, types: fields }
}

/** Codecs of the fields of a declared record type by name; null for other codecs. */
export function fieldsOf(codec: Codec): ReadonlyMap<string, Codec> | null {
  const bare = bareCodec(codec)
  return isStructCodec(bare) ? bare.fields : null
}

/** The name of a declared record type, for messages. */
export function recordName(codec: Codec): string {
  const bare = bareCodec(codec)
  return isStructCodec(bare) ? bare.name : codec.descriptor.name
}

/** Checks and converts an object. One that fits exactly, as JSON.parse makes them, is taken over as it is. */
function recordReader(name: string, fields: FieldTypes): (raw: unknown) => object {
  const names = Object.keys(fields)
  const types = Object.values(fields)
  const count = names.length
  const values: unknown[] = new Array(count).fill(undefined)
  return (raw) => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
      throw mismatch(`a ${name} object`, raw)
    const given = raw as Readonly<Record<string, unknown>>
    let fits = fieldCount(given) === count
    for (let i = 0; i < count; i++) {
      const field = names[i] as string
      const there = Object.hasOwn(given, field)
      // As many fields as are declared may be others, where an optional one is missing.
      if (!there) fits = false
      const before = there ? given[field] : undefined
      const after = readField(types[i] as DeclaredType<unknown>, field, before)
      if (after !== before) fits = false
      values[i] = after
    }
    return fits ? given : recordOf(names, values)
  }
}

function fieldCount(given: object): number {
  let count = 0
  for (const _ in given) count++
  return count
}

function recordOf(names: readonly string[], values: readonly unknown[]): object {
  const record: Record<string, unknown> = {}
  for (let i = 0; i < names.length; i++) record[names[i] as string] = values[i]
  return record
}

function readField(type: DeclaredType<unknown>, field: string, raw: unknown): unknown {
  try {
    return type.from(raw)
  } catch (error) {
    throw error instanceof Mismatch ? error.within(field) : error
  }
}

function recordWriter(fields: FieldTypes): (value: unknown) => unknown {
  const entries = Object.entries(fields)
  const floats = entries.filter(([, type]) => type.kind === 'float').map(([field]) => field)
  const anything = entries.filter(([, { kind }]) => kind === 'json' || kind === 'dynamic')
  const plain = entries.every(([, { kind }]) => PLAIN.has(kind))
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>
    // Others may be among more: across a channel they are dropped, and what is written must not depend on the way.
    const fits = plain && fieldCount(record) === entries.length
    if (fits && !floats.some((field) => isSpecialFloat(record[field]))) {
      for (const [field, type] of anything) type.toJson(record[field]) // refuses what JSON cannot say
      return value
    }
    return Object.fromEntries(entries.map(([field, type]) => [field, type.toJson(record[field])]))
  }
}

/** Kinds that JSON.stringify says by itself, what is special apart. */
const PLAIN: ReadonlySet<string> = new Set([
  'text',
  'int',
  'float',
  'bool',
  'flag',
  'timestamp',
  'duration',
  'path',
  'one-of',
  'json',
  'dynamic',
])

function parseObject(name: string, given: string): unknown {
  try {
    return JSON.parse(given)
  } catch {
    throw mismatch(`a ${name} object as JSON`, given)
  }
}
