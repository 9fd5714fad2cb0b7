// C40. The two-phase file sink, one checkpoint at a time: what is visible after a crash is what the checkpoint holds,
// whether the crash comes before, in the middle of, or behind the commit; chained or behind a shuffle; and when the next
// job restores it at another parallelism. Leftovers go, empty checkpoints make no file, nothing is ever overwritten.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { process } from '@weirjs/api/process-definitions'
import { struct } from '@weirjs/api/struct'
import { int } from '@weirjs/api/types'
import type { JobId } from '@weirjs/common/core/ids'
import type { CheckpointView } from '@weirjs/common/job-client'
import { ndjsonFiles } from '@weirjs/connectors/files/files'
import { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OutputFiles } from './src/output-files.ts'
import { paced } from './src/paced-source.ts'
import { VirtualCluster } from './src/virtual-cluster.ts'

const RECORDS = 900
const Numbered = struct('Numbered', { n: int() })
type Numbered = { readonly n: number }
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

describe('C40: exactly-once files', () => {
  let cluster: VirtualCluster
  let files: MemoryFileSystem
  let output: OutputFiles
  /** Numbers below it may leave the source; how many have reached the sink's task since the job began. */
  let gate: { limit: number; arrived: Set<number> }

  beforeEach(async () => {
    cluster = await VirtualCluster.start()
    files = new MemoryFileSystem()
    output = new OutputFiles(files, '/out')
    gate = { limit: 0, arrived: new Set() }
  })
  afterEach(() => cluster.close())

  /** Numbers into small files; checkpoints only when the test asks for one. */
  function numbering(shape: 'chained' | 'shuffled'): JobDefinition {
    const settings = {
      checkpoint: { every: 'off', retainOn: 'always', retained: 10 },
      restart: { strategy: 'fixed-delay', attempts: 10, delay: '1ms' },
    } as const
    return job('numbering', settings, (env) => {
      const arriving = process({
        uid: 'arriving',
        in: Numbered,
        out: Numbered,
        each: (record, ctx) => {
          gate.arrived.add(record.n)
          ctx.emit(record)
        },
      })
      const may = (n: number): boolean => n < gate.limit
      const numbers = env.from(
        paced({ type: Numbered, count: RECORDS, everyMs: 0.05, may, make: (n) => ({ n }) }),
        { uid: 'numbers' },
      )
      const routed = shape === 'shuffled' ? numbers.rebalance() : numbers
      const sink = ndjsonFiles('/out', Numbered, { fileSystem: files, roll: { bytes: 256 } })
      routed.process(arriving).to(sink, { uid: 'out' })
    })
  }

  const committed = (): readonly number[] =>
    output
      .read<Numbered>()
      .map(({ n }) => n)
      .toSorted((a, b) => a - b)

  /** Lets numbers below `limit` through, and waits until all of them are in the sink. */
  async function feed(id: JobId, limit: number): Promise<void> {
    gate.limit = limit
    await cluster.when(id, `${limit} records`, () => gate.arrived.size >= limit)
    await cluster.pass(10)
  }

  async function finishes(id: JobId): Promise<void> {
    gate.limit = RECORDS
    expect((await cluster.ended(id)).state).toBe('FINISHED')
    expect(committed()).toEqual(upTo(RECORDS))
    expect(output.staged).toEqual([])
  }

  /** A killed process does not tidy up: what it tries to do with its files from now on does not happen. */
  function killWithoutTidying(): void {
    const before = files.hook
    const left = new Set(output.staged)
    files.hook = (operation, path) =>
      left.has(path) ? new Promise(() => {}) : before(operation, path)
    const heard = cluster.onCall
    cluster.onCall = (call) => {
      if (call.method === 'allocate') files.hook = before
      return heard(call)
    }
    cluster.killTaskManager()
  }

  const crashes = [
    { when: 'before the commit', visibleAtCrash: 0 },
    { when: 'in the middle of the commit', visibleAtCrash: 1 },
    { when: 'behind the commit', visibleAtCrash: 300 },
  ] as const
  const cases = crashes.flatMap((crash) =>
    (['chained', 'shuffled'] as const).map((shape) => ({ ...crash, shape })),
  )

  it.each(cases)('$shape, crash $when', async ({ when, visibleAtCrash, shape }) => {
    let renames = 0
    files.hook = (operation) => {
      if (operation !== 'rename' || when !== 'in the middle of the commit') return
      renames += 1
      // The commit of each subtask stops for ever behind its first file.
      return renames > 2 && renames < 20 ? new Promise(() => {}) : undefined
    }
    if (when === 'before the commit') {
      cluster.onCall = ({ method }) => (method === 'notifyComplete' ? 'lose' : 'deliver')
    }
    const id = await cluster.submit(numbering(shape), { settings: { parallelism: 2 } })
    await feed(id, 300)
    const checkpoint = await cluster.triggerCheckpoint(id)
    expect(checkpoint.state).toBe('COMPLETED')
    await feed(id, 600)
    const seen = committed()
    if (visibleAtCrash !== 1) expect(seen).toEqual(upTo(visibleAtCrash))
    else expect(seen.length > 0 && seen.length < 300).toBe(true)
    const leftovers = output.staged
    expect(leftovers.length).toBeGreaterThan(0)

    renames = 100
    gate.limit = 300 // nothing new until we have looked
    killWithoutTidying()
    await cluster.when(
      id,
      'it runs again',
      ({ state, restarts }) => state === 'RUNNING' && restarts === 1,
    )
    expect((await cluster.describe(id)).attempts.at(0)?.restoredFrom).toBe(checkpoint.checkpointId)
    // Committed set = checkpointed set.
    expect(committed()).toEqual(upTo(300))

    // What the checkpoint does not know goes with the next one at the latest.
    cluster.onCall = () => 'deliver'
    await cluster.triggerCheckpoint(id)
    await cluster.pass(10)
    expect(output.staged.filter((path) => leftovers.includes(path))).toEqual([])
    expect(committed()).toEqual(upTo(300))
    await finishes(id)
  })

  it('leaves no file for a checkpoint in which nothing was written', async () => {
    const id = await cluster.submit(numbering('chained'), { settings: { parallelism: 2 } })
    await cluster.when(id, 'it runs', ({ state }) => state === 'RUNNING')
    for (let i = 0; i < 3; i++) await cluster.triggerCheckpoint(id)
    await cluster.pass(10)
    expect(files.paths()).toEqual([])
    await feed(id, 10)
    await cluster.triggerCheckpoint(id)
    await cluster.pass(10)
    const visible = output.visible
    expect(visible.length).toBeGreaterThan(0)
    for (let i = 0; i < 3; i++) await cluster.triggerCheckpoint(id)
    await cluster.pass(10)
    expect(output.visible).toEqual(visible)
    await finishes(id)
  })

  it('aborts what a failed checkpoint had prepared only together with its attempt, and commits it with the next', async () => {
    const id = await cluster.submit(numbering('chained'), { settings: { parallelism: 2 } })
    await feed(id, 100)
    cluster.onStorage = (operation, path) =>
      operation === 'create' && path.endsWith('/manifest')
        ? { verdict: 'fail', code: 'storage/full' }
        : { verdict: 'ok' }
    await expect(cluster.triggerCheckpoint(id)).rejects.toMatchObject({ code: 'checkpoint/failed' })
    await feed(id, 200)
    expect(committed()).toEqual([])
    cluster.onStorage = () => ({ verdict: 'ok' })
    await cluster.triggerCheckpoint(id)
    await cluster.pass(10)
    expect(committed()).toEqual(upTo(200))
    await finishes(id)
  })

  it('does not miss files that its reader has taken away, in the next attempt or the next job', async () => {
    const id = await cluster.submit(numbering('chained'), { settings: { parallelism: 2 } })
    await feed(id, 100)
    const checkpoint = await cluster.triggerCheckpoint(id)
    await cluster.pass(10)
    expect(committed()).toEqual(upTo(100))
    for (const path of output.visible) await cluster.run(files.remove(path))
    output = new OutputFiles(files, '/out')
    killWithoutTidying()
    await cluster.when(
      id,
      'it runs again',
      ({ state, restarts }) => state === 'RUNNING' && restarts === 1,
    )
    await cluster.cancel(id)

    const restoreFrom = checkpoint.path ?? ''
    const next = await cluster.submit(numbering('chained'), {
      restoreFrom,
      settings: { parallelism: 1 },
    })
    gate.limit = RECORDS
    expect((await cluster.ended(next)).state).toBe('FINISHED')
    expect(committed()).toEqual(upTo(RECORDS).slice(100))
  })

  it('writes beside what an earlier job of the same name has left', async () => {
    const first = await cluster.submit(numbering('chained'), { settings: { parallelism: 2 } })
    await finishes(first)
    const second = await cluster.submit(numbering('chained'), { settings: { parallelism: 2 } })
    expect((await cluster.ended(second)).state).toBe('FINISHED')
    expect(committed()).toEqual(upTo(RECORDS).flatMap((n) => [n, n]))
  })

  const scales = [
    { from: 1, to: [2, 3, 2, 1] },
    { from: 3, to: [1, 4, 2] },
    { from: 6, to: [5, 6] },
  ]
  const rescales = scales.flatMap((scale) =>
    ['before the commit', 'behind the commit'].map((when) => ({ ...scale, when })),
  )

  it.each(rescales)('restored at $from → $to, each crash $when', async ({ from, to, when }) => {
    const lose = when === 'before the commit'
    let restoreFrom: string | undefined
    let limit = 0
    for (const parallelism of [from, ...to]) {
      const settings = { settings: { parallelism } }
      const submit = restoreFrom === undefined ? settings : { ...settings, restoreFrom }
      const id = await cluster.submit(numbering('shuffled'), submit)
      await cluster.when(id, 'it runs', ({ state }) => state === 'RUNNING')
      // What the job before had checkpointed is there as soon as this one runs, and nothing else.
      expect(committed()).toEqual(upTo(limit))

      limit += 150
      cluster.onCall = ({ method }) => (lose && method === 'notifyComplete' ? 'lose' : 'deliver')
      await feed(id, limit)
      const checkpoint: CheckpointView = await cluster.triggerCheckpoint(id)
      await feed(id, limit + 50)
      gate.limit = limit
      gate.arrived = new Set(upTo(limit))
      cluster.onCall = () => 'deliver'
      await cluster.cancel(id)
      expect(committed()).toEqual(upTo(lose ? limit - 150 : limit))
      restoreFrom = checkpoint.path ?? ''
    }
    const settings = { parallelism: 2 }
    const last = await cluster.submit(numbering('shuffled'), {
      restoreFrom: restoreFrom ?? '',
      settings,
    })
    gate.limit = RECORDS
    expect((await cluster.ended(last)).state).toBe('FINISHED')
    expect(committed()).toEqual(upTo(RECORDS))
    expect(output.staged).toEqual([])
  })
})
