// Codecs made of codecs. They are classes, so that evolution can look inside; make them with the
// functions.

import type { ByteSink, ByteSource, Codec } from '../core/codec.ts'
import type { CodecDescriptor } from '../core/graph/logical-graph.ts'
import { decodeValue, encodeValue } from './block.ts'
import { expected, within } from './not-encodable.ts'
import { readFlag } from './primitives.ts'

export const nullableCodec = <T>(of: Codec<T>): NullableCodec<T> => new NullableCodec(of)
export const optionalCodec = <T>(of: Codec<T>): OptionalCodec<T> => new OptionalCodec(of)
export const listCodec = <T>(of: Codec<T>): ListCodec<T> => new ListCodec(of)
export const mapCodec = <K, V>(key: Codec<K>, value: Codec<V>): MapCodec<K, V> =>
  new MapCodec(key, value)
export const mapEntryCodec = <K, V>(key: Codec<K>, value: Codec<V>): MapEntryCodec<K, V> =>
  new MapEntryCodec(key, value)
/**
 * `fallback` stands in for undefined when written, and for a struct field that old bytes do not
 * have.
 */
export const withDefault = <T>(of: Codec<T>, fallback: T): DefaultCodec<T> =>
  new DefaultCodec(of, fallback)

/** A value or null. */
export class NullableCodec<T> implements Codec<T | null> {
  readonly descriptor: CodecDescriptor
  readonly of: Codec<T>

  constructor(of: Codec<T>) {
    this.of = of
    this.descriptor = { name: 'nullable', version: 1, schema: { of: of.descriptor } }
  }

  write(sink: ByteSink, value: T | null): void {
    sink.u8(value === null ? 0 : 1)
    if (value !== null) this.of.write(sink, value)
  }

  read(source: ByteSource): T | null {
    return readFlag(source) ? this.of.read(source) : null
  }
}

/** A value or undefined; as a struct field also a missing one, which comes back as undefined. */
export class OptionalCodec<T> implements Codec<T | undefined> {
  readonly descriptor: CodecDescriptor
  readonly of: Codec<T>

  constructor(of: Codec<T>) {
    this.of = of
    this.descriptor = { name: 'optional', version: 1, schema: { of: of.descriptor } }
  }

  write(sink: ByteSink, value: T | undefined): void {
    sink.u8(value === undefined ? 0 : 1)
    if (value !== undefined) this.of.write(sink, value)
  }

  read(source: ByteSource): T | undefined {
    return readFlag(source) ? this.of.read(source) : undefined
  }
}

/**
 * A codec with a value for what is missing. Its bytes and its descriptor are those of the codec
 * inside.
 */
export class DefaultCodec<T> implements Codec<T> {
  readonly descriptor: CodecDescriptor
  readonly of: Codec<T>
  readonly #fallback: Uint8Array

  constructor(of: Codec<T>, fallback: T) {
    this.of = of
    this.descriptor = of.descriptor
    this.#fallback = encodeValue(of, fallback)
  }

  /** A fresh copy of the default. */
  fallback(): T {
    return decodeValue(this.of, this.#fallback)
  }

  write(sink: ByteSink, value: T | undefined): void {
    this.of.write(sink, value === undefined ? this.fallback() : value)
  }

  read(source: ByteSource): T {
    return this.of.read(source)
  }
}

export class ListCodec<T> implements Codec<readonly T[]> {
  readonly descriptor: CodecDescriptor
  readonly of: Codec<T>

  constructor(of: Codec<T>) {
    this.of = of
    this.descriptor = { name: 'list', version: 1, schema: { of: of.descriptor } }
  }

  write(sink: ByteSink, value: readonly T[]): void {
    if (!Array.isArray(value)) throw expected('an array', value)
    const items: readonly T[] = value
    sink.count(items.length)
    let i = 0
    try {
      for (; i < items.length; i++) this.of.write(sink, items[i] as T)
    } catch (thrown) {
      throw within('', `[${i}]`, thrown)
    }
  }

  read(source: ByteSource): T[] {
    const count = source.count()
    const items: T[] = []
    for (let i = 0; i < count; i++) items.push(this.of.read(source))
    return items
  }
}

/** A Map in its order. */
export class MapCodec<K, V> implements Codec<ReadonlyMap<K, V>> {
  readonly descriptor: CodecDescriptor
  readonly key: Codec<K>
  readonly value: Codec<V>

  constructor(key: Codec<K>, value: Codec<V>) {
    this.key = key
    this.value = value
    this.descriptor = {
      name: 'map',
      version: 1,
      schema: { key: key.descriptor, value: value.descriptor },
    }
  }

  write(sink: ByteSink, value: ReadonlyMap<K, V>): void {
    if (!(value instanceof Map)) throw expected('a Map', value)
    const entries: ReadonlyMap<K, V> = value
    sink.count(entries.size)
    let at = 0
    try {
      for (const [k, v] of entries) {
        this.key.write(sink, k)
        this.value.write(sink, v)
        at++
      }
    } catch (thrown) {
      throw within('', `[entry ${at}]`, thrown)
    }
  }

  read(source: ByteSource): Map<K, V> {
    const count = source.count()
    const map = new Map<K, V>()
    for (let i = 0; i < count; i++) {
      const key = this.key.read(source)
      map.set(key, this.value.read(source))
    }
    return map
  }
}

/** One entry of a map that is written as a list of them. */
export class MapEntryCodec<K, V> implements Codec<readonly [K, V]> {
  readonly descriptor: CodecDescriptor
  readonly key: Codec<K>
  readonly value: Codec<V>

  constructor(key: Codec<K>, value: Codec<V>) {
    this.key = key
    this.value = value
    this.descriptor = {
      name: 'weir/map-entry',
      version: 1,
      schema: { key: key.descriptor, value: value.descriptor },
    }
  }

  write(sink: ByteSink, [key, value]: readonly [K, V]): void {
    this.key.write(sink, key)
    this.value.write(sink, value)
  }

  read(source: ByteSource): readonly [K, V] {
    const key = this.key.read(source)
    return [key, this.value.read(source)]
  }
}
