import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_KEY_HASH } from '../core/graph/key-groups.ts'
import { Prng } from '../core/prng.ts'
import { MAX_WATERMARK, NO_TIMESTAMP } from '../core/time-constants.ts'
import { RECORD_BYTES_MAX } from './byte-writer.ts'
import {
  anyText,
  expectValueOrDamaged,
  HOSTILE_RUNS,
  mutated,
  PROPERTY_RUNS,
  randomBytes,
} from './codec.contract.ts'
import {
  ELEMENT_BARRIER,
  ELEMENT_END_OF_DATA,
  ELEMENT_NONE,
  ELEMENT_RECORD,
  ELEMENT_STATUS,
  ELEMENT_WATERMARK,
  FRAME_HEADER_BYTES,
  FrameReader,
  frameSummary,
  FrameWriter,
} from './frame.ts'

type Element =
  | {
      readonly kind: 'record'
      readonly timestamp: number
      readonly keyHash: number
      readonly text: string
    }
  | { readonly kind: 'watermark'; readonly time: number }
  | { readonly kind: 'status'; readonly idle: boolean }
  | {
      readonly kind: 'barrier'
      readonly checkpointId: number
      readonly timestampMs: number
      readonly final: boolean
    }
  | { readonly kind: 'end' }

const plain = { noNullPrototype: true }
const times = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(NO_TIMESTAMP, MAX_WATERMARK, 0, 1_436_918_400_000),
)
const passing: fc.Arbitrary<Element> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record(
      {
        kind: fc.constant('record' as const),
        timestamp: times,
        keyHash: fc.oneof(
          fc.constant(NO_KEY_HASH),
          fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        ),
        text: anyText,
      },
      plain,
    ),
  },
  fc.record({ kind: fc.constant('watermark' as const), time: times }, plain),
  fc.record({ kind: fc.constant('status' as const), idle: fc.boolean() }, plain),
  fc.record({ kind: fc.constant('end' as const) }, plain),
)
const barriers: fc.Arbitrary<Element> = fc.record(
  {
    kind: fc.constant('barrier' as const),
    checkpointId: fc.integer({ min: 1, max: 2 ** 40 }),
    timestampMs: fc.double({ noNaN: true }),
    final: fc.boolean(),
  },
  plain,
)
const sequences = fc
  .tuple(fc.array(passing, { maxLength: 30 }), fc.option(barriers))
  .map(([elements, barrier]) => (barrier === null ? elements : [...elements, barrier]))

function write(writer: FrameWriter, element: Element): void {
  switch (element.kind) {
    case 'record':
      writer.beginRecord(element.timestamp, element.keyHash).text(element.text)
      expect(writer.endRecord()).toBe(true)
      return
    case 'watermark':
      return writer.watermark(element.time)
    case 'status':
      return writer.status(element.idle)
    case 'barrier':
      return writer.barrier(element)
    case 'end':
      return writer.endOfData()
  }
}

function readAll(reader: FrameReader, frame: Uint8Array): Element[] {
  const elements: Element[] = []
  reader.reset(frame)
  for (;;) {
    switch (reader.next()) {
      case ELEMENT_NONE:
        return elements
      case ELEMENT_RECORD: {
        const { timestamp, keyHash } = reader
        elements.push({ kind: 'record', timestamp, keyHash, text: reader.source.text() })
        break
      }
      case ELEMENT_WATERMARK:
        elements.push({ kind: 'watermark', time: reader.watermark })
        break
      case ELEMENT_STATUS:
        elements.push({ kind: 'status', idle: reader.idle })
        break
      case ELEMENT_BARRIER: {
        const { checkpointId, checkpointTimestampMs: timestampMs, final } = reader
        elements.push({ kind: 'barrier', checkpointId, timestampMs, final })
        break
      }
      case ELEMENT_END_OF_DATA:
        elements.push({ kind: 'end' })
    }
  }
}

function frameOf(elements: readonly Element[]): Uint8Array<ArrayBuffer> {
  const writer = new FrameWriter({ capacityBytes: 1_024 })
  for (const element of elements) write(writer, element)
  return writer.take()
}

