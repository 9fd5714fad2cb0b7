// The writing half of the dynamic codec: see dynamic-format. Where a value is refused, the error
// names the way to it; the way is kept as one step for each depth, so that it costs a store and no
// allocation while all is well.

import type { ByteSink } from '../core/codec.ts'
import {
  BYTE_KINDS,
  DEPTH_MAX,
  SHAPE_FIELDS_MAX,
  SHAPES_MAX,
  TAG_ARRAY,
  TAG_BARE_OBJECT,
  TAG_BIGINT,
  TAG_BYTES,
  TAG_DATE,
  TAG_FALSE,
  TAG_FLOAT,
  TAG_HOLE,
  TAG_INT,
  TAG_MAP,
  TAG_NULL,
  TAG_OBJECT,
  TAG_SET,
  TAG_SHAPE,
  TAG_SHAPED,
  TAG_SMALL_INT,
  TAG_TEXT,
  TAG_TRUE,
  TAG_UNDEFINED,
} from './dynamic-format.ts'
import { kindOf, NotEncodable } from './not-encodable.ts'
import { writeBigint } from './primitives.ts'

interface Shape {
  readonly id: number
  readonly names: readonly string[]
}

/** What was said in the block that is being written. */
class WriterShapes {
  readonly shapes: Shape[] = []
  last: Shape | null = null
}

/** A step is a name, or a position. */
const steps: (string | number)[] = new Array<string | number>(DEPTH_MAX).fill(0)

// oxlint-disable-next-line no-restricted-globals -- a value's class; no time is asked for
const datePrototype: object = Date.prototype
const BYTE_KIND_OF = new Map<object, number>(
  BYTE_KINDS.map(({ make }, kind) => [make.prototype, kind]),
)

/** Throws WeirError `record/not-encodable` naming the path of what is refused. */
export function writeDynamic(sink: ByteSink, value: unknown): void {
  writeValue(sink, value, 0)
}

function writeValue(sink: ByteSink, value: unknown, depth: number): void {
  switch (typeof value) {
    case 'string':
      sink.u8(TAG_TEXT)
      sink.text(value)
      return
    case 'number':
      writeNumber(sink, value)
      return
    case 'object':
      if (value === null) sink.u8(TAG_NULL)
      else writeObject(sink, value, depth)
      return
    case 'boolean':
      sink.u8(value ? TAG_TRUE : TAG_FALSE)
      return
    case 'undefined':
      sink.u8(TAG_UNDEFINED)
      return
    case 'bigint':
      sink.u8(TAG_BIGINT)
      writeBigint(sink, value)
      return
    default:
      throw refuse(depth, `${kindOf(value)} cannot be encoded`)
  }
}

function writeNumber(sink: ByteSink, value: number): void {
  if ((value | 0) === value && value >= 0 && value < 128 && !Object.is(value, -0)) {
    sink.u8(TAG_SMALL_INT | value)
  } else if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    sink.u8(TAG_INT)
    sink.varint(value)
  } else {
    sink.u8(TAG_FLOAT)
    sink.f64(value)
  }
}

function writeObject(sink: ByteSink, value: object, depth: number): void {
  if (depth >= DEPTH_MAX) throw refuse(depth, `nested deeper than ${DEPTH_MAX}, or within itself`)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype) writeFields(sink, value as Record<string, unknown>, depth)
  else if (prototype === Array.prototype && Array.isArray(value)) writeArray(sink, value, depth)
  else if (prototype === null)
    writeNamed(sink, TAG_BARE_OBJECT, value as Record<string, unknown>, depth)
  else writeBuiltIn(sink, value, prototype, depth)
}

function writeFields(sink: ByteSink, value: Record<string, unknown>, depth: number): void {
  const names = Object.keys(value)
  const table = sink.memo instanceof WriterShapes ? sink.memo : newTable(sink)
  const shape = findShape(table, names)
  if (shape !== null) sink.u8(TAG_SHAPED | shape.id)
  else if (!sayShape(sink, table, names)) {
    writeNamed(sink, TAG_OBJECT, value, depth)
    return
  }
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    steps[depth] = name
    writeValue(sink, value[name], depth + 1)
  }
}

