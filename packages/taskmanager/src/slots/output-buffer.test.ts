import type { OutputLine } from '@weirjs/common/core/gateways'
import { attempt, jobId, leaderEpoch } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { describe, expect, test } from 'vitest'
import {
  BATCHES_UNDER_WAY_MAX,
  CHARS_PER_GATHER_MAX,
  CHARS_WAITING_MAX,
  GATHER_MS,
  LINES_PER_BATCH_MAX,
  LINES_WAITING_MAX,
  OutputBuffer,
} from './output-buffer.ts'

const fence = { jobId: jobId('j'), epoch: leaderEpoch(1), attempt: attempt(1) }
const line = (text: string): OutputLine => ({ fence, task: null, stream: 'print', text })

function setUp(): {
  time: ManualScheduler
  buffer: OutputBuffer
  batches: (readonly OutputLine[])[]
} {
  const time = new ManualScheduler()
  const batches: (readonly OutputLine[])[] = []
  return { time, batches, buffer: new OutputBuffer(time, (lines) => batches.push(lines)) }
}

describe('OutputBuffer', () => {
  test('gathers lines for a moment', () => {
    const { time, buffer, batches } = setUp()
    buffer.push(line('a'))
    buffer.push(line('b'))
    expect(batches).toHaveLength(0)
    time.runUntilIdle()
    expect(batches.map((lines) => lines.map(({ text }) => text))).toEqual([['a', 'b']])
  })

  test('keeps a few batches under way and drops, counted, what nobody takes', () => {
    const { time, buffer, batches } = setUp()
    const count = LINES_WAITING_MAX + 7
    for (let i = 0; i < count; i++) buffer.push(line(`${i}`))
    time.runUntilIdle()
    expect(batches).toHaveLength(BATCHES_UNDER_WAY_MAX)
    expect(batches[0]).toHaveLength(LINES_PER_BATCH_MAX + 1)
    expect(batches[0]?.at(-1)?.text).toBe('… 7 lines dropped')
    for (let i = 0; i < 100; i++) buffer.taken()
    expect(batches.flat()).toHaveLength(LINES_WAITING_MAX + 1)
  })

  test('flushes the last words without waiting', () => {
    const { buffer, batches } = setUp()
    for (let i = 0; i < LINES_PER_BATCH_MAX * 8; i++) buffer.push(line(`${i}`))
    buffer.flush()
    expect(batches.flat()).toHaveLength(LINES_PER_BATCH_MAX * 8)
  })

  test('counts what waits in characters, too: a few long lines are as much as many short ones', () => {
    const { time, buffer, batches } = setUp()
    const text = 'x'.repeat(16_384)
    for (let i = 0; i < LINES_WAITING_MAX; i++) buffer.push(line(text))
    time.runUntilIdle()
    const taken = CHARS_WAITING_MAX / text.length
    buffer.flush()
    const lines = batches.flat()
    expect(lines).toHaveLength(taken + 1)
    expect(lines.map((one) => one.text)).toContain(`… ${LINES_WAITING_MAX - taken} lines dropped`)
    buffer.push(line('again'))
    buffer.flush()
    expect(batches.at(-1)?.map((one) => one.text)).toEqual(['again'])
  })

  test('lets no more leave at a time than others can take, however quickly it is taken', () => {
    const time = new ManualScheduler()
    const leftAtMs: number[] = []
    const text = 'x'.repeat(16_384)
    const buffer: OutputBuffer = new OutputBuffer(time, (lines) => {
      for (const _line of lines) leftAtMs.push(time.nowMs())
      time.nextTurn(() => buffer.taken())
    })
    const count = CHARS_WAITING_MAX / text.length
    for (let i = 0; i < count; i++) buffer.push(line(text))
    time.runUntilIdle()
    expect(leftAtMs).toHaveLength(count)
    const rounds = Map.groupBy(leftAtMs, (ms) => Math.floor(ms / GATHER_MS))
    const most = Math.max(...[...rounds.values()].map((round) => round.length))
    expect(most * text.length).toBeLessThanOrEqual(CHARS_PER_GATHER_MAX)
  })
})
