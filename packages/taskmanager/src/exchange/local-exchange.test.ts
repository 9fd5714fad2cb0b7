import { operatorUid } from '@weirjs/common/core/ids'
import { describe, expect, test } from 'vitest'
import { Collector } from './collector.fixture.ts'
import type { HeadInput } from './input-channel.ts'
import {
  BATCHES_UNREAD_MAX,
  LocalChannel,
  LocalInputChannel,
  LocalOutputChannel,
} from './local-exchange.ts'
import { OutputGauge } from './output-channel.ts'

function setUp(): { output: LocalOutputChannel; readAll: () => readonly unknown[] } {
  const channel = new LocalChannel()
  const output = new LocalOutputChannel({
    channel,
    gauge: new OutputGauge(() => {}),
    counters: { records: 0, bytes: 0 },
    onHint: () => {},
  })
  const input = new LocalInputChannel(channel, () => {})
  const seen: unknown[] = []
  const node = { uid: operatorUid('collector'), name: 'collector' }
  const operator = new Collector(seen)
  const gauge = { available: true }
  const head: HeadInput = { operator, node, second: false, keyed: null, keyOf: null, gauge }
  return {
    output,
    readAll: () => {
      while (input.readable) {
        input.pump(head, 100)
        if (input.event === 'watermark') seen.push(`w${input.watermark}`)
        if (input.event === 'barrier') seen.push(`b${input.barrier.checkpointId}`)
      }
      return seen.splice(0)
    },
  }
}

describe('a channel that nobody reads', () => {
  test('gathers watermarks: few wait, and the newest comes', () => {
    const { output, readAll } = setUp()
    for (let i = 1; i <= 10_000; i++) {
      output.watermark(i)
      output.flush()
    }
    const seen = readAll()
    expect(seen).toHaveLength(BATCHES_UNREAD_MAX + 1)
    expect(seen.at(-1)).toBe('w10000')
    output.watermark(10_001)
    output.flush()
    expect(readAll()).toEqual(['w10001'])
  })

  test('keeps watermarks between their records, and lets barriers pass', () => {
    const { output, readAll } = setUp()
    for (let i = 1; i <= 100; i++) {
      output.watermark(i)
      output.flush()
    }
    output.write('x', 0, 0)
    output.watermark(101)
    output.write('y', 0, 0)
    output.watermark(102)
    output.watermark(103)
    output.barrier({ checkpointId: 7, timestampMs: 0, final: false })
    expect(readAll().slice(BATCHES_UNREAD_MAX)).toEqual(['w100', 'x', 'w101', 'y', 'w103', 'b7'])
  })
})
