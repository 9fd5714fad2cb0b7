import { describe, expect, test } from 'vitest'
import { intCodec } from '@weirjs/common/codec/primitives'
import type { Codec } from '@weirjs/common/core/codec'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import type {
  Assignment,
  EnumeratorContext,
  ReaderContext,
  Source,
  SourceOutput,
  SourceReader,
  SourceWork,
  SplitEnumerator,
} from '@weirjs/api/connector'
import type { WatermarkRuntime } from '@weirjs/api/functions'
import { Collected, HarnessContext } from './harness-context.ts'
import { dealLists, snapshotNow } from './harness-snapshot.ts'
import type { OperatorSnapshotInMemory } from './harness-snapshot.ts'
import { HINT_INTERVAL_MS, SourceEnumeratorOperator, SourceReaderOperator } from './source.ts'
import { WATERMARK_INTERVAL_MS } from './source-output.ts'

/** A split is a run of numbers [next, end) that are their own time stamps. */
interface Range {
  readonly id: string
  readonly next: number
  readonly end: number
}

const rangeCodec: Codec<Range> = {
  descriptor: { name: 'test/range', version: 1 },
  write(sink, { id, next, end }) {
    sink.text(id)
    sink.varint(next)
    sink.varint(end)
  },
  read: (source) => ({ id: source.text(), next: source.varint(), end: source.varint() }),
}

class Ranges implements SplitEnumerator<Range, number> {
  readonly #context: EnumeratorContext
  readonly #idle: number[] = []
  #given: number
  started = false

  constructor(context: EnumeratorContext, given: number) {
    this.#context = context
    this.#given = given
  }

  async start(): Promise<void> {
    await Promise.resolve()
    this.started = true
  }

