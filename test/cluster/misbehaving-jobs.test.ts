// Jobs that misbehave, each on the same TaskManager as a job that does not: only the one that misbehaves ends, with its
// cause by name; the other one's result is exact and its attempt the first; the TaskManager is the same and has its slot
// back within five seconds.

import { existsSync, readFileSync } from 'node:fs'
import type { Failure } from '@weirjs/common/core/errors'
import type { WorkerView } from '@weirjs/common/core/job-views'
import type { JobDetail } from '@weirjs/common/job-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlive, lifeOf, parentOf } from '../processes/src/proc.ts'
import { ExactNeighbour } from './exact-neighbour.ts'
import { jobFile } from './good-neighbour.ts'
import { PRINTING_RECORDS } from './jobs/misbehaving.ts'
import { until, WeirKit } from './weir-kit.ts'

const MISBEHAVING = jobFile('misbehaving.ts')
const SLOTS = 4
const USABLE_MS_MAX = 5_000
const NO_RESTART: readonly string[] = ['-D', 'restart-strategy.type=none']

let kit: WeirKit
let neighbour: ExactNeighbour
let worker: WorkerView | undefined
beforeAll(async () => {
  const defines = [
    // As in production: what is late here is late for its own reasons.
    'heartbeat.interval=1s',
    'heartbeat.timeout=10s',
    'task.cancellation.timeout=1s',
    'task.progress.timeout=4s',
    'taskmanager.memory.job-process-heap=64mb',
    'taskmanager.memory.job-process-max=1200mb',
    'taskmanager.job-process.processes-max=40',
  ]
  kit = WeirKit.empty()
  kit.environment = { AWS_SECRET_ACCESS_KEY: 'secret', WEIR_LOG_LEVEL: 'info' }
  await kit.startCluster({ taskManagers: 1, slots: SLOTS, defines })
  neighbour = await ExactNeighbour.moveIn(kit)
  worker = (await kit.client.workers())[0]
})
afterAll(() => kit[Symbol.asyncDispose]())

const isOver = ({ state }: JobDetail): boolean => ['FAILED', 'FINISHED', 'CANCELED'].includes(state)

async function endOf(jobId: string): Promise<JobDetail> {
  return until(() => kit.client.describe(jobId), isOver, 60_000)
}

const startOnce = (how: string): Promise<{ jobId: string }> =>
  kit.json('run', '-d', ...NO_RESTART, MISBEHAVING, '--how', how)

/** Everything but the job that misbehaved is as it was. */
async function nothingElseHappened(): Promise<void> {
  const { freeSlots } = await until(
    () => kit.client.cluster(),
    ({ freeSlots: free }) => free === SLOTS - 1,
    USABLE_MS_MAX,
  )
  expect(freeSlots).toBe(SLOTS - 1)
  const workers = await kit.client.workers()
  expect(workers).toMatchObject([{ workerId: worker?.workerId, pid: worker?.pid }])
  await neighbour.goesOn()
}

