// Protocol buffers by hand, from the descriptors: so that a field can be left out, be of the wrong type, or hold what no
// encoder would write. For tests.

import { fileURLToPath } from 'node:url'
import { loadSync } from '@grpc/proto-loader'

export type FieldKind =
  | 'whole'
  | 'signed'
  | 'fixed'
  | 'real'
  | 'flag'
  | 'word'
  | 'text'
  | 'bytes'
  | 'message'

export interface Field {
  /** As errors name it: camelCase. */
  readonly name: string
  readonly number: number
  readonly kind: FieldKind
  readonly repeated: boolean
  /** Of a message. */
  readonly type: string
}

interface FieldDescriptor {
  readonly name: string
  readonly number: number
  readonly label: string
  readonly type: string
  readonly typeName: string
}

interface Described {
  readonly type: {
    readonly name: string
    readonly field?: readonly FieldDescriptor[]
    readonly nestedType?: readonly Described['type'][]
  }
}

/** A message as values by field name: numbers, texts, bytes, messages, lists of them. */
export type Values = Readonly<Record<string, unknown>>

const proto = fileURLToPath(new URL('../../../../proto/', import.meta.url))
const described = Object.values(
  loadSync(['weir/v1/control.proto', 'weir/v1/job.proto', 'weir/v1/exchange.proto'], {
    includeDirs: [proto],
  }),
) as readonly Described[]
const messages = new Map(
  described
    .flatMap(({ type }) => [type, ...(type?.nestedType ?? [])])
    .filter((type) => type?.field !== undefined)
    .map((type) => [type.name, (type.field ?? []).map(fieldOf)]),
)

function fieldOf({ name, number, label, type, typeName }: FieldDescriptor): Field {
  return {
    name: name.replaceAll(/_(.)/g, (_all, letter: string) => letter.toUpperCase()),
    number,
    kind: kindOf(type),
    repeated: label === 'LABEL_REPEATED',
    type: typeName.split('.').at(-1) ?? '',
  }
}

function kindOf(type: string): FieldKind {
  if (type === 'TYPE_STRING') return 'text'
  if (type === 'TYPE_BYTES') return 'bytes'
  if (type === 'TYPE_MESSAGE') return 'message'
  if (type === 'TYPE_BOOL') return 'flag'
  if (type === 'TYPE_ENUM') return 'word'
  if (type === 'TYPE_SINT64') return 'signed'
  if (type === 'TYPE_FIXED32') return 'fixed'
  return type === 'TYPE_DOUBLE' ? 'real' : 'whole'
}

/** Fields of a message type, by its name. */
export function fieldsOf(type: string): readonly Field[] {
  const fields = messages.get(type)
  if (fields === undefined) throw new Error(`no message ${type}`)
  return fields
}

// ---- writing ----

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128)
  bytes.push(Number(rest))
  return Buffer.from(bytes)
}

const tag = (number: number, wire: number): Buffer => varint(BigInt(number * 8 + wire))

export function varintField(number: number, value: bigint): Buffer {
  return Buffer.concat([tag(number, VARINT), varint(value)])
}

const zigzag = (value: bigint): bigint => (value << 1n) ^ (value >> 63n)

export function realField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([tag(number, FIXED64), bytes])
}

export function fixedField(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return Buffer.concat([tag(number, FIXED32), bytes])
}

/** `says`: another length than it has. */
export function lengthField(number: number, bytes: Uint8Array, says = bytes.length): Buffer {
  return Buffer.concat([tag(number, LENGTH), varint(BigInt(says)), bytes])
}

/** `instead`: bytes in place of the field at this path (`header.fence.epoch`); empty: the field is missing. */
export interface Change {
  readonly path: readonly string[]
  readonly instead: Buffer
}

export function encode(type: string, values: Values, change: Change | null = null): Buffer {
  return Buffer.concat(
    fieldsOf(type).map((field) => {
      const [head, ...rest] = change?.path ?? []
      if (change === null || head !== field.name) return whole(field, values[field.name], null)
      if (rest.length === 0) return change.instead
      return whole(field, values[field.name], { path: rest, instead: change.instead })
    }),
  )
}

function whole(field: Field, value: unknown, change: Change | null): Buffer {
  if (!field.repeated) return one(field, value, change)
  const list = Array.isArray(value) ? (value as readonly unknown[]) : entriesOf(value)
  return Buffer.concat(list.map((item, i) => one(field, item, i === 0 ? change : null)))
}

/** A map is a list of messages with key and value. */
const entriesOf = (value: unknown): readonly unknown[] =>
  Object.entries((value ?? {}) as object).map(([key, item]) => ({ key, value: item as unknown }))

function one(field: Field, value: unknown, change: Change | null): Buffer {
  const { number, kind } = field
  if (value === undefined || value === null) return Buffer.alloc(0)
  if (kind === 'message') return lengthField(number, encode(field.type, value as Values, change))
  if (kind === 'text') return lengthField(number, Buffer.from(value as string))
  if (kind === 'bytes') return lengthField(number, value as Uint8Array)
  if (kind === 'real') return realField(number, Number(value))
  if (kind === 'fixed') return fixedField(number, Number(value))
  const given = BigInt(value as number | string | boolean)
  return varintField(number, kind === 'signed' ? zigzag(given) : given)
}
