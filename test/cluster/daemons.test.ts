// Daemons that the code of a job starts: they leave the process group of their job process, and their parent has ended.
// With a control group for each job process they end with it; without one nobody finds them, which is said in the docs.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { delegatedGroup } from '../../packages/taskmanager/src/slots/delegated-group.fixture.ts'
import { isAlive, kill9, lifeOf, type ProcessLife } from '../processes/src/proc.ts'
import { ProcessCluster } from '../processes/src/process-cluster.ts'
import { until } from '../processes/src/until.ts'
import { jobFile } from './good-neighbour.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const WITHIN = { withinMs: 120_000 }
const ONCE: readonly string[] = ['restart-strategy.type=none']

const startCluster = (...defines: readonly string[]): Promise<ProcessCluster> =>
  // Nobody is lost here because the machine is slow.
  ProcessCluster.start({
    taskManagers: 1,
    slots: 2,
    defines: ['heartbeat.timeout=60s', ...defines],
  })

interface Started {
  readonly jobId: string
  readonly daemon: ProcessLife
  readonly jobProcess: ProcessLife
}

async function startDaemon(cluster: ProcessCluster): Promise<Started> {
  const file = jobFile('misbehaving.ts')
  const jobId = await cluster.submit({ file, args: ['--how', 'daemon'], defines: ONCE })
  const pids = await until('a daemon', WITHIN, () => {
    const [, daemon, parent] = /daemon (\d+) of (\d+)\n/.exec(printed(cluster, jobId)) ?? []
    return daemon === undefined ? null : [Number(daemon), Number(parent)]
  })
  const [daemon = null, jobProcess = null] = pids.map(lifeOf)
  if (daemon === null || jobProcess === null) throw new Error(`do not live: ${pids.join(', ')}`)
  return { jobId, daemon, jobProcess }
}

/** As its TaskManager keeps it. */
function printed(cluster: ProcessCluster, jobId: string): string {
  const directory = join(cluster.dataDirectory, 'output')
  if (!existsSync(directory)) return ''
  const files = readdirSync(directory).filter((name) => name.startsWith(jobId))
  return files.map((name) => readFileSync(join(directory, name), 'utf8')).join('')
}

const ended = (life: ProcessLife): Promise<true> =>
  until(`the end of process ${life.pid}`, WITHIN, () => (isAlive(life) ? null : true))

async function cancel(cluster: ProcessCluster, jobId: string): Promise<void> {
  await cluster.client.cancel(jobId)
  await until('the end of the job', WITHIN, async () => {
    const { state } = await cluster.client.describe(jobId)
    return state === 'CANCELED' ? true : null
  })
}

const delegated = delegatedGroup()
afterAll(() => delegated?.remove())
const groups = (): readonly string[] =>
  readdirSync(delegated?.directory ?? '', { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))

describe.skipIf(delegated === null)('where job processes have control groups, a daemon', () => {
  let cluster: ProcessCluster | null = null
  const running = (): ProcessCluster => {
    if (cluster === null) throw new Error('the cluster did not start')
    return cluster
  }
  beforeAll(async () => {
    cluster = await startCluster(`taskmanager.job-process.control-group=${delegated?.directory}`)
  })
  afterAll(() => cluster?.[Symbol.asyncDispose]())

  test('is gone when its job is canceled', async () => {
    const { jobId, daemon } = await startDaemon(running())
    await cancel(running(), jobId)
    await ended(daemon)
  })

  test('is gone when its job process is killed', async () => {
    const { daemon, jobProcess } = await startDaemon(running())
    kill9(jobProcess)
    await ended(daemon)
  })

  test('is gone when the TaskManager starts again after it was killed', async () => {
    const { daemon } = await startDaemon(running())
    const [taskManager] = running().taskManagers
    await taskManager?.kill()
    expect(isAlive(daemon)).toBe(true)
    taskManager?.start()
    await ended(daemon)
    await running().ready()
  })

  test('is gone when the TaskManager has ended, and no group is left', async () => {
    const { daemon } = await startDaemon(running())
    expect(groups().length).toBeGreaterThan(1)
    expect(await running().stop()).toEqual([])
    expect(isAlive(daemon)).toBe(false)
    expect(groups()).toEqual([])
  })
})

test('where they have none, a daemon outlives its job', async () => {
  await using cluster = await startCluster()
  const { jobId, daemon, jobProcess } = await startDaemon(cluster)
  try {
    await cancel(cluster, jobId)
    await ended(jobProcess)
    expect(isAlive(daemon)).toBe(true)
  } finally {
    kill9(daemon)
  }
})
