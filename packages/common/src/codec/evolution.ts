// Reading bytes that an older version of a type wrote (decision D17). What was written is described
// by the descriptor in the manifest, what is wanted by the job's codec of today. Fields are matched
// by name: added ones take their declared default (or undefined when optional), removed ones are
// read and dropped, a field may become optional or nullable, and every other change of type is
// refused. Stored schemas are interpreted, never compiled, and nothing in them is trusted.

import { AssertionFailed } from '../core/assert.ts'
import type { ByteSource, Codec } from '../core/codec.ts'
import { WeirError } from '../core/errors.ts'
import {
  isDescriptor,
  isSchemaObject,
  sameSchema,
  SCHEMA_DEPTH_MAX,
} from '../core/graph/codec-schema.ts'
import type { CodecDescriptor } from '../core/graph/logical-graph.ts'
import {
  DefaultCodec,
  ListCodec,
  MapCodec,
  MapEntryCodec,
  NullableCodec,
  OptionalCodec,
} from './composites.ts'
import { dynamicCodec, jsonCodec } from './dynamic-codec.ts'
import { keyCodec } from './key-codec.ts'
import {
  bigintCodec,
  boolCodec,
  bytesCodec,
  floatCodec,
  intCodec,
  textCodec,
  timestampCodec,
} from './primitives.ts'
import {
  isStructCodec,
  STRUCT_FIELDS_MAX,
  type StructCodec,
  type StructSchema,
} from './struct-codec.ts'

const PLAIN_CODECS: readonly Codec[] = [
  textCodec,
  intCodec,
  floatCodec,
  timestampCodec,
  boolCodec,
  bytesCodec,
  bigintCodec,
  dynamicCodec,
  jsonCodec,
  keyCodec,
]

/**
 * A codec that reads what `written` describes and gives what `codec` gives; `codec` itself when
 * nothing changed. It cannot write. Throws WeirError `state/incompatible` naming the place of the
 * first change that cannot be bridged.
 */
export function codecFor<T>(written: CodecDescriptor, codec: Codec<T>): Codec<T> {
  return bridge(written, codec as Codec, '', 0) as Codec<T>
}

/** codecFor, for record types. */
export function structCodecFor<T>(written: CodecDescriptor, codec: StructCodec<T>): Codec<T> {
  return codecFor(written, codec)
}

/** True when both describe the same bytes. Order of fields counts, of JSON keys it does not. */
export function sameDescriptor(a: CodecDescriptor, b: CodecDescriptor): boolean {
  return a.name === b.name && a.version === b.version && sameSchema(a.schema, b.schema)
}

function bridge(written: CodecDescriptor, codec: Codec, place: string, depth: number): Codec {
  if (depth > SCHEMA_DEPTH_MAX) throw incompatible(place, 'its stored type is nested too deeply')
  if (sameDescriptor(written, codec.descriptor)) return codec
  if (codec instanceof DefaultCodec) return bridge(written, codec.of as Codec, place, depth + 1)
  if (
    written.name !== codec.descriptor.name &&
    (codec instanceof OptionalCodec || codec instanceof NullableCodec)
  ) {
    return bridge(written, codec.of as Codec, place, depth + 1)
  }
  if (written.name !== codec.descriptor.name || written.version !== codec.descriptor.version) {
    throw incompatible(
      place,
      `it was written as ${show(written)} and is now declared as ${show(codec.descriptor)}`,
    )
  }
  if (isStructCodec(codec)) return bridgeStruct(written, codec, place, depth)
  const of = (part: string): CodecDescriptor => descriptorIn(written, part, place)
  if (codec instanceof ListCodec)
    return new ListCodec(bridge(of('of'), codec.of, `${place}[]`, depth + 1))
  if (codec instanceof NullableCodec)
    return new NullableCodec(bridge(of('of'), codec.of, place, depth + 1))
  if (codec instanceof OptionalCodec)
    return new OptionalCodec(bridge(of('of'), codec.of, place, depth + 1))
  if (codec instanceof MapCodec || codec instanceof MapEntryCodec) {
    const key = bridge(of('key'), codec.key, `${place}[key]`, depth + 1)
    const value = bridge(of('value'), codec.value, `${place}[value]`, depth + 1)
    return codec instanceof MapCodec ? new MapCodec(key, value) : new MapEntryCodec(key, value)
  }
  throw incompatible(place, `the schema of ${show(written)} has changed`)
}

