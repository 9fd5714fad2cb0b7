// Jobs that throw, and checkpoints and job logs that are damaged, on one real cluster: what cannot be right is refused by
// name, nothing is restored by half, nothing older is taken in silence, nothing is lost or said twice, and another job
// notices nothing.

import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { CheckpointView } from '@weirjs/common/job-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, GoodNeighbour, jobFile } from './good-neighbour.ts'
import { type Ran, until, WeirKit } from './weir-kit.ts'

const TALLY = jobFile('tally.ts')
const FAILING = jobFile('failing-sink.ts')

let kit: WeirKit
let neighbour: GoodNeighbour
beforeAll(async () => {
  kit = await WeirKit.start({ taskManagers: 1, slots: 8 })
  neighbour = await GoodNeighbour.moveIn(kit)
})
afterAll(() => kit[Symbol.asyncDispose]())

const detached = async (...words: readonly string[]): Promise<string> =>
  (await kit.json<{ jobId: string }>('run', '-d', ...words)).jobId

/** The numbers in the finished files of FAILING, sorted. */
const numbers = (output: string): readonly number[] =>
  existsSync(kit.path(output))
    ? kit
        .rows<{ n: number }>(kit.path(output))
        .map(({ n }) => n)
        .toSorted((a, b) => a - b)
    : []
const upTo = (records: number): readonly number[] => Array.from({ length: records }, (_, n) => n)

/** Ways to damage a file. */
const DAMAGE = {
  missing: (path: string): void => rmSync(path),
  truncated: (path: string): void => truncateSync(path, 40),
  flipped: (path: string): void => {
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4
    chmodSync(path, 0o600)
    writeFileSync(path, bytes)
  },
} as const
type Damage = keyof typeof DAMAGE

/** Damages a file; disposing of what is answered brings it back. */
function damage(path: string, how: Damage): Disposable {
  const bytes = readFileSync(path)
  DAMAGE[how](path)
  return {
    [Symbol.dispose]: () => {
      rmSync(path, { force: true })
      writeFileSync(path, bytes)
    },
  }
}

const manifestOf = ({ path }: CheckpointView): string =>
  join((path ?? '').replace(/\/manifest$/, ''), 'manifest')

function stateFileOf(view: CheckpointView): string {
  const directory = dirname(manifestOf(view))
  const name = readdirSync(directory).find((one) => one.endsWith('.state'))
  return join(directory, name ?? 'no state file')
}

describe('a job that throws loses nothing', () => {
  const RECORDS = 800

  test.concurrent.each(['map', 'snapshot', 'flush', 'commit'])(
    'once in %s: restarted, and exact',
    async (where) => {
      const output = `once-${where}`
      const args = ['--output', output, '--where', where, '--times', '1']
      const ran = await kit.weir('run', FAILING, ...args)
      expect(ran.err).toMatch(new RegExp(`thrown in ${where} \\(.*failing-sink\\.ts:\\d+`))
      expect(ran.code, ran.err).toBe(0)
      expect(numbers(output)).toEqual(upTo(RECORDS))
      await neighbour.isUndisturbed()
    },
  )

  // Always in map: see misbehaving-jobs.test.ts.
  test.concurrent.each(['snapshot', 'commit'])(
    'always in %s: failed, and the mended job goes on where it was',
    async (where) => {
      const output = `always-${where}`
      const name = ['--name', output]
      const ran = await kit.weir('run', ...name, FAILING, '--output', output, '--where', where)
      const line = ran.err.split('\n').findLast((one) => one.startsWith('error: ')) ?? ''
      expect(line).toMatch(/operator 'failing' \(uid failing\)/)
      expect(line).toMatch(new RegExp(`thrown in ${where} \\(.*failing-sink\\.ts:\\d+`))
      expect(line).toContain('[job/user-code-failed]')
      expect(ran.code).toBe(1)
      // What was committed before is whole; what was not is not visible.
      expect(numbers(output)).toEqual(upTo(numbers(output).length))
      const failed = (await kit.client.list()).find((job) => job.name === output)
      expect(failed?.state).toBe('FAILED')
      const from = failed?.lastCheckpointId === null ? [] : ['-s', failed?.jobId ?? '']
      const args = ['--output', output, '--where', 'nowhere']
      const mended = await kit.weir('run', ...from, FAILING, ...args)
      expect(mended.code, mended.err).toBe(0)
      expect(numbers(output)).toEqual(upTo(RECORDS))
      await neighbour.isUndisturbed()
    },
  )
})

