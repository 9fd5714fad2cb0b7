// The reading half of the dynamic codec: see dynamic-format. Bytes are taken as hostile: depth,
// counts and shapes are bounded, names are set as own fields whatever they are called, nothing is
// looked up by them.

import type { ByteSource } from '../core/codec.ts'
import { damaged, ownText } from './byte-reader.ts'
import {
  BYTE_KINDS,
  DEPTH_MAX,
  KIND_ARRAY_BUFFER,
  KIND_BUFFER,
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
import { readBigint } from './primitives.ts'

type Fields = Record<string, unknown>

interface Shape {
  readonly names: readonly string[]
  /** Has the fields already: a copy of it shares its hidden class, and needs only values. */
  readonly template: Fields
}

/** What was said in the block that is being read. */
class ReaderShapes {
  readonly shapes: (Shape | undefined)[] = new Array<Shape | undefined>(SHAPES_MAX).fill(undefined)
}

/** Throws WeirError `codec/damaged`. */
export function readDynamic(source: ByteSource): unknown {
  return readValue(source, 0)
}

function readValue(source: ByteSource, depth: number): unknown {
  return readTagged(source, source.u8(), depth)
}

function readTagged(source: ByteSource, tag: number, depth: number): unknown {
  if (tag >= TAG_SMALL_INT) return tag & 0x7f
  if (tag === TAG_TEXT) return source.text()
  if (tag >= TAG_SHAPED) return readShaped(source, tag - TAG_SHAPED, depth)
  switch (tag) {
    case TAG_INT:
      return source.varint()
    case TAG_FLOAT:
      return source.f64()
    case TAG_NULL:
      return null
    case TAG_UNDEFINED:
      return undefined
    case TAG_FALSE:
      return false
    case TAG_TRUE:
      return true
    case TAG_BIGINT:
      return readBigint(source)
    case TAG_DATE:
      // oxlint-disable-next-line no-restricted-globals -- a value; no time is asked for
      return new Date(source.f64())
    case TAG_BYTES:
      return readBytes(source)
    default:
      return readNested(source, tag, depth)
  }
}

function readNested(source: ByteSource, tag: number, depth: number): unknown {
  if (depth >= DEPTH_MAX) throw damaged(`values nested deeper than ${DEPTH_MAX}`)
  switch (tag) {
    case TAG_ARRAY:
      return readArray(source, depth)
    case TAG_MAP:
      return readMap(source, depth)
    case TAG_SET:
      return readSet(source, depth)
    case TAG_OBJECT:
      return readNamed(source, {}, depth)
    case TAG_BARE_OBJECT:
      return readNamed(source, Object.create(null) as Fields, depth)
    case TAG_SHAPE:
      return readShaped(source, learnShape(source), depth)
    default:
      throw damaged(`a value with unknown tag ${tag}`)
  }
}

function readShaped(source: ByteSource, id: number, depth: number): Fields {
  const shape = source.memo instanceof ReaderShapes ? source.memo.shapes[id] : undefined
  if (shape === undefined) throw damaged(`an object of unknown shape ${id}`)
  if (depth >= DEPTH_MAX) throw damaged(`values nested deeper than ${DEPTH_MAX}`)
  const value: Fields = { ...shape.template }
  const names = shape.names
  for (let i = 0; i < names.length; i++) value[names[i] as string] = readValue(source, depth + 1)
  return value
}

function learnShape(source: ByteSource): number {
  const id = source.u8()
  const count = source.u8()
  if (id >= SHAPES_MAX || count > SHAPE_FIELDS_MAX)
    throw damaged(`a shape with id ${id} and ${count} fields`)
  const names: string[] = []
  const template: Fields = {}
  for (let i = 0; i < count; i++) {
    const name = ownText(source.text())
    names.push(name)
    setField(template, name, undefined)
  }
  const known = source.memo instanceof ReaderShapes ? source.memo : new ReaderShapes()
  source.memo = known
  known.shapes[id] = { names, template }
  return id
}

function readNamed(source: ByteSource, value: Fields, depth: number): Fields {
  const count = source.count()
  for (let i = 0; i < count; i++) {
    const name = source.text()
    setField(value, name, readValue(source, depth + 1))
  }
  return value
}

/** Assigning would call the setter of `__proto__`. */
function setField(target: Fields, name: string, value: unknown): void {
  if (name !== '__proto__') target[name] = value
  else
    Object.defineProperty(target, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
}

function readArray(source: ByteSource, depth: number): unknown[] {
  const count = source.count()
  const items: unknown[] = []
  for (let i = 0; i < count; i++) {
    const item = readItem(source, depth)
    if (item === HOLE) items.length++
    else items.push(item)
  }
  return items
}

const HOLE: unique symbol = Symbol('hole')

function readItem(source: ByteSource, depth: number): unknown {
  const tag = source.u8()
  if (tag === TAG_HOLE) return HOLE
  return readTagged(source, tag, depth + 1)
}

function readMap(source: ByteSource, depth: number): Map<unknown, unknown> {
  const count = source.count()
  const map = new Map<unknown, unknown>()
  for (let i = 0; i < count; i++) {
    const key = readValue(source, depth + 1)
    map.set(key, readValue(source, depth + 1))
  }
  return map
}

function readSet(source: ByteSource, depth: number): Set<unknown> {
  const count = source.count()
  const set = new Set<unknown>()
  for (let i = 0; i < count; i++) set.add(readValue(source, depth + 1))
  return set
}

function readBytes(source: ByteSource): unknown {
  const kind = source.u8()
  const known = BYTE_KINDS[kind]
  if (known === undefined) throw damaged(`bytes of unknown kind ${kind}`)
  const bytes = source.bytes()
  if (bytes.length % known.unitBytes !== 0) throw damaged('a typed array of broken length')
  const buffer = bytes.buffer as ArrayBuffer
  if (kind === KIND_ARRAY_BUFFER) return buffer
  if (kind === KIND_BUFFER) return Buffer.from(buffer, bytes.byteOffset, bytes.length)
  return new known.make(buffer)
}