describe('a job is ended alone, with its reason, when its code', () => {
  test.each<{ how: string; code: string; says: RegExp; restarts: 0 | 1 }>([
    { how: 'throw', code: 'job/user-code-failed', says: /thrown in map/, restarts: 1 },
    { how: 'later', code: 'job/uncaught-error', says: /thrown later/, restarts: 1 },
    { how: 'reject', code: 'job/uncaught-error', says: /nobody catches this/, restarts: 1 },
    { how: 'recurse', code: 'job/user-code-failed', says: /call stack size/, restarts: 1 },
    { how: 'exit', code: 'job/process-exit', says: /process\.exit\(7\)/, restarts: 1 },
    { how: 'fill', code: 'job/out-of-memory', says: /filled its heap/, restarts: 1 },
    {
      how: 'flood',
      code: 'job/out-of-memory',
      says: /\(pid \d+, slot \d\) uses \d+ of 396 MiB of memory that it may/,
      restarts: 1,
    },
    {
      how: 'brood',
      code: 'job/out-of-memory',
      says: /uses \d+ of 396 MiB of memory that it may/,
      restarts: 1,
    },
    {
      how: 'swarm',
      code: 'job/too-many-processes',
      says: /\(pid \d+, slot \d\) has started more than 40 processes that still run/,
      restarts: 1,
    },
    { how: 'block', code: 'job/process-killed', says: /blocked by the job's code/, restarts: 0 },
    { how: 'regex', code: 'job/process-killed', says: /blocked by the job's code/, restarts: 0 },
    { how: 'stop', code: 'job/process-killed', says: /has not answered for 4 s/, restarts: 0 },
    {
      how: 'kill',
      code: 'job/process-lost',
      says: /signal SIGKILL, sent by its own code/,
      restarts: 1,
    },
    { how: 'garbage', code: 'job/bad-message', says: /does not understand/, restarts: 1 },
    { how: 'claim', code: 'job/bad-message', says: /does not understand/, restarts: 1 },
    { how: 'large', code: 'job/bad-message', says: /does not understand/, restarts: 1 },
    { how: 'crash', code: 'job/process-lost', says: /signal SIGSEGV/, restarts: 1 },
  ])('does this: $how', async ({ how, code, says, restarts }) => {
    const policy = restarts === 0 ? NO_RESTART : []
    const started = ['run', '-d', ...policy, MISBEHAVING, '--how', how]
    const { jobId } = await kit.json<{ jobId: string }>(...started)
    expect(await endOf(jobId)).toMatchObject({ state: 'FAILED', restarts })
    const cause = { code, message: expect.stringMatching(says) as string }
    const described = await kit.json<JobDetail>('job', 'describe', jobId)
    expect(described.failure).toMatchObject(cause)
    const { exceptions } = await kit.json<{ exceptions: readonly { failure: Failure }[] }>(
      'job',
      'exceptions',
      jobId,
    )
    expect(exceptions).toHaveLength(restarts + 1)
    for (const { failure } of exceptions) expect(failure).toMatchObject(cause)
    await nothingElseHappened()
  })

  test('ends it with last words: they are told with the reason', async () => {
    const { jobId } = await startOnce('exit')
    await endOf(jobId)
    for (const command of ['describe', 'exceptions']) {
      const { out } = await kit.weir('job', command, jobId)
      expect(out).toMatch(/process\.exit\(7\).*\[job\/process-exit\]/)
      expect(out).toMatch(/last output:\n\s+about to exit/)
    }
    const path = kit.path('.weir/cluster/output', `${jobId}-${worker?.workerId}.log`)
    const kept = await until(
      async () => (existsSync(path) ? readFileSync(path, 'utf8') : ''),
      (text) => text.endsWith('\n'),
    )
    expect(kept).toMatch(/^\d{4}-\S+Z 1 \S+ stdout about to exit\n/m)
  })

  test.each([
    ['the job is canceled', 'cancel'],
    ['its job process is killed', 'kill'],
  ])('starts processes: they are gone when %s', async (_what, end) => {
    const { jobId } = await startOnce('child')
    const said = await until(
      async () => (await kit.weir('job', 'logs', jobId)).out,
      (out) => out.includes('has started'),
    )
    const child = lifeOf(Number(/has started (\d+)/.exec(said)?.[1]))
    if (child === null) throw new Error(`it has started nobody: ${said}`)
    if (end === 'cancel') expect(await kit.weir('job', 'cancel', jobId)).toMatchObject({ code: 0 })
    else process.kill(parentOf(child), 'SIGKILL')
    await endOf(jobId)
    await until(
      async () => isAlive(child),
      (alive) => !alive,
    )
    await nothingElseHappened()
  })

  test('is canceled although it blocks a slot for ever', async () => {
    const { jobId } = await kit.json<{ jobId: string }>('run', '-d', MISBEHAVING, '--how', 'block')
    const stuck = kit.weir('job', 'wait', jobId)
    await until(
      () => kit.client.describe(jobId),
      ({ state }) => state === 'RUNNING',
    )
    expect(await kit.weir('job', 'cancel', jobId)).toMatchObject({ code: 0 })
    expect(await stuck).toMatchObject({ code: 1 })
    await nothingElseHappened()
  })
})

describe('a job goes on to its end, and disturbs nobody, when its code', () => {
  test.each([
    ['asks the process to terminate', 'terminate', 1_000],
    ['asks for a debugger', 'debug', 1_000],
    ['talks to a parent that it has not', 'parent', 1_000],
    ['starts a hundred thousand timers', 'timers', 1_000],
    ['closes its output', 'close', 1_000],
    ['prints a gibibyte', 'print', PRINTING_RECORDS],
    ['writes past the console, faster than anybody reads', 'write', PRINTING_RECORDS],
  ])('%s', async (_what, how, records) => {
    const args = ['--how', how, '--records', `${records}`]
    const { jobId } = await kit.json<{ jobId: string }>('run', '-d', MISBEHAVING, ...args)
    const end = await endOf(jobId)
    const why = JSON.stringify(end.attempts)
    expect(end, why).toMatchObject({ state: 'FINISHED', restarts: 0, failure: null })
    await nothingElseHappened()
  })
})

describe('a job sees nothing', () => {
  const run = async (...args: readonly string[]): Promise<string> =>
    (await kit.weir('run', MISBEHAVING, '--records', '200', ...args)).out

  test('of what its TaskManager was started with, but what it needs', async () => {
    const out = await run('--how', 'environment')
    const names = /^sees: (.*)$/m.exec(out)?.[1]?.split(' ') ?? []
    expect(names).toContain('PATH')
    expect(
      names.filter((name) => /WEIR|SECRET|TOKEN|NODE_CHANNEL|NODE_OPTIONS/.test(name)),
    ).toEqual([])
  })

  test('of what another job, or the same one before, left in its globals', async () => {
    for (const mark of ['one', 'two'])
      expect(await run('--how', 'remember', '--mark', mark)).toContain('before: nothing')
  })
})

describe('Ctrl-C of an attached run', () => {
  test('cancels the job, says so, and ends with 130', async () => {
    const run = kit.spawn('run', MISBEHAVING, '--how', 'nothing')
    const started = await until(
      () => kit.client.list(),
      (jobs) => jobs.some((one) => one.state === 'RUNNING' && one.jobId !== neighbour.jobId),
    )
    const own = started.find((one) => one.state === 'RUNNING' && one.jobId !== neighbour.jobId)
    process.kill(run.pid, 'SIGINT')
    const { code, err } = await run.ended
    expect(err).toContain(`canceling job ${own?.jobId}`)
    expect(code).toBe(130)
    expect((await kit.client.describe(own?.jobId ?? '')).state).toBe('CANCELED')
  })
})