describe('a restore that cannot be right', () => {
  let jobId: string
  /** Oldest first. */
  let checkpoints: readonly CheckpointView[]
  const tallied = (output: string): number =>
    existsSync(kit.path(output))
      ? kit.rows<{ count: number }>(kit.path(output)).reduce((sum, { count }) => sum + count, 0)
      : 0

  beforeAll(async () => {
    jobId = await detached(TALLY, '--output', 'tally', '--perSecond', '300')
    await until(
      () => kit.client.describe(jobId),
      ({ lastCheckpointId }) => (lastCheckpointId ?? 0) >= 3,
    )
    await kit.weir('job', 'cancel', jobId)
    checkpoints = (await kit.client.checkpoints(jobId))
      .filter(({ path }) => path !== null)
      .toSorted((a, b) => a.checkpointId - b.checkpointId)
    expect(checkpoints.length).toBeGreaterThanOrEqual(3)
  })

  const newest = (): CheckpointView => checkpoints.at(-1) as CheckpointView
  const restore = (from: string | null, ...words: readonly string[]): Promise<Ran> =>
    kit.weir('run', '-s', from ?? 'none', ...words)

  async function isRefused(ran: Ran, code: string | RegExp): Promise<void> {
    expect(errorOf(ran)).toMatch(code)
    expect(ran.err).toMatch(/^hint: /m)
    expect(ran.out).toBe('')
    // Nothing was restored by half, and nothing older was taken instead.
    expect(tallied('refused')).toBe(0)
    await neighbour.isUndisturbed()
  }

  test.each([
    [
      ['-D', 'pipeline.max-parallelism=8', TALLY],
      /maximum parallelism 8, its state 16.*\[restore\/max-parallelism\]/,
    ],
    [
      [TALLY, '--uid', 'renamed'],
      /state "count" of operator tally \(20 entries\).*\[restore\/unclaimed-state\]/,
    ],
    [
      [TALLY, '--type', 'text'],
      /written as int, now declared as text.*\[restore\/incompatible-state\]/,
    ],
  ])('into another graph: %j', async (words, says) => {
    const jobs = (await kit.client.list()).length
    const ran = await restore(newest().path, ...words, '--output', 'refused')
    await isRefused(ran, says)
    expect(ran.code).toBe(1)
    expect((await kit.client.list()).length).toBe(jobs)
  })

  test.each([
    { what: 'state file', how: 'missing', by: 'path', exit: 1 },
    { what: 'state file', how: 'truncated', by: 'path', exit: 1 },
    { what: 'state file', how: 'flipped', by: 'path', exit: 1 },
    { what: 'state file', how: 'flipped', by: 'job', exit: 1 },
    { what: 'manifest', how: 'missing', by: 'path', exit: 4 },
    { what: 'manifest', how: 'missing', by: 'job', exit: 4 },
    { what: 'manifest', how: 'truncated', by: 'path', exit: 1 },
    { what: 'manifest', how: 'flipped', by: 'job', exit: 1 },
  ] as const)('by $by, of a checkpoint whose $what is $how', async ({ what, how, by, exit }) => {
    const path = what === 'manifest' ? manifestOf(newest()) : stateFileOf(newest())
    using _broken = damage(path, how)
    const ran = await restore(by === 'job' ? jobId : newest().path, TALLY, '--output', 'refused')
    await isRefused(ran, /\[(state\/file-(damaged|missing)|restore\/not-found)\]/)
    expect(ran.err).toContain(by === 'path' && exit === 4 ? dirname(path) : path)
    expect(ran.code).toBe(exit)
  })

  test('and when the file is back, the same command succeeds', async () => {
    const ran = await restore(jobId, TALLY, '--output', 'tally', '--perSecond', '100000')
    expect(ran.code, ran.err).toBe(0)
    expect(tallied('tally')).toBe(4_000)
    await neighbour.isUndisturbed()
  })
})