function newTable(sink: ByteSink): WriterShapes {
  const table = new WriterShapes()
  sink.memo = table
  return table
}

function findShape(table: WriterShapes, names: readonly string[]): Shape | null {
  const last = table.last
  if (last !== null && sameNames(last.names, names)) return last
  for (const shape of table.shapes) {
    if (sameNames(shape.names, names)) {
      table.last = shape
      return shape
    }
  }
  return null
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** False when the block has no room for another shape, or the object is too large for one. */
function sayShape(sink: ByteSink, table: WriterShapes, names: readonly string[]): boolean {
  const id = table.shapes.length
  if (id === SHAPES_MAX || names.length > SHAPE_FIELDS_MAX) return false
  const shape = { id, names }
  table.shapes.push(shape)
  table.last = shape
  sink.u8(TAG_SHAPE)
  sink.u8(id)
  sink.u8(names.length)
  for (const name of names) sink.text(name)
  return true
}

function writeNamed(
  sink: ByteSink,
  tag: number,
  value: Record<string, unknown>,
  depth: number,
): void {
  const names = Object.keys(value)
  sink.u8(tag)
  sink.count(names.length)
  for (const name of names) {
    steps[depth] = name
    sink.text(name)
    writeValue(sink, value[name], depth + 1)
  }
}

function writeArray(sink: ByteSink, value: readonly unknown[], depth: number): void {
  sink.u8(TAG_ARRAY)
  sink.count(value.length)
  for (let i = 0; i < value.length; i++) {
    const item = value[i]
    steps[depth] = i
    if (item === undefined && !(i in value)) sink.u8(TAG_HOLE)
    else writeValue(sink, item, depth + 1)
  }
}

function writeBuiltIn(sink: ByteSink, value: object, prototype: unknown, depth: number): void {
  if (prototype === datePrototype) {
    sink.u8(TAG_DATE)
    sink.f64((value as Date).getTime())
  } else if (prototype === Map.prototype && value instanceof Map) {
    writeMap(sink, value, depth)
  } else if (prototype === Set.prototype && value instanceof Set) {
    writeSet(sink, value, depth)
  } else {
    const kind = BYTE_KIND_OF.get(prototype as object)
    if (kind === undefined) throw refuse(depth, `${kindOf(value)} cannot be restored from bytes`)
    sink.u8(TAG_BYTES)
    sink.u8(kind)
    sink.bytes(bytesOf(value as ArrayBuffer | ArrayBufferView))
  }
}

function bytesOf(value: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (ArrayBuffer.isView(value))
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  return new Uint8Array(value)
}

function writeMap(sink: ByteSink, value: ReadonlyMap<unknown, unknown>, depth: number): void {
  sink.u8(TAG_MAP)
  sink.count(value.size)
  let at = 0
  for (const [key, item] of value) {
    steps[depth] = at++
    writeValue(sink, key, depth + 1)
    writeValue(sink, item, depth + 1)
  }
}

function writeSet(sink: ByteSink, value: ReadonlySet<unknown>, depth: number): void {
  sink.u8(TAG_SET)
  sink.count(value.size)
  let at = 0
  for (const item of value) {
    steps[depth] = at++
    writeValue(sink, item, depth + 1)
  }
}

const PATH_STEPS_SHOWN = 12
const NAME = /^[A-Za-z_$][\w$]*$/

function refuse(depth: number, reason: string): NotEncodable {
  const shown = steps.slice(0, Math.min(depth, PATH_STEPS_SHOWN)).map(showStep).join('')
  return new NotEncodable('', depth > PATH_STEPS_SHOWN ? `${shown}…` : shown, reason)
}

function showStep(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`
  return NAME.test(step) ? `.${step}` : `[${JSON.stringify(step.slice(0, 40))}]`
}
