// A declared type: a codec that also knows how its values come out of text, JSON and Parquet. Record fields, state and
// job arguments are all declared with the same ones (types.ts).

import { withDefault } from '@weirjs/common/codec/composites'
import type { Codec } from '@weirjs/common/core/codec'

export type TypeKind =
  | 'text'
  | 'int'
  | 'float'
  | 'bool'
  | 'bigint'
  | 'bytes'
  | 'timestamp'
  | 'duration'
  | 'path'
  | 'one-of'
  | 'flag'
  | 'json'
  | 'list'
  | 'map'
  | 'struct'
  | 'optional'
  | 'nullable'
  | 'dynamic'

export interface TypeOptions<T> {
  /** Taken when the value is absent: a job argument that was not given, a field that an input line lacks. */
  readonly default?: T
  /** One line for `--help`. */
  readonly help?: string
}

export interface DeclaredType<T> extends Codec<T> {
  readonly kind: TypeKind
  /** The engine's codec behind it: what graphs and other types are built of. */
  readonly codec: Codec<T>
  readonly default?: T
  readonly help?: string
  /** Of lists, optional and nullable types: what is in them. */
  readonly of?: DeclaredType<unknown>
  /**
   * The value that something read from JSON or Parquet stands for (undefined: it was absent). Throws Mismatch.
   * Objects and arrays may be taken over as they are.
   */
  from(this: void, raw: unknown): T
  /** The value that text stands for: a CSV cell, a command line argument. Throws Mismatch. */
  fromText(this: void, text: string): T
  /** What JSON.stringify gets. */
  toJson(this: void, value: T): unknown
}

/** The type of the values of a declared type or codec. */
export type InferType<C> = C extends Codec<infer T> ? T : never

/** Something that was read is not of its declared type. Readers turn it into an error with file and line. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch'
  /** Where inside the value: `user.name`, or empty. */
  readonly path: string

  constructor(message: string, path = '') {
    super(message)
    this.path = path
  }

  /** The same one level up. */
  within(name: string): Mismatch {
    return new Mismatch(this.message, this.path === '' ? name : `${name}.${this.path}`)
  }

  /** `field "user.name": expected text, got 7`. */
  get sentence(): string {
    return this.path === '' ? this.message : `field "${this.path}": ${this.message}`
  }
}

/** Characters of a bad value that a message shows. */
const SHOWN_CHARS_MAX = 80

/** A Mismatch that says what was expected. */
export function mismatch(expected: string, raw: unknown): Mismatch {
  return new Mismatch(
    raw === undefined ? `missing (${expected})` : `expected ${expected}, got ${show(raw)}`,
  )
}

function show(raw: unknown): string {
  const text = typeof raw === 'bigint' ? `${raw}n` : (JSON.stringify(raw, shown) ?? String(raw))
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text
}

/** Columns of Parquet have numbers in them that JSON cannot say. */
const shown = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value

/** True for what `types.ts` and `struct.ts` make. */
export function isDeclaredType(codec: Codec): codec is DeclaredType<unknown> {
  return 'codec' in codec && 'fromText' in codec
}

/** The engine's codec behind a declared type; any other codec as it is. */
export function bareCodec<T>(codec: Codec<T>): Codec<T> {
  return isDeclaredType(codec) ? (codec.codec as Codec<T>) : codec
}

/** The parts that differ from type to type. */
export interface TypeParts<T> {
  readonly kind: TypeKind
  readonly codec: Codec<T>
  readonly of?: DeclaredType<unknown>
  from(this: void, raw: unknown): T
  fromText(this: void, text: string): T
  toJson?(this: void, value: T): unknown
}

/** A declared type of its parts. With a default, what is absent becomes that. */
export function declareType<T>(parts: TypeParts<T>, options: TypeOptions<T> = {}): DeclaredType<T> {
  const { kind, codec } = parts
  const fallback = options.default
  return {
    kind,
    codec: fallback === undefined ? codec : withDefault(codec, fallback),
    descriptor: codec.descriptor,
    write: (sink, value) => codec.write(sink, value),
    read: (source) => codec.read(source),
    from:
      fallback === undefined
        ? parts.from
        : (raw) => (raw === undefined ? fallback : parts.from(raw)),
    fromText: parts.fromText,
    toJson: parts.toJson ?? ((value) => value),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(options.help === undefined ? {} : { help: options.help }),
    ...(parts.of === undefined ? {} : { of: parts.of }),
  }
}
