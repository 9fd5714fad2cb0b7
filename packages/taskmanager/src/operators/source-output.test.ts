import { describe, expect, test } from 'vitest'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { DEAD_LETTERS } from '@weirjs/api/connector'
import type { WatermarkRuntime } from '@weirjs/api/functions'
import { Collected, HarnessContext } from './harness-context.ts'
import { dealLists } from './harness-snapshot.ts'
import { ReaderOutput } from './source-output.ts'

const stamped: WatermarkRuntime = {
  timestamp: (value) => value as number,
  outOfOrderMs: 0,
  idleAfterMs: 1_000,
}

function build(watermarks: WatermarkRuntime | null): {
  readonly output: ReaderOutput
  readonly collected: Collected
  readonly scheduler: ManualScheduler
  /** One poll of a reader that emits these records of these splits. */
  readonly poll: (records: readonly (readonly [string, number])[], waits?: boolean) => void
} {
  const collected = new Collected()
  const scheduler = new ManualScheduler()
  const restored = dealLists([], 0, 1)
  const context = new HarnessContext({ collected, scheduler, keyed: null, restored })
  const output = new ReaderOutput(watermarks, context)
  const poll = (records: readonly (readonly [string, number])[], waits = true): void => {
    output.beginPoll()
    for (const [split, value] of records) {
      output.beginSplit(split)
      output.emit(value, value)
    }
    output.endPoll(waits)
  }
  return { output, collected, scheduler, poll }
}

describe('output of a source reader', () => {
  test('a silent split holds the watermark no longer than the idleness', () => {
    const { poll, collected, scheduler } = build(stamped)
    poll([
      ['a', 10],
      ['b', 20],
    ])
    expect(collected.watermark).toBe(9)
    scheduler.advance(900)
    poll([['b', 500]])
    expect(collected.watermark).toBe(9)
    scheduler.advance(200)
    poll([])
    expect(collected.watermark).toBe(499)
    expect(collected.idle).toBe(false)
  })

  test('a reader is idle when all its splits are silent, until one speaks', () => {
    const { poll, collected, scheduler } = build(stamped)
    poll([
      ['a', 10],
      ['b', 20],
    ])
    scheduler.advance(1_000)
    poll([])
    expect(collected.idle).toBe(true)
    poll([['a', 600]])
    expect(collected.idle).toBe(false)
    expect(collected.watermark).toBe(599)
  })

  test('a reader without splits is idle after as long as a silent split, and not before', () => {
    const { output, poll, collected, scheduler } = build(stamped)
    const becomesIdleAfterASecond = (): void => {
      poll([])
      scheduler.advance(999)
      poll([])
      expect(collected.idle).toBe(false)
      scheduler.advance(1)
      poll([])
      expect(collected.idle).toBe(true)
    }
    becomesIdleAfterASecond()
    poll([['a', 600]])
    expect([collected.idle, collected.watermark]).toEqual([false, 599])
    output.endSplit('a')
    becomesIdleAfterASecond()
    expect(collected.watermark).toBe(599)
  })

  test('time in which the reader was not asked makes no split idle', () => {
    const { poll, collected, scheduler } = build(stamped)
    poll(
      [
        ['a', 10],
        ['b', 20],
      ],
      false,
    )
    scheduler.advance(60_000)
    poll([['b', 500]], false)
    expect(collected.watermark).toBe(9)
  })

  test('without a strategy the reader tells the watermark itself', () => {
    const { output, collected } = build(null)
    output.beginPoll()
    output.emit('x', 5)
    output.watermark('a', 100)
    output.watermark('b', 50)
    output.endPoll(true)
    expect(collected.main).toEqual([{ value: 'x', timestamp: 5 }])
    expect(collected.watermark).toBe(49)
    output.endSplit('b')
    output.endPoll(true)
    expect(collected.watermark).toBe(99)
  })

  test('unreadable lines go to a side output', () => {
    const { output, collected } = build(null)
    const line = { source: 'a.csv', line: 7, text: 'x;y', reason: 'too few fields' }
    output.deadLetter(line)
    expect(collected.side(DEAD_LETTERS).map(({ value }) => value)).toEqual([line])
  })

  test.each([
    [1_700_000_000_123.456, 1_700_000_000_123],
    [-0.5, -1],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ])('the time %d counts as %d, with a strategy and without', (said, whole) => {
    for (const watermarks of [stamped, null]) {
      const { output, collected } = build(watermarks)
      output.beginPoll()
      output.emit(said, said)
      output.watermark('a', said)
      output.endPoll(true)
      expect(collected.main).toEqual([{ value: said, timestamp: whole }])
      expect(collected.watermark).toBe(whole - 1)
    }
  })

  test.each([1.7e18, -1.7e18, Number.NaN, Number.POSITIVE_INFINITY, '2026-01-01', 5n, undefined])(
    'the time %s fails the job, with the record and who stamped it',
    (said) => {
      const record = { id: 7, at: said }
      const withStrategy = build({ ...stamped, timestamp: () => said as number }).output
      expect(() => withStrategy.emit(record, 0)).toThrow(
        expect.objectContaining({
          code: 'job/bad-timestamp',
          message: expect.stringMatching(/the function given to the watermarks .*\{ id: 7, at: /),
        }),
      )
      const without = build(null).output
      const refused = expect.objectContaining({
        code: 'job/bad-timestamp',
        message: expect.stringContaining('the reader of the source'),
      })
      expect(() => without.emit(record, said as number)).toThrow(refused)
      if (typeof said === 'number') expect(() => without.watermark('a', said)).toThrow(refused)
    },
  )
})
