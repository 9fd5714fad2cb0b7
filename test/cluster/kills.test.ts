// kill -9 of each kind of process in the middle of a job: the committed files are exact.

import { fileURLToPath } from 'node:url'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until, WeirKit } from './weir-kit.ts'

const JOB = fileURLToPath(new URL('./jobs/count-lines.ts', import.meta.url))
const RECORDS = 40_000
const KEYS = 50

interface Count {
  readonly key: string
  readonly count: number
}

let kit: WeirKit
beforeAll(async () => {
  kit = await WeirKit.start({ taskManagers: 3, slots: 2 })
})
afterAll(() => kit[Symbol.asyncDispose]())

const ARGS = ['--records', `${RECORDS}`, '--per-second', '5000', '-p', '4']

/** Starts the job, waits for some checkpoints, and answers its id. */
async function submit(output: string): Promise<string> {
  const { jobId } = await kit.json<{ jobId: string }>('run', '-d', JOB, '--output', output, ...ARGS)
  await underWay(jobId)
  return jobId
}

async function underWay(jobId: string): Promise<void> {
  const job = await until(
    () => kit.client.describe(jobId),
    ({ lastCheckpointId }) => (lastCheckpointId ?? 0) >= 2,
  )
  expect(job.state).toBe('RUNNING')
}

/** Running counts: every value from 1 to the end exactly once for each key. */
function assertExact(rows: readonly Count[]): void {
  expect(rows).toHaveLength(RECORDS)
  const counts = new Map<string, Set<number>>()
  for (const { key, count } of rows) counts.set(key, (counts.get(key) ?? new Set()).add(count))
  expect(counts.size).toBe(KEYS)
  for (const seen of counts.values()) {
    expect(seen.size).toBe(RECORDS / KEYS)
    expect(Math.max(...seen)).toBe(RECORDS / KEYS)
  }
}

async function workerPid(jobId: string): Promise<number> {
  const { taskViews } = await kit.client.describe(jobId)
  const worker = taskViews.find((task) => task.worker !== null)?.worker
  const found = (await kit.client.workers()).find((one) => one.workerId === worker)
  if (found === undefined) throw new Error(`no worker ${worker}`)
  return found.pid
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
}

interface Ended {
  readonly state: string
}

async function finished(jobId: string): Promise<Ended> {
  return kit.json<Ended>('job', 'wait', jobId, '--timeout', '60s')
}

describe('kill -9 in the middle of a job', () => {
  test('of a TaskManager: its tasks move, the result is exact, the cluster heals', async () => {
    const output = kit.path('out-tm')
    const jobId = await submit(output)
    process.kill(await workerPid(jobId), 'SIGKILL')
    expect(await finished(jobId)).toMatchObject({ state: 'FINISHED' })
    expect(await kit.client.describe(jobId)).toMatchObject({ restarts: 1 })
    assertExact(kit.rows<Count>(output))
    expect(await kit.weir('cluster', 'start')).toMatchObject({ code: 0 })
    const workers = await kit.json<{ taskmanagers: unknown[] }>('taskmanager', 'list')
    expect(workers.taskmanagers).toHaveLength(3)
  })

  test('of a job process: its TaskManager lives on, the result is exact', async () => {
    const output = kit.path('out-process')
    const jobId = await submit(output)
    const pid = await workerPid(jobId)
    for (const child of childrenOf(pid)) process.kill(child, 'SIGKILL')
    expect(await finished(jobId)).toMatchObject({ state: 'FINISHED' })
    assertExact(kit.rows<Count>(output))
    expect(() => process.kill(pid, 0)).not.toThrow()
  })

  test('of the JobManager: the next one goes on from its log, and who follows does not notice', async () => {
    const output = kit.path('out-jm')
    const run = kit.spawn('run', JOB, '--output', output, ...ARGS)
    const jobs = await until(
      () => kit.client.list(),
      (all) => all.some(({ state }) => state === 'RUNNING'),
    )
    await underWay(jobs.find(({ state }) => state === 'RUNNING')?.jobId ?? '')
    const cluster = await kit.client.cluster()
    process.kill(cluster.pid, 'SIGKILL')
    expect(await kit.weir('cluster', 'start')).toMatchObject({ code: 0 })
    const ran = await run.ended
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.err).toContain('lost the JobManager')
    assertExact(kit.rows<Count>(output))
  })
})
