import { operatorUid } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { MAX_WATERMARK } from '@weirjs/common/core/time-constants'
import { describe, expect, test } from 'vitest'
import { Collector } from './collector.fixture.ts'
import { InputGate } from './input-gate.ts'
import {
  BATCH_RECORDS_MAX,
  LocalChannel,
  LocalInputChannel,
  LocalOutputChannel,
} from './local-exchange.ts'
import type { OutputChannel } from './output-channel.ts'
import { OutputGauge } from './output-channel.ts'

interface Setup {
  readonly gate: InputGate
  readonly outputs: readonly OutputChannel[]
  readonly log: string[]
  readonly time: ManualScheduler
  readonly gauge: { available: boolean }
}

function setUp(channels: number, blocking = true): Setup {
  const log: string[] = []
  const time = new ManualScheduler()
  const gauge = { available: true }
  const operator = new Collector(log)
  const node = { uid: operatorUid('collector'), name: 'collector' }
  const locals = Array.from({ length: channels }, () => new LocalChannel())
  const outputs = locals.map(
    (channel) =>
      new LocalOutputChannel({
        channel,
        gauge: new OutputGauge(() => {}),
        counters: { records: 0, bytes: 0 },
        onHint: () => log.push('hint'),
      }),
  )
  const gate = new InputGate({
    channels: locals.map((channel) => ({
      channel: new LocalInputChannel(channel, () => {}),
      head: { operator, node, second: false, keyed: null, keyOf: null, gauge },
    })),
    blocking,
    clock: time,
    listener: {
      onWatermark: (watermark) => log.push(watermark === MAX_WATERMARK ? 'w max' : `w${watermark}`),
      onIdle: (idle) => log.push(idle ? 'idle' : 'active'),
      onAligned: ({ checkpointId }, { alignmentMs }) =>
        log.push(`[${checkpointId} ${alignmentMs} ms]`),
      onSuperseded: (ids) => log.push(`${ids.join()}!`),
      onEndOfData: () => log.push('end'),
    },
  })
  return { gate, outputs, log, time, gauge }
}

const barrier = (
  checkpointId: number,
): { checkpointId: number; timestampMs: number; final: boolean } => ({
  checkpointId,
  timestampMs: 0,
  final: false,
})

/** `a1 |2b` : record 1 on channel a, barrier 2 on channel b; every frame leaves at once. */
function send(outputs: readonly OutputChannel[], script: string): void {
  for (const token of script.split(' ')) {
    const name = token.startsWith('|') ? token.slice(-1) : token.slice(0, 1)
    const output = outputs[name.charCodeAt(0) - 97] as OutputChannel
    if (token.startsWith('|')) output.barrier(barrier(Number(token.slice(1, -1))))
    else output.write(token, 0, -1)
    output.flush()
  }
}

function drain(gate: InputGate, max = 10): void {
  while (gate.pump(max));
}

describe('input gate', () => {
  test('goes round the channels frame by frame', () => {
    const { gate, outputs, log } = setUp(3)
    send(outputs, 'a1 b1 c1')
    send(outputs, 'a2 b2')
    drain(gate)
    expect(log).toEqual(['a1', 'b1', 'c1', 'a2', 'b2'])
  })

  test('goes on to the next channel although one never runs dry', () => {
    const { gate, outputs, log } = setUp(2)
    const [a, b] = outputs
    for (let i = 0; i < 4 * BATCH_RECORDS_MAX; i++) a?.write('a', 0, -1)
    b?.write('b', 0, -1)
    b?.flush()
    for (let pumps = 0; pumps < 2 * BATCH_RECORDS_MAX; pumps++) gate.pump(1)
    expect(log).toContain('b')
  })

  test('holds channels behind their barrier, times the alignment, then goes on', () => {
    const { gate, outputs, log, time } = setUp(2)
    send(outputs, 'a1 |1a a2')
    drain(gate)
    time.advance(30)
    send(outputs, 'b1 |1b b2')
    drain(gate)
    expect(log).toEqual(['a1', 'b1', '[1 30 ms]', 'a2', 'b2'])
  })

  test('without blocking lets everything through', () => {
    const { gate, outputs, log } = setUp(2, false)
    send(outputs, '|1a a1')
    drain(gate)
    send(outputs, 'b1 |1b')
    drain(gate)
    expect(log).toEqual(['a1', 'b1', '[1 0 ms]'])
  })

  test('stops in the middle of a batch when the output is full, and goes on there', () => {
    const { gate, outputs, log, gauge } = setUp(1)
    const [output] = outputs
    for (const value of ['a1', 'a2', 'a3']) output?.write(value, 0, -1)
    output?.flush()
    gauge.available = false
    gate.pump(10)
    expect(log).toEqual(['a1'])
    gauge.available = true
    gate.pump(1)
    expect(log).toEqual(['a1', 'a2'])
    drain(gate)
    expect(log).toEqual(['a1', 'a2', 'a3'])
  })

  test('an abort opens the channels', () => {
    const { gate, outputs, log } = setUp(2)
    send(outputs, '|1a a1')
    drain(gate)
    expect(gate.aligning).toEqual([1])
    expect(gate.abort(1)).toBe(true)
    expect(gate.readable).toBe(true)
    drain(gate)
    expect(log).toEqual(['a1'])
  })

  test('tells what a newer barrier makes impossible', () => {
    const { gate, outputs, log } = setUp(2)
    send(outputs, '|1a')
    drain(gate)
    send(outputs, '|2b')
    drain(gate)
    send(outputs, '|2a')
    drain(gate)
    expect(log).toEqual(['1!', '[2 0 ms]'])
  })

  test('merges watermarks and idleness, and ends when all have ended', () => {
    const { gate, outputs, log } = setUp(2)
    const [a, b] = outputs
    a?.watermark(5)
    b?.watermark(3)
    a?.flush()
    b?.flush()
    drain(gate)
    b?.status(true)
    b?.flush()
    drain(gate)
    a?.status(true)
    a?.flush()
    drain(gate)
    a?.watermark(9)
    a?.endOfData()
    drain(gate)
    b?.endOfData()
    drain(gate)
    expect(log).toEqual(['w3', 'w5', 'idle', 'active', 'w9', 'idle', 'active', 'w max', 'end'])
    send(outputs, '|7a |7b')
    drain(gate)
    expect(log.at(-1)).toBe('[7 0 ms]')
  })

  test('hints go to the producers', () => {
    const { gate, log } = setUp(2)
    gate.hint()
    expect(log).toEqual(['hint', 'hint'])
  })
})