describe('a running job', () => {
  // Fifty seconds of work: two commands and the damage fit into it on a busy machine.
  const RECORDS = 100_000

  test('whose newest checkpoint is damaged fails by the name of the file, and does not go back', async () => {
    const output = 'own-damage'
    const flags = ['-D', 'execution.checkpointing.interval=1h']
    const args = ['--output', output, '--where', 'told', '--records', `${RECORDS}`]
    const id = await detached(...flags, FAILING, ...args, '--perSecond', '2000')
    await until(
      () => kit.client.describe(id),
      ({ state }) => state === 'RUNNING',
    )
    await kit.json('checkpoint', 'trigger', id)
    const second = await kit.json<CheckpointView>('checkpoint', 'trigger', id)
    const committed = await until(
      async () => numbers(output),
      (seen) => seen.length > 0,
    )
    const broken = damage(stateFileOf(second), 'flipped')
    writeFileSync(kit.path(`${output}.throw`), '')
    const ran = await kit.weir('job', 'wait', id)
    expect(errorOf(ran)).toContain(stateFileOf(second))
    expect(errorOf(ran)).toContain('[state/file-damaged]')
    expect(ran.err).toMatch(/^hint: .*-s/m)
    expect(ran.code).toBe(1)
    expect(numbers(output).length).toBeGreaterThanOrEqual(committed.length)
    expect(numbers(output)).toEqual(upTo(numbers(output).length))
    await neighbour.isUndisturbed()

    broken[Symbol.dispose]()
    const mended = await kit.weir('run', '-s', id, FAILING, ...args, '--perSecond', '1000000')
    expect(mended.code, mended.err).toBe(0)
    expect(numbers(output)).toEqual(upTo(RECORDS))
  })
})

// The last one: the JobManager is killed, which every job feels.
describe('a job log', () => {
  test('that is damaged when a JobManager takes over: its job stands still by name, others go on', async () => {
    const hows: readonly Damage[] = ['flipped', 'truncated', 'missing']
    const jobs = await Promise.all(
      hows.map(async (how) => {
        const output = `log-${how}`
        const args = ['--where', 'nowhere', '--records', '100000000']
        return { how, id: await detached(FAILING, '--output', output, ...args) }
      }),
    )
    for (const { id } of jobs) {
      await until(
        () => kit.client.describe(id),
        ({ lastCheckpointId }) => (lastCheckpointId ?? 0) >= 2,
      )
    }
    const { pid, checkpointDirectory } = await kit.client.cluster()
    process.kill(pid, 'SIGKILL')
    const paths = jobs.map(({ how, id }) => {
      const directory = join(checkpointDirectory, id, 'log')
      const names = readdirSync(directory).toSorted()
      const path = join(directory, names[names.length >> 1] ?? '')
      DAMAGE[how](path)
      return path
    })
    expect(await kit.weir('cluster', 'start')).toMatchObject({ code: 0 })
    for (const [i, { id }] of jobs.entries()) {
      const ran = await kit.weir('job', 'wait', id)
      expect(errorOf(ran)).toContain(paths[i])
      expect(errorOf(ran)).toMatch(/\[(log|state)\/(file-)?damaged\]/)
      expect(ran.code).toBe(1)
    }
    const before = await kit.client.describe(neighbour.jobId)
    await until(
      () => kit.client.describe(neighbour.jobId),
      ({ state, lastCheckpointId }) =>
        state === 'RUNNING' && (lastCheckpointId ?? 0) > (before.lastCheckpointId ?? 0),
    )
  })
})
