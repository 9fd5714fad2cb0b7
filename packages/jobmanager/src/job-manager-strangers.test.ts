import type { TaskReport, WorkerGateway } from '@weirjs/common/core/gateways'
import {
  attempt,
  type Fence,
  jobId,
  leaderEpoch,
  vertexId,
  workerId,
} from '@weirjs/common/core/ids'
import { silentLog } from '@weirjs/common/core/log'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { LateSweeps } from './late-sweeps.ts'
import { PlayWorld } from './play-world.ts'
import { taskReport } from './played-worker.ts'
import { Strangers } from './strangers.ts'

describe('tasks of another time', () => {
  it('are let go when their worker reports them', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    const worker = world.worker('w1')
    const [old] = [...worker.tasks.values()]
    if (old === undefined) throw new Error('no task')
    await world.restartManager()
    await world.until(job, 'RUNNING')
    const { coordinatorId } = world.manager
    const tasks = [taskReport(old)]
    await world.manager.heartbeat({ workerId: worker.id, coordinatorId, tasks, rssBytes: 1 })
    await world.pass(10)
    expect(worker.calls).toContain('release 1.1')
    expect(worker.tasks.size).toBeGreaterThan(0)
    const [current] = [...worker.tasks.values()]
    if (current === undefined) throw new Error('no task')
    const ours = [taskReport(current)]
    await world.manager.heartbeat({ workerId: worker.id, coordinatorId, tasks: ours, rssBytes: 1 })
    await world.pass(10)
    expect(worker.calls.filter((call) => call.startsWith('release 2'))).toEqual([])
  })
})

describe('a leader that was replaced', () => {
  it('learns it from whoever speaks of its successor, without having anything to write', async () => {
    const world = await new PlayWorld().start()
    const job = await world.run()
    const old = world.manager
    world.newManager()
    await drive(world.time, world.manager.start())
    const [played] = [...world.worker('w1').tasks.values()]
    if (played === undefined) throw new Error('no task')
    const { fence, deployment } = played
    const update = {
      fence: { ...fence, epoch: leaderEpoch(2) },
      task: deployment.task,
      change: { state: 'running' },
    } as const
    await old.taskUpdate(update).catch(() => {})
    await world.pass(10)
    expect((await old.client.describe(job)).failure?.code).toBe('log/deposed')
  })
})

describe('tasks of a job that ended long ago', () => {
  it('are let go although the job is not shown any more', () => {
    const released: Fence[] = []
    const gateway = { release: async (fence: Fence) => void released.push(fence) }
    const old = { jobId: jobId('0'.repeat(32)), epoch: leaderEpoch(1), attempt: attempt(1) }
    const strangers = new Strangers({
      job: () => undefined,
      forgotten: (id) => id === old.jobId,
      gateway: () => gateway as unknown as WorkerGateway,
      sweeps: new LateSweeps({ scheduler: new ManualScheduler(), afterMs: 1, sweep: () => {} }),
      log: silentLog,
    })
    const unknown = { ...old, jobId: jobId('1'.repeat(32)) }
    const report = (fence: Fence): TaskReport =>
      ({ fence, task: { vertexId: vertexId('v0'), subtask: 0 } }) as TaskReport
    strangers.reported(workerId('w1'), [report(old), report(unknown)])
    expect(released).toEqual([old])
  })
})