function bridgeStruct(
  written: CodecDescriptor,
  struct: StructCodec,
  place: string,
  depth: number,
): Codec {
  const names = [...struct.fields.keys()]
  const steps: { readonly codec: Codec; readonly target: number }[] = []
  const missing = new Set(names)
  for (const field of structSchema(written, place).fields) {
    const at = `${place === '' ? struct.name : place}.${field.name}`
    const wanted = struct.fields.get(field.name)
    if (wanted === undefined) {
      steps.push({ codec: builtIn(field.codec, at, depth + 1), target: -1 })
    } else {
      if (!missing.delete(field.name)) throw incompatible(at, 'it was written twice')
      steps.push({
        codec: bridge(field.codec, wanted, at, depth + 1),
        target: names.indexOf(field.name),
      })
    }
  }
  const added = names.map((name) =>
    missing.has(name) ? addedField(struct, name) : () => undefined,
  )
  return readOnly(written, (source) => {
    const values = added.map((initial) => initial())
    for (const step of steps) {
      const value = step.codec.read(source)
      if (step.target >= 0) values[step.target] = value
    }
    if (steps.length === 0) source.u8() // a record without fields is one byte
    return struct.make(values)
  })
}

function addedField(struct: StructCodec, name: string): () => unknown {
  const codec = struct.fields.get(name)
  if (codec instanceof DefaultCodec) return () => codec.fallback()
  if (codec instanceof OptionalCodec) return () => undefined
  throw incompatible(
    `${struct.name}.${name}`,
    'it is new and has neither a default nor is it optional',
  )
}

/**
 * A codec that reads what `written` describes, for tools that have no job at hand. It cannot write.
 * Throws WeirError `state/incompatible` when a codec in it is not one of Weir's own.
 */
export function codecOfDescriptor(written: CodecDescriptor): Codec {
  return builtIn(written, '', 0)
}

/** The codec of a stored descriptor, also to read past values that nobody wants any more. */
function builtIn(written: CodecDescriptor, place: string, depth: number): Codec {
  if (depth > SCHEMA_DEPTH_MAX) throw incompatible(place, 'its stored type is nested too deeply')
  const plain = PLAIN_CODECS.find((codec) => sameDescriptor(codec.descriptor, written))
  if (plain !== undefined) return plain
  const of = (part: string): Codec => builtIn(descriptorIn(written, part, place), place, depth + 1)
  switch (written.version === 1 ? written.name : '') {
    case 'list':
      return new ListCodec(of('of'))
    case 'nullable':
      return new NullableCodec(of('of'))
    case 'optional':
      return new OptionalCodec(of('of'))
    case 'map':
      return new MapCodec(of('key'), of('value'))
    case 'weir/map-entry':
      return new MapEntryCodec(of('key'), of('value'))
    case 'struct': {
      const { fields } = structSchema(written, place)
      const codecs = fields.map((field) => builtIn(field.codec, place, depth + 1))
      return readOnly(written, (source) => {
        const entries = codecs.map((codec, i) => [fields[i]?.name, codec.read(source)] as const)
        if (codecs.length === 0) source.u8()
        return Object.fromEntries(entries)
      })
    }
    default:
      throw incompatible(
        place,
        `${show(written)} is no codec of Weir's, so it cannot be read without the job's code`,
      )
  }
}

function readOnly(descriptor: CodecDescriptor, read: (source: ByteSource) => unknown): Codec {
  return {
    descriptor,
    read,
    write: () => {
      throw new AssertionFailed('a codec for old bytes does not write')
    },
  }
}

function structSchema(written: CodecDescriptor, place: string): StructSchema {
  const schema = written.schema
  if (
    !isSchemaObject(schema) ||
    typeof schema['name'] !== 'string' ||
    !Array.isArray(schema['fields'])
  ) {
    throw incompatible(place, 'its stored schema cannot be read')
  }
  const fields: readonly unknown[] = schema['fields']
  if (fields.length > STRUCT_FIELDS_MAX)
    throw incompatible(place, 'its stored schema has too many fields')
  return {
    name: schema['name'],
    fields: fields.map((field) => {
      if (
        !isSchemaObject(field) ||
        typeof field['name'] !== 'string' ||
        !isDescriptor(field['codec'])
      ) {
        throw incompatible(place, 'its stored schema cannot be read')
      }
      return { name: field['name'], codec: field['codec'] }
    }),
  }
}

function descriptorIn(written: CodecDescriptor, part: string, place: string): CodecDescriptor {
  const found = isSchemaObject(written.schema) ? written.schema[part] : undefined
  if (!isDescriptor(found)) throw incompatible(place, 'its stored schema cannot be read')
  return found
}

function show(descriptor: CodecDescriptor): string {
  const name = isSchemaObject(descriptor.schema) ? descriptor.schema['name'] : undefined
  return typeof name === 'string'
    ? `${descriptor.name} ${name.slice(0, 60)}`
    : descriptor.name.slice(0, 60)
}

function incompatible(place: string, why: string): WeirError {
  return new WeirError(
    'state/incompatible',
    `${place === '' ? 'the stored value' : place}: ${why}`,
    {
      domain: 'user',
      hint: 'Keep the old type, give added fields a default, or start without this state.',
    },
  )
}
