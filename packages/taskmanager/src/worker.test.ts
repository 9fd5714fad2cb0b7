import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { checkpointId, jobId } from '@weirjs/common/core/ids'
import { MemoryLog } from '@weirjs/common/core/memory-log'
import { advance } from '@weirjs/common/node/virtual-time'
import { describe, expect, test } from 'vitest'
import {
  deployRequest,
  fence,
  only,
  RUNNING,
  setUp,
  slotRequest,
  task,
} from './worker-kit.fixture.ts'
import { RELEASED_ATTEMPTS_MAX } from './worker-service.ts'

describe('a worker', () => {
  test('starts slots once for a repeated allocation and answers both the same', async () => {
    const { host, worker } = setUp()
    const both = await Promise.all([
      worker.gateway.allocate(slotRequest(fence(1, 1))),
      worker.gateway.allocate(slotRequest(fence(1, 1))),
    ])
    expect(both[0]).toEqual(both[1])
    expect(both[0].endpoints.map((endpoint) => endpoint.slot)).toEqual([0, 1])
    expect(host.groups).toHaveLength(1)
  })

  test('deals tasks out to their slots, each task once', async () => {
    const { host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0, 1, 2]))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0, 1, 2, 3]))
    expect(only(host).told).toEqual(['deploy 0 v0/0 v0/2', 'deploy 1 v0/1', 'deploy 1 v0/3'])
  })

  test('passes a trigger to the slots that have its tasks, and declines for tasks that nobody has', async () => {
    const { time, master, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0, 1]))
    await worker.gateway.trigger({
      fence: fence(1, 1),
      checkpointId: checkpointId(5),
      timestampMs: 0,
      tasks: [task(1), task(7)],
      final: false,
    })
    await advance(time, 10)
    expect(only(host).told.slice(2)).toEqual(['trigger 1 5'])
    expect(master.heard.at(-1)).toBe('v0/7 decline 5')
  })

  test('carries what the slots say to the JobManager, in order', async () => {
    const { time, master, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0]))
    const { listener } = only(host)
    listener.taskUpdate({ fence: fence(1, 1), task: task(0), change: { state: 'running' } })
    listener.acknowledge({
      fence: fence(1, 1),
      task: task(0),
      checkpointId: checkpointId(1),
      snapshot: { file: null, operators: [] },
      stats: {
        syncMs: 0,
        asyncMs: 0,
        alignmentMs: 0,
        startDelayMs: 0,
        stallMsMax: 0,
        stateBytes: 0,
      },
    })
    await advance(time, 10)
    expect(master.heard).toEqual(['register', 'v0/0 running', 'v0/0 ack 1'])
  })

  test('refuses the calls of old epochs, and of attempts that it gave back', async () => {
    const { worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(2, 3)))
    await expect(worker.gateway.allocate(slotRequest(fence(1, 9)))).rejects.toMatchObject({
      code: 'fence/stale',
    })
    await expect(worker.gateway.deploy(deployRequest(fence(2, 2), [0]))).rejects.toMatchObject({
      code: 'fence/stale',
    })
    await worker.gateway.release(fence(2, 3))
    await worker.gateway.release(fence(2, 3))
    await expect(worker.gateway.allocate(slotRequest(fence(2, 3)))).rejects.toMatchObject({
      code: 'fence/stale',
    })
    expect(worker.counters.strangersRefused).toBe(3)
  })

  test('ends the slots of an older epoch when a newer leader speaks', async () => {
    const { time, master, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.allocate(slotRequest(fence(2, 2)))
    await advance(time, 10)
    expect(host.groups[0]?.told).toEqual(['kill leader epoch 2 has taken over'])
    expect(master.heard).toEqual(['register'])
    expect(worker.groupCount).toBe(1)
  })

  test('releases one attempt, and no other: regions that start apart have one each', async () => {
    const { host, worker } = setUp()
    for (const number of [1, 2, 3]) await worker.gateway.allocate(slotRequest(fence(1, number)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0]))
    await worker.gateway.release(fence(1, 3))
    expect(host.groups.map((group) => group.told)).toEqual([['deploy 0 v0/0'], [], ['close 500']])
    await worker.gateway.deploy(deployRequest(fence(1, 2), [1]))
    expect(host.groups[1]?.told).toEqual(['deploy 1 v0/1'])
  })

  test('starts slots of an older attempt than one that was released: its region had to wait', async () => {
    const { worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 3)))
    await worker.gateway.release(fence(1, 3))
    await worker.gateway.allocate(slotRequest(fence(1, 2)))
    await expect(worker.gateway.allocate(slotRequest(fence(1, 3)))).rejects.toMatchObject({
      code: 'fence/stale',
    })
    expect(worker.groupCount).toBe(1)
  })

  test('remembers so many released attempts and no more; slots of an older one end by themselves', async () => {
    const { time, worker } = setUp()
    for (let number = 1; number <= RELEASED_ATTEMPTS_MAX + 1; number++)
      await worker.gateway.release(fence(1, number))
    await expect(worker.gateway.allocate(slotRequest(fence(1, 2)))).rejects.toMatchObject({
      code: 'fence/stale',
    })
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await advance(time, 61_000)
    expect(worker.groupCount).toBe(0)
  })

  test('answers a cancel of what does not run here with canceled', async () => {
    const { time, master, worker } = setUp()
    await worker.gateway.cancel({ fence: fence(1, 1), tasks: [task(0), task(1)] })
    await advance(time, 10)
    expect(master.heard).toEqual(['register', 'v0/0 canceled', 'v0/1 canceled'])
  })

  test('lets canceled tasks end by themselves', async () => {
    const { time, master, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0]))
    await worker.gateway.cancel({ fence: fence(1, 1), tasks: [task(0)] })
    only(host).listener.taskUpdate({
      fence: fence(1, 1),
      task: task(0),
      change: { state: 'canceled' },
    })
    await advance(time, 5_000)
    expect(master.heard).toEqual(['register', 'v0/0 canceled'])
    expect(only(host).told.filter((line) => line.startsWith('kill'))).toEqual([])
  })

  test('kills the job process of a canceled task that does not end, and says so', async () => {
    const { time, master, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0, 1]))
    await worker.gateway.cancel({ fence: fence(1, 1), tasks: [task(0), task(1)] })
    only(host).listener.taskUpdate({
      fence: fence(1, 1),
      task: task(1),
      change: { state: 'canceled' },
    })
    await advance(time, 1_010)
    expect(master.heard.at(-1)).toBe('lost 1 [0 1] canceled tasks did not end within 1000 ms: v0/0')
    expect(worker.groupCount).toBe(0)
  })

  test('leaves no timer behind: a closed TaskManager ends at once, whatever it canceled before', async () => {
    const { time, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0]))
    await worker.gateway.cancel({ fence: fence(1, 1), tasks: [task(0)] })
    only(host).listener.taskUpdate({
      fence: fence(1, 1),
      task: task(0),
      change: { state: 'canceled' },
    })
    await advance(time, 10)
    await worker.close('SIGTERM')
    expect(time.pending).toBe(0)
  })

  test('tells the JobManager when a job process dies, and nothing of it afterwards', async () => {
    const { time, master, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0]))
    only(host).die('signal SIGKILL')
    const failure = toFailure(new Error('late'))
    only(host).listener.taskUpdate({
      fence: fence(1, 1),
      task: task(0),
      change: { state: 'failed', failure },
    })
    await advance(time, 10)
    expect(master.heard).toEqual(['register', 'lost 1 [0 1] signal SIGKILL'])
  })

  test('leaves the slots of other jobs alone when a job process dies', async () => {
    const { time, master, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1), [0]))
    const other = { ...fence(1, 1), jobId: jobId('b'.repeat(32)) }
    await worker.gateway.allocate(slotRequest(other, [1]))
    host.groups[0]?.die('signal SIGKILL')
    await advance(time, 10)
    expect(master.heard).toEqual(['register', 'lost 1 [0] signal SIGKILL'])
    expect(only(host).told).toEqual([])
    expect(worker.groupCount).toBe(1)
  })

  test('gives slots back that no task comes to, and those only', async () => {
    const { time, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1), [0]))
    const other = { ...fence(1, 1), jobId: jobId('b'.repeat(32)) }
    await worker.gateway.allocate(slotRequest(other, [1]))
    await worker.gateway.deploy({ ...deployRequest(other, [1]), fence: other })
    await advance(time, 59_000)
    expect(worker.groupCount).toBe(2)
    await advance(time, 2_000)
    expect(worker.groupCount).toBe(1)
    expect(host.groups.map(({ told }) => told)).toEqual([['close 500'], ['deploy 1 v0/1']])
  })

  /** Tasks come to the slots of the first attempt, and end as `states` says, in their order. */
  async function endTasks(
    { host, worker }: ReturnType<typeof setUp>,
    states: readonly ('canceled' | 'finished')[],
    first: number = 0,
  ): Promise<void> {
    const tasks = states.map((_, i) => first + i)
    await worker.gateway.deploy(deployRequest(fence(1, 1), tasks))
    states.forEach((state, i) => {
      const update = { fence: fence(1, 1), task: task(first + i), change: { state } }
      only(host).listener.taskUpdate(update)
    })
  }

  test('gives slots back whose tasks were canceled when nobody releases them', async () => {
    const world = setUp()
    const { time, host, worker } = world
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await advance(time, 50_000)
    await endTasks(world, ['canceled', 'canceled'])
    await advance(time, 59_000)
    expect(worker.groupCount).toBe(1)
    await advance(time, 2_000)
    expect(worker.groupCount).toBe(0)
    expect(only(host).told.at(-1)).toBe('close 500')
  })

  test('keeps slots for a while again when there was work in between', async () => {
    const world = setUp()
    const { time, worker } = world
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await advance(time, 50_000)
    await endTasks(world, ['canceled'])
    await advance(time, 50_000)
    await endTasks(world, ['canceled'], 1)
    await advance(time, 59_000)
    expect(worker.groupCount).toBe(1)
  })

  // Another TaskManager may still commit the final checkpoint of the job.
  test('keeps slots in which a task has finished until they are released', async () => {
    const world = setUp()
    const { time, worker } = world
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await endTasks(world, ['finished', 'canceled'])
    await advance(time, 600_000)
    expect(worker.groupCount).toBe(1)
    await worker.gateway.release(fence(1, 2))
    expect(worker.groupCount).toBe(1)
    await worker.gateway.release(fence(1, 1))
    expect(worker.groupCount).toBe(0)
  })

  test('ends the slots of a task whose news the JobManager does not take', async () => {
    const { time, master, host, worker } = setUp()
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    master.refuses = 'v0/0 running'
    only(host).listener.taskUpdate({ fence: fence(1, 1), task: task(0), change: RUNNING })
    await advance(time, 10)
    expect(master.heard.at(-1)).toMatch(/^lost 1 \[0 1\] .*rpc\/no: not so$/)
  })

  test('logs a task that failed with its job and attempt', async () => {
    const log = new MemoryLog()
    const { host, worker } = setUp(log)
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0]))
    const failure = toFailure(new WeirError('job/x', 'boom', { domain: 'user' }))
    only(host).listener.taskUpdate({
      fence: fence(1, 1),
      task: task(0),
      change: { state: 'failed', failure },
    })
    const { jobId, attempt } = fence(1, 1)
    const { jobName } = slotRequest(fence(1, 1))
    expect(log.of('task failed')).toMatchObject([
      { fields: { jobId, job: jobName, attempt, task: 'v0/0', code: 'job/x', reason: 'boom' } },
    ])
  })

  test('passes the reason on when slots do not start, and holds nothing', async () => {
    const { host, worker } = setUp()
    host.gate = Promise.reject(
      new WeirError('job/load-failed', 'boom', { domain: 'user', location: 'job.ts:3' }),
    )
    await expect(worker.gateway.allocate(slotRequest(fence(1, 1)))).rejects.toMatchObject({
      location: 'job.ts:3',
    })
    expect(worker.groupCount).toBe(0)
  })

  test('kills slots that come up after they were released', async () => {
    const { time, host, worker } = setUp()
    let open = (): void => {}
    host.gate = new Promise((resolve) => {
      open = resolve
    })
    const allocation = worker.gateway.allocate(slotRequest(fence(1, 1)))
    const outcome = expect(allocation).rejects.toMatchObject({ code: 'worker/slots-released' })
    await worker.gateway.release(fence(1, 1))
    open()
    await outcome
    await advance(time, 1)
    expect(only(host).told).toEqual(['kill released'])
  })

  test('refuses slots that it does not have', async () => {
    const { worker } = setUp()
    await expect(worker.gateway.allocate(slotRequest(fence(1, 1), [0, 2]))).rejects.toMatchObject({
      code: 'worker/bad-request',
    })
  })

  test('drops everything when the JobManager has restarted, and registers anew', async () => {
    const { time, master, host, worker } = setUp()
    await advance(time, 10)
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.gateway.deploy(deployRequest(fence(1, 1), [0]))
    master.down = true
    only(host).listener.taskUpdate({
      fence: fence(1, 1),
      task: task(0),
      change: { state: 'running' },
    })
    await advance(time, 500)
    master.down = false
    master.coordinatorId = 'c2'
    await advance(time, 1_000)
    expect(only(host).told.at(-1)).toMatch(/^kill the JobManager/)
    expect(master.heard).toEqual(['register', 'register'])
    expect(worker.groupCount).toBe(0)
  })

  test('closes well: good-bye first, then the slots', async () => {
    const { time, master, host, worker } = setUp()
    await advance(time, 10)
    await worker.gateway.allocate(slotRequest(fence(1, 1)))
    await worker.close('SIGTERM')
    expect(master.heard).toEqual(['register', 'unregister SIGTERM'])
    expect(only(host).told).toEqual(['close 500'])
    await expect(worker.gateway.allocate(slotRequest(fence(1, 2)))).rejects.toMatchObject({
      code: 'worker/closing',
    })
  })
})
