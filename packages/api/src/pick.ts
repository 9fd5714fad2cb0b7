// `pick('a', 'b')`: records with some of their fields. The new type is made of the old one's declarations.

import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec } from '@weirjs/common/core/codec'
import { jobError } from './job-error.ts'
import { unknownField } from './stream-inlets.ts'
import { fieldsOf, recordName } from './struct.ts'

/** The type of the picked records. Throws WeirError `job/unknown-field`, `job/no-fields`. */
export function pickedType(
  from: Codec,
  picked: readonly string[],
  location: string | undefined,
): Codec {
  if (picked.length === 0) throw jobError('no-fields', 'pick names no field', { location })
  const fields = fieldsOf(from)
  if (fields === null) return dynamicCodec
  const codecs = picked.map((field) => {
    const codec = fields.get(field)
    if (codec === undefined)
      throw unknownField(field, recordName(from), [...fields.keys()], location)
    return [field, codec] as const
  })
  return structCodec(recordName(from), Object.fromEntries(codecs))
}

/** Copies the picked fields; the usual few without a loop. */
export function pickFields(fields: readonly string[]): (value: unknown) => unknown {
  const [a = '', b = ''] = fields
  if (fields.length === 1) return (value) => ({ [a]: (value as Fields)[a] })
  if (fields.length === 2)
    return (value) => ({ [a]: (value as Fields)[a], [b]: (value as Fields)[b] })
  return (value) => {
    const record: Record<string, unknown> = {}
    for (let i = 0; i < fields.length; i++)
      record[fields[i] as string] = (value as Fields)[fields[i] as string]
    return record
  }
}

type Fields = Readonly<Record<string, unknown>>
