// C37. The end of input: the final checkpoint comes at once, whatever the interval, and commits everything; a failure
// behind the end of data brings ended subtasks back as ended; a source that has ended does not hold one that has not.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { keyedProcess, process } from '@weirjs/api/process-definitions'
import type { CheckpointOptions } from '@weirjs/api/settings'
import { value } from '@weirjs/api/state'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import { outOfOrder } from '@weirjs/api/watermarks'
import { ndjsonFiles } from '@weirjs/connectors/files/files'
import { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { generator } from '@weirjs/connectors/generator/generator'
import { collected, type CollectedSink } from '@weirjs/connectors/memory/collected'
import { afterEach, describe, expect, it } from 'vitest'
import { OutputFiles } from './src/output-files.ts'
import { paced } from './src/paced-source.ts'
import { slowStates } from './src/storage-faults.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const RECORDS = 500
const Numbered = struct('Numbered', { n: int() })
type Numbered = { readonly n: number }
const all = Array.from({ length: RECORDS }, (_, n) => n)
const numbersOf = (records: readonly Numbered[]): readonly number[] =>
  records.map(({ n }) => n).toSorted((a, b) => a - b)
const restart = { strategy: 'fixed-delay', attempts: 5, delay: '1ms' } as const

describe('C37: the final checkpoint', () => {
  let cluster: VirtualCluster
  afterEach(() => cluster.close())

  interface Bounded {
    readonly definition: JobDefinition
    readonly files: MemoryFileSystem
    readonly output: OutputFiles
    readonly counts: { made: number; finished: number }
  }

  /** Counts and shuffles numbers into files. `finish` adds a record of its own in each subtask: -1, -2. */
  function bounded(checkpoint: CheckpointOptions | 'off'): Bounded {
    const files = new MemoryFileSystem()
    const counts = { made: 0, finished: 0 }
    const make = (n: number): Numbered => {
      counts.made += 1
      return { n }
    }
    const definition = job('bounded', { parallelism: 2, checkpoint, restart }, (env) => {
      const closing = process({
        uid: 'closing',
        in: Numbered,
        out: Numbered,
        each: (record, ctx) => ctx.emit(record),
        finish: (ctx) => {
          counts.finished += 1
          ctx.emit({ n: -1 - ctx.subtask })
        },
      })
      env
        .from(generator({ count: RECORDS, perSecond: 10_000, type: Numbered, make }), {
          uid: 'numbers',
        })
        .keyBy('n')
        .reduce((_, record) => record, { uid: 'last' })
        .process(closing)
        .to(ndjsonFiles('/out', Numbered, { fileSystem: files }), { uid: 'out' })
    })
    return { definition, files, output: new OutputFiles(files, '/out'), counts }
  }

  it.each([
    { name: 'an interval of an hour', checkpoint: { every: '1h' } },
    { name: 'periodic checkpoints off', checkpoint: 'off' },
  ] as const)('commits all output at once with $name', async ({ checkpoint }) => {
    cluster = await VirtualCluster.start()
    const { definition, output, counts } = bounded(checkpoint)
    const id = await cluster.submit(definition)
    await cluster.when(id, 'records flow', () => counts.made > RECORDS / 2)
    expect(output.read()).toEqual([])
    const end = await cluster.ended(id)
    expect(end).toMatchObject({ state: 'FINISHED', restarts: 0 })
    expect(numbersOf(output.read())).toEqual([-2, -1, ...all])
    expect(output.staged).toEqual([])
    const [only, ...others] = await cluster.checkpoints(id)
    expect(only).toMatchObject({ kind: 'final', state: 'COMPLETED' })
    expect(others).toEqual([])
    expect(cluster.time.nowMs()).toBeLessThan(1_000)
  })

  it.each(['the TaskManager', 'the JobManager'])(
    'is taken again, from the beginning, when %s dies under the first of all',
    async (who) => {
      cluster = await VirtualCluster.start()
      cluster.onStorage = slowStates(200, 1)
      const { definition, output, counts } = bounded('off')
      const id = await cluster.submit(definition)
      await cluster.when(id, 'the end of data', () => counts.finished === 2)
      await cluster.pass(50)
      expect((await cluster.checkpoints(id)).at(0)).toMatchObject({
        kind: 'final',
        state: 'IN_PROGRESS',
      })
      if (who === 'the JobManager') await cluster.restartJobManager()
      else cluster.killTaskManager()
      const end = await cluster.ended(id)
      expect(end.state).toBe('FINISHED')
      expect(counts).toEqual({ made: 2 * RECORDS, finished: 4 })
      expect(numbersOf(output.read())).toEqual([-2, -1, ...all])
      expect(output.staged).toEqual([])
    },
  )

  it.each(['the TaskManager', 'the JobManager', 'both'])(
    'is committed and not run again when %s dies between its completion and the commits',
    async (who) => {
      cluster = await VirtualCluster.start()
      const { definition, files, output, counts } = bounded('off')
      let held = true
      files.hook = async (operation) => {
        while (operation === 'rename' && held) {
          await new Promise<void>((resolve) => cluster.time.timer(1, resolve))
        }
      }
      const id = await cluster.submit(definition)
      await cluster.when(id, 'it finishes', ({ state }) => state === 'FINISHING')
      await cluster.pass(20)
      expect(output.read()).toEqual([])
      if (who !== 'the JobManager') cluster.killTaskManager()
      held = false
      if (who !== 'the TaskManager') await cluster.restartJobManager()
      const end = await cluster.ended(id)
      expect(end.state).toBe('FINISHED')
      expect(counts).toEqual({ made: RECORDS, finished: 2 })
      expect(numbersOf(output.read())).toEqual([-2, -1, ...all])
      expect(output.staged).toEqual([])
    },
  )

  // ---- a source that ends beside one that does not ----

  const Event = struct('Event', { from: text(), n: int(), time: int() })
  type Event = { readonly from: string; readonly n: number; readonly time: number }
  const SHORT = 60

  interface Mix {
    readonly definition: JobDefinition
    readonly sink: CollectedSink<Event>
    readonly seen: { finished: number; shortDone: number; opened: number }
    /** The endless source goes no further than this. */
    limit: number
  }

  /** Both sources meet in a keyed step that answers each record by a timer at its event time. */
  function mix(): Mix {
    const sink = collected(Event)
    const seen = { finished: 0, shortDone: 0, opened: 0 }
    const it: Mix = { sink, seen, limit: 100, definition: undefined as unknown as JobDefinition }
    const settings = { parallelism: 2, checkpoint: { every: '20ms' }, restart } as const
    const definition = job('mix', settings, (env) => {
      const closing = process({
        uid: 'closing',
        in: Event,
        out: Event,
        open: () => void seen.opened++,
        each: (record, ctx) => ctx.emit(record),
        finish: (ctx) => {
          seen.finished += 1
          // Of no time of its own: behind everything in the short source.
          ctx.emit({ from: 'finish', n: ctx.subtask, time: SHORT })
        },
      })
      const waiting = keyedProcess({
        uid: 'waiting',
        in: Event,
        out: Event,
        each: (record, { timers, emit }) => {
          timers.at(record.time)
          if (record.from === 'finish') emit(record)
        },
        timer: (time, { emit, key }) => emit({ from: 'timer', n: Number(key), time }),
      })
      const events = (from: string, more: { count?: number; may?: (n: number) => boolean }) =>
        env.from(
          paced({ ...more, type: Event, everyMs: 0.5, make: (n) => ({ from, n, time: n }) }),
          { uid: from, watermarks: outOfOrder(0, (event) => event.time) },
        )
      const short = events('short', { count: SHORT }).process(closing)
      const long = events('long', { may: (n) => n < it.limit })
      short
        .union(long)
        .keyBy((event) => event.n)
        .process(waiting)
        .to(sink, { uid: 'sink' })
    })
    return Object.assign(it, { definition })
  }

  /** Timers that have fired and are committed: up to which time without a gap, and how many twice. */
  function fired(sink: CollectedSink<Event>): { upTo: number; twice: number } {
    const times = new Map<number, number>()
    for (const event of sink.items) {
      // Those of the last words lie at another time.
      if (event.from === 'timer' && event.time === event.n)
        times.set(event.n, (times.get(event.n) ?? 0) + 1)
    }
    let upTo = 0
    while (times.has(upTo)) upTo += 1
    return { upTo, twice: [...times.values()].filter((count) => count > 1).length }
  }

  const finishes = (sink: CollectedSink<Event>): readonly number[] =>
    sink.items
      .filter((event) => event.from === 'finish')
      .map(({ n }) => n)
      .toSorted((a, b) => a - b)

  it('leaves an endless source running, and its watermark free, when the other has ended', async () => {
    cluster = await VirtualCluster.start()
    const running = mix()
    const { definition, sink, seen } = running
    const id = await cluster.submit(definition)
    await cluster.when(id, 'the short source has ended', () => seen.finished === 2)
    await cluster.pass(400) // watermarks come every 200 ms
    expect(finishes(sink)).toEqual([0, 1])
    // Held at 100: all timers below have fired although the short source ended at 60.
    expect(fired(sink)).toEqual({ upTo: 98, twice: 0 })

    for (const blow of ['a TaskManager', 'the JobManager']) {
      const before = (await cluster.describe(id)).lastCheckpointId ?? 0
      if (blow === 'a TaskManager') cluster.killTaskManager()
      else await cluster.restartJobManager()
      running.limit += 100
      await cluster.when(
        id,
        'new checkpoints',
        ({ lastCheckpointId }) => (lastCheckpointId ?? 0) > before + 3,
      )
      await cluster.pass(600)
      expect(fired(sink), `after the loss of ${blow}`).toEqual({
        upTo: running.limit - 2,
        twice: 0,
      })
    }
    // Ended subtasks came back as ended: `finish` did not run again.
    expect(seen).toMatchObject({ finished: 2, opened: 6 })
    expect(finishes(sink)).toEqual([0, 1])
    expect((await cluster.cancel(id)).state).toBe('CANCELED')
  })

  it('brings ended subtasks back as ended in a job that resumes from the retained checkpoint', async () => {
    cluster = await VirtualCluster.start()
    const first = mix()
    const id = await cluster.submit(first.definition)
    await cluster.when(id, 'the short source has ended', () => first.seen.finished === 2)
    await cluster.pass(400)
    const last = await cluster.triggerCheckpoint(id)
    await cluster.cancel(id)

    const second = mix()
    second.limit = 200
    const again = await cluster.submit(second.definition, { restoreFrom: last.path ?? '' })
    await cluster.whenCompleted(again, last.checkpointId + 3)
    await cluster.pass(600)
    expect(second.seen).toMatchObject({ finished: 0, opened: 2 })
    const both = [...first.sink.items, ...second.sink.items]
    expect(fired({ ...second.sink, items: both })).toEqual({ upTo: 198, twice: 0 })
    await cluster.cancel(again)
  })

  it('restores a step of which some subtasks have ended, as it was and dealt out anew', async () => {
    cluster = await VirtualCluster.start()
    const sink = collected(Numbered)
    const seen = { finished: 0 }
    let limit = 100
    const checkpoints = { every: '20ms', retained: 100, retainOn: 'always' } as const
    const settings = { parallelism: 2, checkpoint: checkpoints, restart } as const
    const definition = job('partly-ended', settings, (env) => {
      const closing = process({
        uid: 'closing',
        in: Numbered,
        out: Numbered,
        each: (record, ctx) => ctx.emit(record),
        finish: () => void seen.finished++,
      })
      // The even numbers are one reader's and end early; the odd ones the other's.
      const may = (n: number): boolean => n % 2 === 0 || n < limit
      env
        .from(paced({ type: Numbered, count: RECORDS, everyMs: 0.1, may, make: (n) => ({ n }) }), {
          uid: 'numbers',
        })
        .process(closing)
        .to(sink, { uid: 'sink' })
    })
    const id = await cluster.submit(definition)
    await cluster.when(id, 'one reader has ended', () => seen.finished === 1)
    const checkpoint = await cluster.triggerCheckpoint(id)
    cluster.killTaskManager()
    limit = RECORDS
    expect(await cluster.ended(id)).toMatchObject({ state: 'FINISHED', restarts: 1 })
    expect(seen.finished).toBe(2)
    expect(numbersOf(sink.items)).toEqual(all)

    // That checkpoint again, dealt out to three: what the ended one had finished is not finished again.
    const before = sink.items.length
    const restoreFrom = checkpoint.path ?? ''
    const again = await cluster.submit(definition, { restoreFrom, settings: { parallelism: 3 } })
    expect((await cluster.ended(again)).state).toBe('FINISHED')
    const more = numbersOf(sink.items.slice(before))
    expect(more.filter((n) => n % 2 === 0)).toEqual([])
    expect(more.at(0)).toBeLessThanOrEqual(99 + 2)
    expect(more).toEqual(all.filter((n) => n % 2 === 1 && n >= (more.at(0) ?? 0)))
  })

  it('lets nothing of an ended step run again: timers that it has left stay silent', async () => {
    cluster = await VirtualCluster.start()
    const sink = collected(Numbered)
    const seen = { fired: 0, finished: 0 }
    const settings = { parallelism: 1, checkpoint: { every: '20ms' }, restart } as const
    const definition = job('left-behind', settings, (env) => {
      const leaving = keyedProcess({
        uid: 'leaving',
        in: Numbered,
        out: Numbered,
        key: int(),
        state: { last: value(int()) },
        each: (record, { state, timers, emit }) => {
          state.last.set(record.n)
          timers.after('1s')
          emit(record)
        },
        timer: (_, { key, emit }) => {
          seen.fired += 1
          emit({ n: 1_000 + key })
        },
        finishKey: ({ key, timers, emit }) => {
          seen.finished += 1
          timers.at(key) // the watermark has passed it already
          emit({ n: -1 - key })
        },
      })
      const numbers = (more: { count?: number }) =>
        paced({ ...more, type: Numbered, everyMs: 1, make: (n) => ({ n }) })
      env
        .from(numbers({ count: 3 }), { uid: 'bounded' })
        .keyBy((record) => record.n)
        .process(leaving)
        .to(sink, { uid: 'sink' })
      env.from(numbers({}), { uid: 'endless' }).to(collected(Numbered), { uid: 'nobody' })
    })
    const id = await cluster.submit(definition)
    await cluster.when(id, 'the bounded source has ended', () => seen.finished === 3)
    const { checkpointId } = await cluster.triggerCheckpoint(id)
    const committed = [-3, -2, -1, 0, 1, 2]
    await cluster.pass(2_000)
    expect(numbersOf(sink.items)).toEqual(committed)

    await cluster.restartJobManager()
    await cluster.whenCompleted(id, checkpointId + 200)
    await cluster.pass(2_000)
    expect(seen).toEqual({ fired: 0, finished: 3 })
    expect(numbersOf(sink.items)).toEqual(committed)
    await cluster.cancel(id)
  })
})
