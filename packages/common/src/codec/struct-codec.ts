// Codec of a declared record type (decision D17): fields in declared order, no names and no lengths
// in the bytes. Both halves are compiled once to straight-line JavaScript, because a loop over
// fields costs several times as much. Code is generated only here, only from what the job declares:
// names are checked, then quoted as JSON; everything else in the text is ours. Never from a schema
// that was stored or received (see evolution.ts, which interprets).
//
// A decoded record is a plain object whose fields exist always and in declared order, so all of one
// type share one hidden class. An optional field that was missing comes back as undefined.

import type { Codec } from '../core/codec.ts'
import { WeirError } from '../core/errors.ts'
import type { CodecDescriptor } from '../core/graph/logical-graph.ts'
import { expected, NotEncodable, within } from './not-encodable.ts'
import { type InlineCode, inlineCodeOf } from './primitives.ts'

export const STRUCT_FIELDS_MAX = 1_000
const NAME_CHARS_MAX = 200

export interface StructCodec<T = unknown> extends Codec<T> {
  readonly name: string
  /** In the order of the bytes. */
  readonly fields: ReadonlyMap<string, Codec>
  /**
   * A record of these field values, in the order of `fields`, with the hidden class of the decoded
   * ones.
   */
  make(values: readonly unknown[]): T
}

/** Schema of a struct's descriptor, as JSON. */
export interface StructSchema {
  readonly name: string
  readonly fields: readonly { readonly name: string; readonly codec: CodecDescriptor }[]
}

/**
 * Throws WeirError `type/invalid` for names that cannot be field names. A field's codec may be
 * `optionalCodec(c)` (missing is undefined) or `withDefault(c, value)` (missing is the value; also
 * for bytes that an older version wrote).
 */
export function structCodec<T = unknown>(
  name: string,
  fields: Readonly<Record<string, Codec>>,
): StructCodec<T> {
  checkNames(name, Object.keys(fields))
  const byName = new Map(Object.entries(fields))
  const schema: StructSchema = {
    name,
    fields: [...byName].map(([field, codec]) => ({ name: field, codec: codec.descriptor })),
  }
  return {
    name,
    fields: byName,
    descriptor: { name: 'struct', version: 1, schema },
    ...compile<T>(name, [...byName]),
  }
}

export function isStructCodec(codec: Codec): codec is StructCodec {
  return codec.descriptor.name === 'struct' && 'fields' in codec && codec.fields instanceof Map
}

function checkNames(struct: string, fields: readonly string[]): void {
  if (struct === '' || struct.length > NAME_CHARS_MAX)
    throw invalid(struct, 'its name is empty or too long')
  if (fields.length > STRUCT_FIELDS_MAX)
    throw invalid(struct, `it has more than ${STRUCT_FIELDS_MAX} fields`)
  for (const field of fields) {
    if (field === '__proto__') throw invalid(struct, 'no field can be named __proto__')
    if (field === '' || field.length > NAME_CHARS_MAX)
      throw invalid(struct, 'a field name is empty or too long')
  }
}

function invalid(struct: string, why: string): WeirError {
  return new WeirError(
    'type/invalid',
    `the record type ${JSON.stringify(struct.slice(0, 60))} cannot be: ${why}`,
    {
      domain: 'user',
      hint: 'Correct the declaration of the type.',
    },
  )
}

type Halves<T> = Pick<StructCodec<T>, 'write' | 'read' | 'make'>
type Fields = readonly (readonly [string, Codec])[]

/** What the generated code may call besides the sink or source and the fields' codecs. */
interface Helpers {
  /** Throws for a value that is no object. */
  refuse(value: unknown): never
  /** Throws for the value of field `index`; `explain` then adds where it was. */
  refuseField(index: number, value: unknown): never
  /** What to throw when writing field `index` threw. */
  explain(index: number, thrown: unknown): unknown
}

function compile<T>(struct: string, fields: Fields): Halves<T> {
  const inline = fields.map(([, codec]) => inlineCodeOf(codec))
  const codecs = fields.map(([, codec]) => codec)
  const helpers: Helpers = {
    refuse: (value) => {
      throw new NotEncodable(struct, '', expected('an object', value).reason)
    },
    refuseField: (index, value) => {
      throw expected(inline[index]?.expects ?? 'another value', value)
    },
    explain: (index, thrown) => within(struct, `.${fields[index]?.[0]}`, thrown),
  }
  const names = codecs.map((_, i) => `c${i}`).join(', ')
  const body = `'use strict'
const [${names}] = codecs
return {
  write(sink, value) {
    if (typeof value !== 'object' || value === null) helpers.refuse(value)
    let at = 0
    try {
${fields.map(([field], i) => writeStatement(field, i, inline[i])).join('\n')}
    } catch (thrown) {
      throw helpers.explain(at, thrown)
    }
${fields.length === 0 ? '    sink.u8(0)' : ''}
  },
  read(source) {
${fields.length === 0 ? '    source.u8()' : ''}
    return ${literal(fields, (i) => inline[i]?.read ?? `c${i}.read(source)`)}
  },
  make(values) {
    return ${literal(fields, (i) => `values[${i}]`)}
  },
}`
  // Names are JSON-quoted above and the rest is text of this file: nothing of the job's becomes
  // code.
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval
  const make = new Function('codecs', 'helpers', body) as (
    codecs: readonly Codec[],
    helpers: Helpers,
  ) => Halves<T>
  return make(codecs, helpers)
}

function literal(fields: Fields, valueOf: (index: number) => string): string {
  return `{ ${fields.map(([field], i) => `${JSON.stringify(field)}: ${valueOf(i)}`).join(', ')} }`
}

function writeStatement(field: string, index: number, inline: InlineCode | undefined): string {
  const value = `v${index}`
  const load = `      at = ${index}\n      const ${value} = value[${JSON.stringify(field)}]\n`
  if (inline === undefined) return `${load}      c${index}.write(sink, ${value})`
  const wrong = inline.wrong(value)
  const check =
    wrong === null ? '' : `      if (${wrong}) helpers.refuseField(${index}, ${value})\n`
  return `${load}${check}      ${inline.write(value)}`
}
