import { RECORD_BYTES_MAX } from '@weirjs/common/codec/byte-writer'
import { FRAME_HEADER_BYTES } from '@weirjs/common/codec/frame'
import { textCodec } from '@weirjs/common/codec/primitives'
import { present } from '@weirjs/common/core/assert'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { edgeId, operatorUid } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { EXCHANGE_FRAME_BYTES_MAX } from '@weirjs/common/rpc/exchange-wire'
import { describe, expect, test } from 'vitest'
import { Operator } from '../operators/operator.ts'
import { channelKey } from './exchange.ts'
import { FrameInputChannel } from './input-channel.ts'
import type { HeadInput } from './input-channel.ts'
import { InputGate } from './input-gate.ts'
import { FrameOutputChannel, OutputGauge } from './output-channel.ts'

const FRAME_BYTES = 200
const WINDOW_BYTES = 4 * FRAME_BYTES

class Collector extends Operator {
  readonly records: [unknown, number][] = []
  process(value: unknown, timestamp: number): void {
    this.records.push([value, timestamp])
  }
}

class Keys {
  readonly seen: [Key, number][] = []
  setKey(key: Key, keyHash: number): void {
    this.seen.push([key, keyHash])
  }
}

/** Both ends; frames and credits move when the test says so. */
function channel(): {
  output: FrameOutputChannel
  input: FrameInputChannel
  gauge: OutputGauge
  flying: Uint8Array[]
  credits: number[]
  collector: Collector
  head: HeadInput
  keys: Keys
  connect: () => boolean
} {
  const flying: Uint8Array[] = []
  const credits: number[] = []
  const gauge = new OutputGauge(() => {})
  const codec = textCodec as Codec
  const counters = { records: 0, bytes: 0 }
  const key = channelKey(edgeId('e0'), 0, 0)
  const output = new FrameOutputChannel({ key, codec, frameBytesMax: FRAME_BYTES, gauge, counters })
  const input = new FrameInputChannel({
    codec,
    windowBytes: WINDOW_BYTES,
    credit: (bytes) => credits.push(bytes),
    hint: () => {},
    onReadable: () => {},
  })
  const collector = new Collector()
  const keys = new Keys()
  const head = {
    operator: collector,
    node: { uid: operatorUid('collector'), name: 'collector' },
    second: false,
    keyed: keys,
    keyOf: (text: string) => text,
    gauge: { available: true },
  }
  const connect = (): boolean => output.connect((_key, frame) => flying.push(frame), WINDOW_BYTES)
  return { output, input, gauge, flying, credits, collector, head, keys, connect }
}

const pad = (i: number): string => `${i}`.padStart(30, '.')

