// Copies for keeping. A text that was read from a block may be a slice that keeps the whole block's
// text alive (D21), so state that keeps a few records of each frame would keep all frames. Whoever
// keeps a value beyond the record passes it through its codec's keeper first. Numbers and short
// texts cost nothing; nothing is copied that holds no text.

import type { Codec } from '../core/codec.ts'
import { decodeValue, encodeValue } from './block.ts'
import { ownText } from './byte-reader.ts'
import { DefaultCodec, ListCodec, MapCodec, NullableCodec, OptionalCodec } from './composites.ts'
import { dynamicCodec, jsonCodec } from './dynamic-codec.ts'
import {
  bigintCodec,
  boolCodec,
  bytesCodec,
  floatCodec,
  intCodec,
  textCodec,
  timestampCodec,
} from './primitives.ts'
import { isStructCodec, type StructCodec } from './struct-codec.ts'

/** Returns an equal value that keeps no block alive; the same one where it holds no text. */
export type Keep<T> = (value: T) => T

const TEXTLESS = new Set<Codec>([
  intCodec,
  floatCodec,
  timestampCodec,
  boolCodec,
  bytesCodec,
  bigintCodec,
] as Codec[])

/** The keeper of a codec's values; make it once and keep it. */
export function keeperOf<T>(codec: Codec<T>): Keep<T> {
  return (findKeeper(codec as Codec) ?? same) as Keep<T>
}

const same = (value: unknown): unknown => value

/** Null when values of the codec hold no text. */
function findKeeper(codec: Codec): Keep<unknown> | null {
  if (TEXTLESS.has(codec)) return null
  // What is no text is left for whoever writes it to refuse, or to put the default in its place.
  if (codec === (textCodec as Codec))
    return (value) => (typeof value === 'string' ? ownText(value) : value)
  if (codec instanceof DefaultCodec) return findKeeper(codec.of as Codec)
  if (codec instanceof NullableCodec || codec instanceof OptionalCodec) {
    const keep = findKeeper(codec.of as Codec)
    return keep === null
      ? null
      : (value) => (value === null || value === undefined ? value : keep(value))
  }
  if (codec instanceof ListCodec) {
    const keep = findKeeper(codec.of as Codec)
    return keep === null ? null : (value) => (value as readonly unknown[]).map(keep)
  }
  if (isStructCodec(codec)) return structKeeper(codec)
  if (codec instanceof MapCodec) return mapKeeper(codec)
  if (codec === dynamicCodec || codec === jsonCodec) return (value) => keepDynamic(codec, value)
  return (value) => recode(codec, value)
}

/** Its texts then lie in a block of its own. */
const recode = (codec: Codec, value: unknown): unknown =>
  decodeValue(codec, encodeValue(codec, value))

/** Most undeclared records are flat objects: those are copied by hand, which costs a tenth. */
function keepDynamic(codec: Codec, value: unknown): unknown {
  if (typeof value === 'string') return ownText(value)
  if (typeof value !== 'object' || value === null) return value
  if (Object.getPrototypeOf(value) !== Object.prototype) return recode(codec, value)
  const fields = value as Readonly<Record<string, unknown>>
  let hasText = false
  for (const name in fields) {
    const field = fields[name]
    if (typeof field === 'object' && field !== null) return recode(codec, value)
    if (typeof field === 'string') hasText = true
  }
  if (!hasText) return value
  const copy: Record<string, unknown> = { ...fields }
  for (const name in copy) {
    const field = copy[name]
    if (typeof field === 'string' && name !== '__proto__') copy[name] = ownText(field)
  }
  return copy
}

function structKeeper(struct: StructCodec): Keep<unknown> | null {
  const names = [...struct.fields.keys()]
  const keepers = [...struct.fields.values()].map(findKeeper)
  if (keepers.every((keep) => keep === null)) return null
  const values: unknown[] = names.map(() => undefined)
  return (value) => {
    const record = value as Readonly<Record<string, unknown>>
    for (let i = 0; i < names.length; i++) {
      const field = record[names[i] as string]
      const keep = keepers[i] as Keep<unknown> | null
      values[i] = keep === null ? field : keep(field)
    }
    return struct.make(values)
  }
}

function mapKeeper(codec: MapCodec<unknown, unknown>): Keep<unknown> | null {
  const keepKey = findKeeper(codec.key) ?? same
  const keepValue = findKeeper(codec.value) ?? same
  if (keepKey === same && keepValue === same) return null
  return (value) => {
    const copy = new Map<unknown, unknown>()
    for (const [k, v] of value as ReadonlyMap<unknown, unknown>) copy.set(keepKey(k), keepValue(v))
    return copy
  }
}