describe('frames', () => {
  it('give back their elements in order', () => {
    const writer = new FrameWriter({ capacityBytes: 128 })
    const reader = new FrameReader()
    fc.assert(
      fc.property(sequences, (elements) => {
        for (const element of elements) write(writer, element)
        const bytes = writer.bytes
        const frame = writer.take()
        if (frame[1] === 1) expect(frame.length).toBe(bytes)
        expect(frameSummary(frame)).toMatchObject({
          elements: elements.length,
          records: elements.filter((e) => e.kind === 'record').length,
          endsWithBarrier: elements.at(-1)?.kind === 'barrier',
        })
        expect(readAll(reader, frame)).toStrictEqual(elements)
      }),
      { numRuns: PROPERTY_RUNS },
    )
  })

  it('own their memory, exactly as much as they need', () => {
    const writer = new FrameWriter({ capacityBytes: 1_024 })
    writer.beginRecord(5, 7).text('hello')
    writer.endRecord()
    const frame = writer.take()
    expect([frame.byteOffset, frame.buffer.byteLength]).toEqual([0, frame.length])
    writer.beginRecord(6, 8).text('HELLO')
    writer.endRecord()
    writer.take()
    expect(readAll(new FrameReader(), frame)).toEqual([
      { kind: 'record', timestamp: 5, keyHash: 7, text: 'hello' },
    ])
  })

  it('are readable at any offset of a larger buffer', () => {
    const frame = frameOf([
      { kind: 'record', timestamp: 1, keyHash: 2, text: 'ab\u1234' },
      { kind: 'end' },
    ])
    for (const offset of [0, 1, 3, 7]) {
      const buffer = Buffer.alloc(frame.length + 20, 0xee)
      buffer.set(frame, offset)
      expect(
        readAll(new FrameReader(), buffer.subarray(offset, offset + frame.length)),
      ).toHaveLength(2)
    }
  })

  it('say when they are empty, full and how many records they hold', () => {
    const writer = new FrameWriter({ capacityBytes: 100 })
    expect([writer.empty, writer.full, writer.records]).toEqual([true, false, 0])
    writer.watermark(3)
    expect([writer.empty, writer.full, writer.records]).toEqual([false, false, 0])
    writer.beginRecord(NO_TIMESTAMP, NO_KEY_HASH).text('x'.repeat(100))
    writer.endRecord()
    expect([writer.empty, writer.full, writer.records]).toEqual([false, true, 1])
    writer.take()
    expect([writer.empty, writer.full, writer.records, writer.bytes]).toEqual([
      true,
      false,
      0,
      FRAME_HEADER_BYTES,
    ])
    writer.barrier({ checkpointId: 1, timestampMs: 0, final: false })
    expect(writer.full).toBe(true)
    expect(() => writer.watermark(4)).toThrow('open frame')
  })

  it('forget a record that was cancelled', () => {
    const writer = new FrameWriter({ capacityBytes: 1_024 })
    const keep = (timestamp: number, text: string): void =>
      write(writer, { kind: 'record', timestamp, keyHash: 1, text })
    keep(10, 'one')
    writer.beginRecord(99, 1).text('half a rec')
    writer.cancelRecord()
    writer.cancelRecord()
    keep(12, 'two')
    expect(readAll(new FrameReader(), writer.take())).toEqual([
      { kind: 'record', timestamp: 10, keyHash: 1, text: 'one' },
      { kind: 'record', timestamp: 12, keyHash: 1, text: 'two' },
    ])
  })

  it('carry one record of up to 64 MiB and refuse a larger one, keeping the others', () => {
    const writer = new FrameWriter({ capacityBytes: 1_024 })
    write(writer, { kind: 'record', timestamp: 1, keyHash: 1, text: 'small' })
    const large = 'x'.repeat(RECORD_BYTES_MAX - 64)
    const refused = expect.objectContaining({ code: 'record/too-large' })
    expect(() => writer.beginRecord(1, 1).text(`${large}${'x'.repeat(100)}`)).toThrow(refused)
    writer.cancelRecord()
    writer.beginRecord(1, 1).text('\u1234'.repeat(RECORD_BYTES_MAX / 2))
    expect(() => writer.endRecord()).toThrow(refused)
    writer.beginRecord(1, 1).text(large)
    writer.endRecord()
    const elements = readAll(new FrameReader(), writer.take())
    expect(elements.map((e) => (e.kind === 'record' ? e.text.length : 0))).toEqual([
      5,
      large.length,
    ])
  })

  it('refuse a record that only the room of the writer had held up, keeping the others', () => {
    const writer = new FrameWriter({ capacityBytes: 32_768 })
    const refused = expect.objectContaining({ code: 'record/too-large' })
    const numbers = (count: number): void => {
      const sink = writer.beginRecord(1, 1)
      for (let i = 0; i < count; i++) sink.f64(i)
      writer.endRecord()
    }
    write(writer, { kind: 'record', timestamp: 1, keyHash: 1, text: 'small' })
    const before = writer.bytes
    expect(() => numbers(9_000_000)).toThrow(refused)
    expect(writer.bytes).toBe(before)
    expect(readAll(new FrameReader(), writer.take())).toMatchObject([{ text: 'small' }])
  })

  it.each([
    ['text', 0, RECORD_BYTES_MAX / 2 + 1],
    ['bytes and text', RECORD_BYTES_MAX / 2, RECORD_BYTES_MAX / 4 + 1],
  ])(
    'give back a long narrow record of %s that a wide one before it would swell',
    (_, bytes, units) => {
      const writer = new FrameWriter({ capacityBytes: 1_024 })
      const put = (text: string, body = 0): boolean => {
        const sink = writer.beginRecord(1, 1)
        sink.bytes(new Uint8Array(body))
        sink.text(text)
        return writer.endRecord()
      }
      const long = '\u00ff'.repeat(units)
      expect([put('wide \u0100'), put(long, bytes)]).toEqual([true, false])
      expect(frameSummary(writer.take()).records).toBe(1)
      expect([put('narrow \u00ff'), put(long, bytes)]).toEqual([true, true])
      const expected = writer.bytes
      expect(writer.take()).toHaveLength(expected)
    },
  )

  it('notice a value that was read with another codec than it was written', () => {
    const reader = new FrameReader()
    reader.reset(frameOf([{ kind: 'record', timestamp: 1, keyHash: 1, text: 'hello' }]))
    reader.next()
    reader.source.varint()
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'codec/damaged' }))
  })

  it('answer hostile bytes with elements or with codec/damaged', () => {
    const prng = new Prng(5)
    const reader = new FrameReader()
    const samples = fc.sample(sequences, { numRuns: 60, seed: 3 }).map(frameOf)
    for (let run = 0; run < HOSTILE_RUNS; run++) {
      const frame = prng.chance(0.1) ? randomBytes(prng) : mutated(prng, prng.pick(samples))
      expectValueOrDamaged(() => readAll(reader, frame))
    }
  })
})