  readerIdle(subtask: number): void {
    if (!this.#idle.includes(subtask)) this.#idle.push(subtask)
    this.#context.wake()
  }

  poll(): readonly Assignment<Range>[] | 'wait' | 'end' {
    if (this.#given === SPLITS) return 'end'
    const subtask = this.#idle.shift()
    if (subtask === undefined) return 'wait'
    const next = this.#given * 1_000
    this.#given += 1
    return [{ subtask, split: { id: `r${next}`, next, end: next + 1_000 } }]
  }

  snapshot(): number {
    return this.#given
  }

  async close(): Promise<void> {}
}

const SPLITS = 4

class RangeReader implements SourceReader<number, Range> {
  splits: Range[] = []
  /** Parallel reading: records alternate between splits. */
  readonly #interleaved: boolean

  constructor(interleaved: boolean) {
    this.#interleaved = interleaved
  }

  addSplits(splits: readonly Range[]): void {
    this.splits.push(...splits)
  }

  poll(output: SourceOutput<number>, max: number): 'more' | 'wait' {
    for (let i = 0; i < max && output.wanted; i++) {
      const split = this.splits.shift()
      if (split === undefined) return 'wait'
      output.beginSplit(split.id)
      output.emit(split.next, split.next)
      const rest = { ...split, next: split.next + 1 }
      if (rest.next === rest.end) output.endSplit(split.id)
      else if (this.#interleaved) this.splits.push(rest)
      else this.splits.unshift(rest)
    }
    return this.splits.length > 0 ? 'more' : 'wait'
  }

  get idle(): boolean {
    return this.splits.length === 0
  }

  snapshot(): readonly Range[] {
    return [...this.splits]
  }

  async close(): Promise<void> {}
}

const source = (interleaved = false): Source => ({
  description: 'ranges of numbers',
  bounded: true,
  record: intCodec as unknown as Codec,
  splitCodec: rangeCodec as unknown as Codec,
  enumeratorStateCodec: intCodec as unknown as Codec,
  createEnumerator: (context: EnumeratorContext, restored: unknown) =>
    new Ranges(context, (restored as number | null) ?? 0),
  createReader: (_context: ReaderContext) =>
    new RangeReader(interleaved) as unknown as SourceReader<unknown, unknown>,
})

interface UnderTest<O> {
  readonly operator: O
  readonly collected: Collected
  readonly scheduler: ManualScheduler
  ready: boolean
}

function build<O>(
  make: (context: HarnessContext) => O,
  snapshots: readonly OperatorSnapshotInMemory[] = [],
  subtask = 0,
  parallelism = 1,
): UnderTest<O> {
  const collected = new Collected()
  const scheduler = new ManualScheduler()
  const world = { collected, scheduler, ready: true } as UnderTest<O>
  const context = new HarnessContext({
    collected,
    scheduler,
    keyed: null,
    restored: dealLists(snapshots, subtask, parallelism),
    subtask,
    parallelism,
    consumers: 2,
    outputReady: () => world.ready,
  })
  return Object.assign(world, { operator: make(context) })
}

const enumerator = (
  snapshots: readonly OperatorSnapshotInMemory[] = [],
  of: Source = source(),
): UnderTest<SourceEnumeratorOperator> =>
  build(
    (context) => new SourceEnumeratorOperator({ kind: 'source-enumerator', source: of }, context),
    snapshots,
  )

function reader(
  o: {
    watermarks?: WatermarkRuntime
    interleaved?: boolean
    snapshots?: readonly OperatorSnapshotInMemory[]
    subtask?: number
    parallelism?: number
    work?: SourceWork<Range, number>
  } = {},
): UnderTest<SourceReaderOperator> {
  const runtime = {
    kind: 'source-reader',
    source: {
      ...source(o.interleaved),
      ...(o.work === undefined ? {} : { work: o.work }),
    } as Source,
    watermarks: o.watermarks ?? null,
  } as const
  return build(
    (context) => new SourceReaderOperator(runtime, context),
    o.snapshots,
    o.subtask,
    o.parallelism,
  )
}

const take = (
  operator: SourceEnumeratorOperator | SourceReaderOperator,
): OperatorSnapshotInMemory => snapshotNow({ operator, keyed: null, checkpointId: 1 })

const stamped = (outOfOrderMs: number, idleAfterMs: number | null = null): WatermarkRuntime => ({
  timestamp: (value) => value as number,
  outOfOrderMs,
  idleAfterMs,
})

describe('enumerator', () => {
  test('gives splits to readers that ask, until there are none', async () => {
    const { operator, collected } = enumerator()
    operator.restore()
    await operator.open()
    expect(operator.poll()).toBe('wait')
    operator.onDownstreamHint(1)
    expect(collected.wakes).toBeGreaterThan(0)
    expect(operator.poll()).toBe('more')
    expect(operator.poll()).toBe('wait')
    expect(collected.main.map(({ value }) => value)).toEqual([
      { subtask: 1, split: { id: 'r0', next: 0, end: 1_000 } },
    ])
    for (let i = 1; i < SPLITS; i++) {
      operator.onDownstreamHint(0)
      operator.poll()
    }
    expect(operator.poll()).toBe('end')
    operator.onDownstreamHint(0)
    expect(operator.poll()).toBe('end')
    expect(collected.main).toHaveLength(SPLITS)
  })

  test('goes on after a restore with what was not handed out, also when it had ended', async () => {
    const first = enumerator()
    first.operator.restore()
    await first.operator.open()
    first.operator.onDownstreamHint(0)
    first.operator.poll()
    const second = enumerator([take(first.operator)])
    second.operator.restore()
    await second.operator.open()
    second.operator.onDownstreamHint(0)
    second.operator.poll()
    expect(second.collected.main[0]?.value).toMatchObject({ split: { id: 'r1000' } })
    for (let i = 2; i < SPLITS; i++) {
      second.operator.onDownstreamHint(0)
      second.operator.poll()
    }
    expect(second.operator.poll()).toBe('end')
    const third = enumerator([take(second.operator)])
    third.operator.restore()
    await third.operator.open()
    expect(third.operator.poll()).toBe('end')
  })

  test('knows whether its job has run before, also as another one whose checkpoint it resumes', async () => {
    const told: boolean[] = []
    const watched: Source = {
      ...source(),
      createEnumerator: (context, restored) => {
        told.push(context.restarted)
        return source().createEnumerator(context, restored)
      },
    }
    let snapshots: readonly OperatorSnapshotInMemory[] = []
    for (let job = 0; job < 2; job++) {
      const { operator } = enumerator(snapshots, watched)
      operator.restore()
      await operator.open()
      snapshots = [take(operator)]
    }
    expect(told).toEqual([false, true])
  })

  test('hands out nothing while its output has no credit', async () => {
    const world = enumerator()
    world.operator.restore()
    await world.operator.open()
    world.operator.onDownstreamHint(0)
    world.ready = false
    expect(world.operator.poll()).toBe('more')
    expect(world.collected.main).toHaveLength(0)
    world.ready = true
    world.operator.poll()
    expect(world.collected.main).toHaveLength(1)
  })
})

describe('reader', () => {
  test('asks for splits while it has none, again and again, and stops when it gets one', () => {
    const { operator, collected, scheduler } = reader()
    operator.restore()
    operator.open()
    expect(operator.poll()).toBe('wait')
    expect(collected.hints).toBe(1)
    expect(operator.poll()).toBe('wait')
    expect(collected.hints).toBe(1)
    scheduler.advance(HINT_INTERVAL_MS * 3)
    expect(collected.hints).toBe(4)
    operator.process({ id: 'r', next: 0, end: 300 })
    scheduler.advance(HINT_INTERVAL_MS * 3)
    expect(collected.hints).toBe(4)
    expect(operator.poll()).toBe('more')
    expect(operator.poll()).toBe('wait')
    expect(collected.main).toHaveLength(300)
    expect(collected.hints).toBe(5)
  })

  test('is at its end when the channel of splits has ended and nothing is left', () => {
    const { operator, collected, scheduler } = reader()
    operator.restore()
    operator.open()
    operator.process({ id: 'r', next: 0, end: 300 })
    operator.onInputEnd()
    expect(operator.poll()).toBe('more')
    expect(operator.poll()).toBe('end')
    scheduler.advance(1_000)
    expect(collected.hints).toBe(0)
  })

  test.each([
    [300, 300],
    [null, null],
    [-1, null],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
  ])('work of %d that is left is told as %d', (left, told) => {
    const { operator } = reader({ work: { ofSplit: () => left, ofEnumerator: () => left } })
    operator.restore()
    operator.open()
    operator.process({ id: 'r', next: 0, end: 300 })
    expect(operator.workLeft).toBe(told)
  })

  test('emits nothing while its output has no credit', () => {
    const world = reader()
    world.operator.restore()
    world.operator.open()
    world.operator.process({ id: 'r', next: 0, end: 10 })
    world.ready = false
    expect(world.operator.poll()).toBe('more')
    expect(world.collected.main).toHaveLength(0)
  })

  test('its splits are dealt out on a rescale with their positions', () => {
    const first = reader({ interleaved: true })
    first.operator.restore()
    first.operator.open()
    first.operator.process({ id: 'a', next: 0, end: 1_000 })
    first.operator.process({ id: 'b', next: 5_000, end: 6_000 })
    first.operator.poll()
    const snapshots = [take(first.operator)]
    const values = first.collected.main.map(({ value }) => value as number)
    for (const subtask of [0, 1]) {
      const { operator, collected } = reader({ snapshots, subtask, parallelism: 2 })
      operator.restore()
      operator.open()
      operator.onInputEnd()
      while (operator.poll() !== 'end') continue
      values.push(...collected.main.map(({ value }) => value as number))
    }
    const expected = Array.from({ length: 2_000 }, (_, i) => (i < 1_000 ? i : i + 4_000))
    expect(values.sort((a, b) => a - b)).toEqual(expected)
  })

  test('stamps records, and its watermark is behind the lowest of its splits', () => {
    const { operator, collected, scheduler } = reader({
      watermarks: stamped(10),
      interleaved: true,
    })
    operator.restore()
    operator.open()
    operator.process({ id: 'a', next: 0, end: 1_000 })
    operator.process({ id: 'b', next: 500, end: 1_500 })
    operator.poll()
    expect(collected.main[1]).toEqual({ value: 500, timestamp: 500 })
    scheduler.advance(WATERMARK_INTERVAL_MS)
    operator.poll()
    expect(collected.watermark).toBe(255 - 11)
    while (operator.poll() === 'more') scheduler.advance(WATERMARK_INTERVAL_MS)
    expect(collected.watermark).toBeLessThanOrEqual(1_499 - 11)
  })

  test('a split that ended holds the watermark no longer; without splits it stays', () => {
    const { operator, collected, scheduler } = reader({ watermarks: stamped(0) })
    operator.restore()
    operator.open()
    operator.process({ id: 'a', next: 0, end: 100 })
    operator.process({ id: 'b', next: 400, end: 500 })
    operator.poll()
    scheduler.advance(WATERMARK_INTERVAL_MS)
    operator.poll()
    const reached = collected.watermark
    expect(reached).toBeLessThanOrEqual(498)
    scheduler.advance(10_000)
    operator.poll()
    expect(collected.watermark).toBe(reached)
    expect(collected.idle).toBe(false)
  })

  test('a time stamp that is no number fails the task', () => {
    const { operator } = reader({ watermarks: { ...stamped(0), timestamp: () => Number.NaN } })
    operator.restore()
    operator.open()
    operator.process({ id: 'a', next: 0, end: 100 })
    expect(() => operator.poll()).toThrow(expect.objectContaining({ code: 'job/bad-timestamp' }))
  })
})
