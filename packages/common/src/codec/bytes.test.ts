import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ByteSink, ByteSource } from '../core/codec.ts'
import { ByteReader, ownText } from './byte-reader.ts'
import { ByteWriter } from './byte-writer.ts'
import { anyNumber, anyText, PROPERTY_RUNS } from './codec.contract.ts'

const HEADER = 3

function readerOf(writer: ByteWriter): ByteReader {
  const form = writer.textForm()
  const bytes = new Uint8Array(HEADER + writer.bodyBytes + writer.textUnits * form)
  writer.copyTo(bytes, HEADER, form)
  const reader = new ByteReader()
  const bounds = {
    bodyAt: HEADER,
    bodyBytes: writer.bodyBytes,
    textBytes: writer.textUnits * form,
    form,
  }
  reader.reset(bytes, bounds)
  return reader
}

type Step = readonly [
  write: (sink: ByteSink) => void,
  read: (source: ByteSource) => unknown,
  value: unknown,
]

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 0, max: 0xff }).map((v): Step => [(s) => s.u8(v), (s) => s.u8(), v]),
  fc.integer({ min: 0, max: 0xffff }).map((v): Step => [(s) => s.u16(v), (s) => s.u16(), v]),
  fc.integer({ min: 0, max: 0xffff_ffff }).map((v): Step => [(s) => s.u32(v), (s) => s.u32(), v]),
  anyNumber.map((v): Step => [(s) => s.f64(v), (s) => s.f64(), v]),
  fc
    .oneof(fc.integer(), fc.maxSafeInteger())
    .map((v): Step => [(s) => s.varint(v), (s) => s.varint(), v]),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((v): Step => [(s) => s.i64(v), (s) => s.i64(), v]),
  anyText.map((v): Step => [(s) => s.text(v), (s) => s.text(), v]),
  fc.uint8Array({ maxLength: 300 }).map((v): Step => [(s) => s.bytes(v), (s) => s.bytes(), v]),
)

describe('ByteWriter and ByteReader', () => {
  it('give back any sequence of values', () => {
    const writer = new ByteWriter(64)
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 60 }), (sequence) => {
        writer.reset()
        for (const [write] of sequence) write(writer)
        const reader = readerOf(writer)
        expect(sequence.map(([, read]) => read(reader))).toStrictEqual(
          sequence.map(([, , value]) => value),
        )
        expect(reader.done).toBe(true)
      }),
      { numRuns: PROPERTY_RUNS },
    )
  })

  it('write integers in 1 to 8 bytes, exact up to the last safe one', () => {
    const sizes: readonly [number, number][] = [
      [0, 1],
      [63, 1],
      [-64, 1],
      [64, 2],
      [8_191, 2],
      [8_192, 3],
      [1_048_575, 3],
      [1_048_576, 4],
      [0x7ff_ffff, 4],
      [-0x800_0000, 4],
      [0x800_0000, 5],
      [2 ** 34 - 1, 5],
      [2 ** 34, 6],
      [1_436_918_400_000, 6],
      [2 ** 41, 7],
      [2 ** 48, 8],
      [Number.MAX_SAFE_INTEGER, 8],
      [Number.MIN_SAFE_INTEGER, 8],
    ]
    for (const [value, bytes] of sizes) {
      const writer = new ByteWriter(64)
      writer.varint(value)
      expect([value, writer.bodyBytes]).toEqual([value, bytes])
      expect(readerOf(writer).varint()).toBe(value)
    }
  })

  it('refuse to write what is no safe integer', () => {
    const writer = new ByteWriter(64)
    for (const odd of [
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 53,
      '5',
      null,
      undefined,
      true,
      5n,
    ]) {
      expect(() => writer.varint(odd as number)).toThrow(
        expect.objectContaining({ code: 'record/not-encodable' }),
      )
    }
  })

  it('spend one byte a character until one above U+00FF comes, then two', () => {
    const writer = new ByteWriter(64)
    writer.text('äöü\u00ff')
    expect(writer.textForm()).toBe(1)
    writer.text('\u0100')
    expect(writer.textForm()).toBe(2)
    const reader = readerOf(writer)
    expect([reader.text(), reader.text()]).toEqual(['äöü\u00ff', '\u0100'])
  })

  it('refuse to read beyond the end, whatever is asked for', () => {
    const reads: readonly ((source: ByteSource) => unknown)[] = [
      (s) => s.u8(),
      (s) => s.u16(),
      (s) => s.u32(),
      (s) => s.f64(),
      (s) => s.i64(),
      (s) => s.varint(),
      (s) => s.text(),
      (s) => s.bytes(),
      (s) => s.count(),
    ]
    for (const read of reads) {
      const reader = new ByteReader()
      reader.reset(Uint8Array.of(1, 2, 3), { bodyAt: 3, bodyBytes: 0, textBytes: 0, form: 0 })
      expect(() => read(reader)).toThrow(expect.objectContaining({ code: 'codec/damaged' }))
    }
  })

  it('refuse counts and lengths that the block cannot hold, before anything is allocated', () => {
    const writer = new ByteWriter(64)
    for (const read of [
      (s: ByteSource) => s.count(),
      (s: ByteSource) => s.bytes(),
      (s: ByteSource) => s.text(),
    ]) {
      writer.reset()
      writer.count(0x7fff_ffff)
      const reader = readerOf(writer)
      expect(() => read(reader)).toThrow(expect.objectContaining({ code: 'codec/damaged' }))
    }
  })

  it('stop at the allowed size', () => {
    const writer = new ByteWriter(64)
    writer.allow(1_000)
    expect(() => writer.bytes(new Uint8Array(2_000))).toThrow(
      expect.objectContaining({ code: 'record/too-large' }),
    )
    expect(() => writer.text('x'.repeat(2_000))).toThrow(
      expect.objectContaining({ code: 'record/too-large' }),
    )
  })

  it('read bytes as copies, also out of a Buffer', () => {
    const writer = new ByteWriter(64)
    writer.bytes(Uint8Array.of(1, 2, 3))
    const buffer = Buffer.alloc(16)
    const block = new Uint8Array(writer.bodyBytes)
    writer.copyTo(block, 0, 0)
    buffer.set(block, 5)
    const reader = new ByteReader()
    reader.reset(buffer, { bodyAt: 5, bodyBytes: block.length, textBytes: 0, form: 0 })
    const bytes = reader.bytes()
    buffer.fill(9)
    expect(bytes).toStrictEqual(Uint8Array.of(1, 2, 3))
  })
})

describe('ownText', () => {
  it('gives the same text', () => {
    for (const text of [
      '',
      'short',
      'a text of more than thirteen characters',
      '\ud800 lone, and long enough',
    ]) {
      expect(ownText(`${text}tail`.substring(0, text.length))).toBe(text)
    }
  })
})