describe('frame channel', () => {
  test('keeps what is written until the consumer is there, and stops the task behind one full frame', () => {
    const { output, gauge, flying, connect } = channel()
    for (let i = 0; gauge.available; i++) output.write(pad(i), i, 3)
    expect(flying).toEqual([])
    expect(connect()).toBe(true)
    expect(gauge.available).toBe(true)
    expect(flying.length).toBe(1)
  })

  test('a second consumer is a stranger', () => {
    const { connect } = channel()
    expect(connect()).toBe(true)
    expect(connect()).toBe(false)
  })

  test('sends within the credit and one frame, and goes on when credit comes back', () => {
    const { output, input, gauge, flying, credits, collector, head, connect } = channel()
    connect()
    let written = 0
    for (; gauge.available; written++) output.write(pad(written), written, -1)
    const sentBytes = flying.reduce((sum, frame) => sum + frame.byteLength, 0)
    expect(sentBytes).toBeGreaterThanOrEqual(WINDOW_BYTES)
    expect(sentBytes).toBeLessThan(WINDOW_BYTES + FRAME_BYTES + 50)
    for (const frame of flying.splice(0)) input.deliver(frame)
    while (input.readable) input.pump({ ...head, keyed: null }, 2)
    expect(credits.length).toBeLessThanOrEqual(2)
    for (const bytes of credits.splice(0)) output.grant(bytes)
    expect(gauge.available).toBe(true)
    output.flush()
    for (const frame of flying.splice(0)) input.deliver(frame)
    while (input.readable) input.pump({ ...head, keyed: null }, 2)
    expect(collector.records).toEqual(Array.from({ length: written }, (_, i) => [pad(i), i]))
  })

  test('credit comes back for what was read, not for what arrived', () => {
    const { output, input, head, flying, credits, connect } = channel()
    connect()
    for (let i = 0; i < 400; i++) output.write(`record ${i}`, i, 7)
    const arrived = flying.reduce((bytes, frame) => bytes + frame.byteLength, 0)
    for (const frame of flying) input.deliver(frame)
    expect(credits).toEqual([])
    while (input.readable) input.pump(head, 1_000)
    const returned = credits.reduce((bytes, credit) => bytes + credit, 0)
    expect(returned).toBeGreaterThan(WINDOW_BYTES / 2)
    expect(returned).toBeLessThanOrEqual(arrived)
  })

  test('a long narrow record behind a wide one goes in a frame that the wire takes', () => {
    const { output, input, flying, credits, collector, head, connect } = channel()
    connect()
    const texts = ['wide \u0100', 'x'.repeat(RECORD_BYTES_MAX - 64), 'wide \u1234']
    for (const [i, text] of texts.entries()) output.write(text, i, -1)
    output.flush()
    for (let frame = flying.shift(); frame !== undefined; frame = flying.shift()) {
      expect(frame.byteLength).toBeLessThan(EXCHANGE_FRAME_BYTES_MAX)
      input.deliver(frame)
      while (input.readable) input.pump({ ...head, keyed: null }, 2)
      for (const bytes of credits.splice(0)) output.grant(bytes)
    }
    expect(collector.records.map(([text, i]) => text === texts[i])).toEqual([true, true, true])
  })

  test('events keep their place and cost nothing', () => {
    const { output, input, flying, collector, head, connect, gauge } = channel()
    connect()
    let written = 0
    for (; gauge.available; written++) output.write(pad(written), 0, -1)
    output.watermark(7)
    output.barrier({ checkpointId: 3, timestampMs: 5, final: true })
    const waiting = flying.length
    output.endOfData()
    expect(flying.length).toBe(waiting)
    output.grant(10_000)
    const events: string[] = []
    let window = WINDOW_BYTES
    for (const frame of flying.splice(0)) {
      window -= frame.byteLength
      input.deliver(frame)
      while (input.readable) {
        input.pump({ ...head, keyed: null }, 100)
        if (input.event !== 'none') events.push(`${input.event} behind ${collector.records.length}`)
        if (input.event === 'watermark') expect(input.watermark).toBe(7)
        if (input.event === 'barrier')
          expect(input.barrier).toEqual({ checkpointId: 3, timestampMs: 5, final: true })
      }
    }
    expect(events).toEqual([
      `watermark behind ${written}`,
      `barrier behind ${written}`,
      `end-of-data behind ${written}`,
    ])
  })

  test('sets the key and its hash before each record', () => {
    const { output, input, flying, head, keys, connect } = channel()
    connect()
    output.write('a', 0, 12)
    output.write('b', 0, 127)
    output.flush()
    for (const frame of flying) input.deliver(frame)
    input.pump(head, 10)
    expect(keys.seen).toEqual([
      ['a', 12],
      ['b', 127],
    ])
  })

  test('whatever comes in whatever portions, all of it comes out, and memory stays bounded', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const prng = new Prng(seed)
      const { output, input, gauge, flying, credits, collector, head, connect } = channel()
      const expected: string[] = []
      let waitingBytes = 0
      connect()
      for (let step = 0; step < 3_000; step++) {
        const what = prng.int(4)
        if (what === 0 && gauge.available) {
          const text = 'x'.repeat(prng.chance(0.02) ? 5_000 : prng.int(60)) + step
          expected.push(text)
          output.write(text, step, -1)
        } else if (what === 1 && prng.chance(0.1)) output.flush()
        else if (what === 2 && flying.length > 0) {
          const frame = flying.shift() as Uint8Array
          waitingBytes += frame.byteLength
          input.deliver(frame)
        } else if (input.readable) input.pump({ ...head, keyed: null }, 1 + prng.int(3))
        else for (const bytes of credits.splice(0)) output.grant(bytes)
      }
      expect(waitingBytes).toBeGreaterThan(0)
      for (let quiet = 0; quiet < 3; quiet++) {
        output.flush()
        for (const frame of flying.splice(0)) input.deliver(frame)
        while (input.readable) input.pump({ ...head, keyed: null }, 50)
        for (const bytes of credits.splice(0)) output.grant(bytes)
      }
      expect(collector.records.map(([text]) => text)).toEqual(expected)
    }
  })

  test('a damaged frame is refused when it arrives', () => {
    const { input } = channel()
    expect(() => input.deliver(new Uint8Array(40))).toThrow('frame')
  })

  test('what changed within a frame is no fault of the step that reads it', () => {
    const { output, input, flying, connect, head } = channel()
    connect()
    output.write('a', 0, -1)
    output.flush()
    const [frame] = flying
    input.deliver(present(frame, 'a frame').fill(0xff, FRAME_HEADER_BYTES))
    const gate = new InputGate({
      channels: [{ channel: input, head: { ...head, keyed: null } }],
      blocking: true,
      clock: new ManualScheduler(),
      listener: {
        onWatermark: () => {},
        onIdle: () => {},
        onAligned: () => {},
        onSuperseded: () => {},
        onEndOfData: () => {},
      },
    })
    const damage = expect.objectContaining({ code: 'codec/damaged', domain: 'external' })
    expect(() => gate.pump(10)).toThrow(damage)
  })

  test('a closed channel sends and keeps nothing', () => {
    const { output, input, flying, connect, gauge } = channel()
    connect()
    output.write('a', 0, -1)
    output.close()
    output.flush()
    output.barrier({ checkpointId: 1, timestampMs: 0, final: false })
    expect(flying).toEqual([])
    expect(gauge.available).toBe(true)
    input.close()
    input.deliver(new Uint8Array(3))
    expect(input.readable).toBe(false)
  })
})
