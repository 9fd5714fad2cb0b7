import type { ReaderContext, SourceOutput } from '@weirjs/api/connector'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { describe, expect, it } from 'vitest'
import { generator } from './generator.ts'
import { splitLength } from './generator-reader.ts'

class Gather implements SourceOutput<number> {
  readonly got: (readonly [number, number])[] = []
  readonly begun: string[] = []
  readonly wanted = true
  emit(value: number, timestamp: number): void {
    this.got.push([value, timestamp])
  }
  beginSplit(splitId: string): void {
    this.begun.push(splitId)
  }
  endSplit(): void {}
  watermark(): void {}
  deadLetter(): void {}
}

function readers(
  source: ReturnType<typeof generator<number>>,
  parallelism: number,
  scheduler = new ManualScheduler(),
) {
  const enumerator = source.createEnumerator(
    { parallelism, restarted: false, scheduler, wake: () => {} },
    null,
  )
  const made = Array.from({ length: parallelism }, (_, subtask) => {
    const wakes = { count: 0 }
    const context: ReaderContext = { subtask, parallelism, scheduler, wake: () => wakes.count++ }
    return { reader: source.createReader(context), output: new Gather(), wakes }
  })
  const polled = enumerator.poll()
  if (Array.isArray(polled))
    for (const { subtask, split } of polled) made[subtask]?.reader.addSplits([split])
  expect(enumerator.poll()).toBe('end')
  return made
}

describe('generator', () => {
  it('deals blocks of 1,000 numbers out over its splits', () => {
    const source = generator({ make: (n) => n, count: 5_500 })
    const [a, b] = readers(source, 2)
    for (const each of [a, b]) while (each?.reader.poll(each.output, 700) === 'more');
    const numbers = (each: typeof a): readonly number[] => each?.output.got.map(([n]) => n) ?? []
    expect(numbers(a)).toEqual([...range(0, 1_000), ...range(2_000, 3_000), ...range(4_000, 5_000)])
    expect(numbers(b)).toEqual([
      ...range(1_000, 2_000),
      ...range(3_000, 4_000),
      ...range(5_000, 5_500),
    ])
    expect(splitLength(5_500, 1, 2, 1_000)).toBe(2_500)
  })

  it('gives event times when it is told how', () => {
    const timed = generator({ make: (n) => n, count: 2, timestamp: (n) => 100 + n })
    const plain = generator({ make: (n) => n, count: 1 })
    const times = [timed, plain].map((source) => {
      const [only] = readers(source, 1)
      only?.reader.poll(only.output, 10)
      return only?.output.got.map(([, time]) => time)
    })
    expect(times).toEqual([[100, 101], [NO_TIMESTAMP]])
  })

  it('keeps to its rate over all subtasks', () => {
    const scheduler = new ManualScheduler()
    const made = readers(generator({ make: (n) => n, perSecond: 1_000 }), 2, scheduler)
    for (let ms = 0; ms < 100; ms++) {
      for (const { reader, output } of made) reader.poll(output, 1_000_000)
      scheduler.advance(1)
    }
    const total = made.reduce((sum, each) => sum + each.output.got.length, 0)
    expect(total).toBeGreaterThanOrEqual(96)
    expect(total).toBeLessThanOrEqual(100)
    expect(made[0]?.wakes.count).toBeGreaterThan(0)
  })

  it('keeps to its rate when its splits are of different lengths, or have nothing', () => {
    const scheduler = new ManualScheduler()
    const made = readers(
      generator({ make: (n) => n, count: 1_300, perSecond: 1_000 }),
      3,
      scheduler,
    )
    let ms = 0
    for (; ms < 10_000 && made.some(({ reader }) => !reader.idle); ms++) {
      for (const { reader, output } of made) reader.poll(output, 1_000_000)
      scheduler.advance(1)
    }
    expect(made.map(({ output }) => output.got.length)).toEqual([1_000, 300, 0])
    expect(ms).toBeGreaterThanOrEqual(1_300)
    expect(ms).toBeLessThanOrEqual(1_310)
  })

  it('deals smaller blocks out when it is told to', () => {
    const made = readers(generator({ make: (n) => n, count: 10, blockRecords: 2 }), 2)
    for (const { reader, output } of made) while (reader.poll(output, 700) === 'more');
    expect(made.map(({ output }) => output.got.map(([n]) => n))).toEqual([
      [0, 1, 4, 5, 8, 9],
      [2, 3, 6, 7],
    ])
    expect(() => generator({ make: (n) => n, blockRecords: 0 })).toThrow('blockRecords is 0')
  })

  it('keeps to its rate when one of its splits has ended', () => {
    const scheduler = new ManualScheduler()
    const [only, other] = readers(
      generator({ make: (n) => n, count: 2_000, perSecond: 1_000 }),
      2,
      scheduler,
    )
    // As after a restore with fewer subtasks: one reader has both splits, one of them nearly done.
    const rest = other?.reader.snapshot() ?? []
    only?.reader.addSplits(rest.map((split) => ({ ...split, next: 900 })))
    let ms = 0
    while (only?.reader.poll(only.output, 1_000_000) !== 'wait' || !only.reader.idle) {
      scheduler.advance(1)
      ms += 1
      if (ms > 10_000) break
    }
    expect(only?.output.got).toHaveLength(1_100)
    // 100 records of each split at full rate, then 900 at half of it.
    expect(ms).toBeGreaterThanOrEqual(1_990)
    expect(ms).toBeLessThanOrEqual(2_010)
  })

  it('begins all its splits before the first record of one, so that no other one is late', () => {
    const [only, other] = readers(generator({ make: (n) => n, count: 2_000 }), 2)
    const rest = other?.reader.snapshot() ?? []
    only?.reader.addSplits(rest.map((split) => ({ ...split, next: 900 })))
    expect(only?.reader.poll(only.output, 1)).toBe('more')
    expect(only?.output.got).toHaveLength(1)
    expect(new Set(only?.output.begun)).toEqual(new Set(['generator-0', 'generator-1']))
    while (only?.reader.poll(only.output, 300) === 'more');
    // Whose records come is said again when another one has ended.
    const last = only?.output.begun.lastIndexOf('generator-1') ?? 0
    expect(only?.output.begun.slice(last + 1)).toContain('generator-0')
  })

  it('refuses counts and rates that mean nothing', () => {
    expect(() => generator({ make: (n) => n, count: 1.5 })).toThrow('count is 1.5')
    expect(() => generator({ make: (n) => n, perSecond: 0 })).toThrow('perSecond is 0')
  })
})

const range = (first: number, end: number): number[] =>
  Array.from({ length: end - first }, (_, i) => first + i)
