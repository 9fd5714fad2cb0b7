import { checkpointId, workerId } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import { failure, JobBench } from './job-bench.ts'

describe('a job from its start to its end', () => {
  it('finds slots, runs, takes a checkpoint, ends its data, commits, finishes', () => {
    const bench = new JobBench().start()
    expect(bench.lines()).toEqual([
      'INITIALIZING → CREATED',
      'request-seats 2 keep 0',
      'allocate w1 a1 0',
      'allocate w2 a1 0',
      'deploy w1 a1 v0/0 v1/0 v2/0',
      'deploy w2 a1 v1/1 v2/1',
      'run w1 a1 v0/0 v1/0 v2/0',
      'run w2 a1 v1/1 v2/1',
      'CREATED → RUNNING',
    ])
    bench.pass(10_000)
    expect(bench.lines()).toEqual([
      'trigger 1 w1 a1 v0/0',
      'write-manifest 1',
      'log-completion 1 periodic',
      'notify-complete 1 w1 a1',
      'notify-complete 1 w2 a1',
    ])
    bench.allEndOfData()
    expect(bench.lines()).toEqual([
      'trigger 2 final w1 a1 v0/0',
      'write-manifest 2',
      'log-completion 2 final',
      'notify-complete 2 final w1 a1',
      'notify-complete 2 final w2 a1',
      'RUNNING → FINISHING',
      'log-terminal FINISHED',
      'release w1 a1',
      'release w2 a1',
      'FINISHING → FINISHED',
      'free-seats',
      'clean-up delete checkpoints',
      'ended',
    ])
    expect(bench.registry.freeCount).toBe(4)
  })

  it('takes its final checkpoint also with periodic checkpoints off', () => {
    const checkpoint = {
      intervalMs: null,
      mode: 'exactly-once',
      minPauseMs: 0,
      timeoutMs: 60_000,
      maxConcurrent: 1,
      tolerableFailures: null,
      retained: 1,
      retainOn: 'always',
    } as const
    const bench = new JobBench({ settings: { checkpoint } }).start().pass(100_000).allEndOfData()
    expect(bench.lines().filter((line) => line.startsWith('trigger'))).toEqual([
      'trigger 1 final w1 a1 v0/0',
    ])
    expect(bench.state).toBe('FINISHED')
  })

  it('repeats the word of the final checkpoint to tasks that have not finished', () => {
    const bench = new JobBench()
    bench.habits.finish = 'never'
    bench.start().allEndOfData()
    expect(bench.state).toBe('FINISHING')
    bench.finishOn(workerId('w1'))
    bench.happen().lines()
    bench.pass(2_500)
    expect(bench.lines()).toEqual(['notify-complete 1 final w2 a1'])
    bench.finishOn(workerId('w2'))
    bench.happen()
    expect(bench.state).toBe('FINISHED')
  })

  it('waits for nothing but the log when it has finished', () => {
    const bench = new JobBench()
    bench.habits.finish = 'never'
    bench.start().allEndOfData()
    bench.habits.log = 'never'
    bench.finishOn(workerId('w1'))
    bench.finishOn(workerId('w2'))
    bench.happen()
    expect(bench.lines().at(-1)).toBe('log-terminal FINISHED')
    // As somebody's question does, or a tick that was asked for before.
    bench.pass(10_000).happen({ type: 'tick' })
    expect(bench.lines()).toEqual([])
    expect(bench.state).toBe('FINISHING')
  })

  it('starts from what the submitter named, until it has a checkpoint of its own', () => {
    const bench = new JobBench({ machine: { restorePath: '/old/chk-41' } }).start()
    expect(bench.lines()).toContain('deploy w1 a1 v0/0 v1/0 v2/0 from 41')
    bench.failTask('v1/0').pass(2_000)
    expect(bench.lines()).toContain('load-restore /old/chk-41')
    bench.pass(15_000).failTask('v1/0').pass(5_000)
    expect(
      bench
        .lines()
        .filter((line) => line.startsWith('load-restore'))
        .at(-1),
    ).toMatch(/^load-restore \d+$/)
  })
})

describe('waiting for slots', () => {
  it('is no failure, is said after a while, and ends when a worker comes', () => {
    const bench = new JobBench({ workers: { w1: 1 } }).start()
    expect(bench.state).toBe('CREATED')
    bench.pass(4_000)
    expect(bench.machine.view.degraded).toBeNull()
    bench.pass(2_000)
    expect(bench.machine.view.degraded?.code).toBe('job/not-enough-slots')
    expect(bench.lines().at(-1)).toBe('health job/not-enough-slots')
    bench.addWorker('w2', 1)
    expect(bench.state).toBe('RUNNING')
    expect(bench.lines()).toContain('health ok')
  })

  it('looks for other slots when a worker is lost before anything was started there', () => {
    const bench = new JobBench({ machine: { restorePath: '/old/chk-41' } })
    bench.habits.restore = 'never'
    bench.start().killWorker('w1')
    expect(bench.lines()).toEqual([
      'INITIALIZING → CREATED',
      'request-seats 2 keep 0',
      'load-restore /old/chk-41',
      'request-seats 2 keep 0',
    ])
    expect(bench.machine.view.restarts).toBe(0)
  })
})

describe('failover', () => {
  it('restarts a failed region from the newest checkpoint under a new attempt', () => {
    const bench = new JobBench().start().pass(10_000)
    bench.lines()
    bench.failTask('v1/0')
    expect(bench.lines()).toEqual([
      'failed test/boom restart in 910',
      'cancel w1 a1 v0/0 v2/0',
      'cancel w2 a1 v1/1 v2/1',
      'RUNNING → RESTARTING',
      'release w1 a1',
      'release w2 a1',
    ])
    bench.pass(1_000)
    expect(bench.lines().slice(0, 7)).toEqual([
      'request-seats 2 keep 0',
      'load-restore 1',
      'restored 1 a2',
      'allocate w1 a2 0',
      'allocate w2 a2 0',
      'deploy w1 a2 v0/0 v1/0 v2/0 from 1',
      'deploy w2 a2 v1/1 v2/1 from 1',
    ])
    expect(bench.state).toBe('RUNNING')
  })

  it('restarts at once, elsewhere, when a worker is lost', () => {
    const bench = new JobBench().start().pass(10_000)
    bench.lines()
    bench.killWorker('w1')
    expect(bench.lines().slice(0, 9)).toEqual([
      'failed worker/lost restart in 0',
      'cancel w2 a1 v1/1 v2/1',
      'RUNNING → RESTARTING',
      'release w1 a1',
      'release w2 a1',
      'request-seats 2 keep 0',
      'load-restore 1',
      'restored 1 a2',
      'allocate w2 a2 0,1',
    ])
    expect(bench.state).toBe('RUNNING')
  })

  const peerLost = { state: 'failed', failure: failure('exchange/peer-lost', 'immediate') } as const

  it('restarts at once also when the neighbours of a lost worker fail before its loss is known', () => {
    const bench = new JobBench().start().pass(10_000)
    bench.report('v1/1', peerLost)
    expect(bench.state).toBe('RESTARTING')
    bench.killWorker('w1')
    expect(bench.state).toBe('RUNNING')
    expect(bench.machine.view.restarts).toBe(1)
    expect(bench.machine.attempts.at(-1)?.failure?.code).toBe('worker/lost')
  })

  it('backs off when the process of a neighbour fell by the fault of the job', () => {
    const bench = new JobBench().start().pass(10_000)
    bench.report('v1/1', peerLost)
    const crash = failure('job/process-lost', 'backoff')
    bench.happen({
      type: 'slots-lost',
      workerId: workerId('w1'),
      fence: bench.fence(1),
      slots: [0],
      failure: crash,
    })
    expect(bench.lines().filter((line) => line.startsWith('failed'))).toEqual([
      'failed exchange/peer-lost restart in 910',
      'failed job/process-lost restart in 910',
    ])
    expect(bench.state).toBe('RESTARTING')
    expect(bench.machine.attempts[0]?.failure?.code).toBe('job/process-lost')
  })

  it('does not forgive a failure of the job because a worker is lost as well', () => {
    const bench = new JobBench().start().pass(10_000).failTask('v1/1').killWorker('w1')
    expect(bench.state).toBe('RESTARTING')
    expect(bench.machine.attempts[0]?.failure?.code).toBe('test/boom')
  })

  it('waits for canceled tasks, asks again, and goes on without an answer in the end', () => {
    const bench = new JobBench().start()
    bench.habits.cancel = 'never'
    bench.failTask('v1/0')
    bench.lines()
    bench.pass(2_100)
    expect(bench.lines()).toEqual(['cancel w1 a1 v0/0 v2/0', 'cancel w2 a1 v1/1 v2/1'])
    expect(bench.state).toBe('RESTARTING')
    bench.pass(30_000)
    expect(bench.state).toBe('RUNNING')
    expect(bench.machine.view.attempt).toBe(2)
    expect(bench.lines()).toContain('release w2 a1')
  })

  it('does not wait for tasks whose worker is dead', () => {
    const bench = new JobBench({ workers: { w1: 2, w2: 2, w3: 2 } }).start()
    bench.habits.cancel = 'never'
    bench.failTask('v1/0').pass(5_000)
    expect(bench.state).toBe('RESTARTING')
    bench.killWorker('w1').killWorker('w2')
    expect(bench.state).toBe('RUNNING')
  })

  it('fails a batch whose worker dies while slots start, and releases the others', () => {
    const bench = new JobBench({ workers: { w1: 2, w2: 2, w3: 2 } })
    bench.habits.allocate = 'never'
    bench.start()
    bench.lines()
    bench.killWorker('w1')
    bench.habits.allocate = 'do'
    expect(bench.lines().slice(0, 5)).toEqual([
      'release w1 a1',
      'release w2 a1',
      'failed worker/lost restart in 0',
      'CREATED → RESTARTING',
      'request-seats 2 keep 0',
    ])
    bench.killWorker('w3').pass(3_000)
    expect(bench.machine.view.attempt).toBe(3)
    expect(bench.state).toBe('RUNNING')
  })

  it('survives the loss of a worker in the middle of a deployment', () => {
    const bench = new JobBench({ workers: { w1: 2, w2: 2, w3: 2 } })
    bench.habits.deploy = 'never'
    bench.start()
    bench.habits.deploy = 'do'
    bench.killWorker('w2')
    // w1 never got its tasks, and does not answer the cancel either: time-out.
    bench.pass(31_000)
    expect(bench.state).toBe('RUNNING')
  })

  it('takes a deploy call that failed for a failure, and ends what may have been accepted', () => {
    const bench = new JobBench()
    bench.habits.deploy = 'never'
    bench.start()
    bench.lines()
    bench.habits.deploy = 'do'
    for (const name of ['w1', 'w2']) {
      bench.happen({
        type: 'deploy-failed',
        attempt: bench.fence(1).attempt,
        workerId: workerId(name),
        failure: failure('rpc/deadline', 'backoff'),
      })
    }
    expect(bench.lines()).toEqual(
      expect.arrayContaining([
        'release w1 a1',
        'release w2 a1',
        'failed rpc/deadline restart in 910',
      ]),
    )
    bench.pass(1_000)
    expect(bench.state).toBe('RUNNING')
  })

  it('counts a failing restore as another failure, and backs off', () => {
    const bench = new JobBench().start().pass(10_000)
    bench.habits.restore = failure('storage/io', 'backoff')
    bench.failTask('v1/0').pass(10_000)
    bench.habits.restore = 'do'
    expect(bench.lines().filter((line) => line.startsWith('failed'))).toEqual([
      'failed test/boom restart in 910',
      'failed storage/io restart in 1400',
      'failed storage/io restart in 2443',
      'failed storage/io restart in 3680',
      'failed storage/io restart in 4958',
    ])
    bench.pass(10_000)
    expect(bench.state).toBe('RUNNING')
  })

  it('never falls back to an older checkpoint: a damaged one fails the job and is named', () => {
    const bench = new JobBench().start().pass(30_000)
    bench.habits.restore = {
      ...failure('restore/file-damaged', 'never'),
      message: 'chk-3/manifest is damaged',
    }
    bench.failTask('v1/0').pass(2_000)
    expect(bench.state).toBe('FAILED')
    expect(bench.lines().filter((line) => line.startsWith('load-restore'))).toEqual([
      'load-restore 3',
    ])
    expect(bench.machine.view.failure?.message).toBe('chk-3/manifest is damaged')
  })

  it('restores only when it is known whether the newest checkpoint is complete', () => {
    const bench = new JobBench()
    bench.habits.log = 'never'
    bench.start().pass(10_000).failTask('v1/0').pass(5_000)
    expect(bench.lines().some((line) => line.startsWith('deploy w1 a2'))).toBe(false)
    bench.habits.log = 'do'
    bench.happen({
      type: 'checkpoint-outcome',
      outcome: { type: 'completion-logged', checkpointId: checkpointId(1) },
    })
    const lines = bench.lines()
    expect(lines).toContain('load-restore 1')
    expect(lines).not.toContain('notify-complete 1 w1 a1')
    expect(bench.state).toBe('RUNNING')
  })

  it('drops messages of older attempts and counts them', () => {
    const bench = new JobBench().start().failTask('v1/0').pass(1_000)
    expect(bench.state).toBe('RUNNING')
    bench.lines()
    bench.report('v1/1', { state: 'failed', failure: failure('test/old', 'never') }, 1)
    bench.acknowledge(1, 1)
    expect(bench.lines()).toEqual([])
    expect(bench.machine.view.staleMessages).toBe(6)
    expect(bench.state).toBe('RUNNING')
  })

  it('takes a dead job process for a failure of its tasks', () => {
    const bench = new JobBench().start()
    bench.happen({
      type: 'slots-lost',
      workerId: workerId('w1'),
      fence: bench.fence(1),
      slots: [0],
      failure: failure('job/process-died', 'backoff'),
    })
    expect(bench.lines()).toEqual(
      expect.arrayContaining(['failed job/process-died restart in 910', 'cancel w2 a1 v1/1 v2/1']),
    )
    bench.pass(1_000)
    expect(bench.state).toBe('RUNNING')
  })

  it('starts the final checkpoint anew after a failure in the middle of it', () => {
    const bench = new JobBench()
    bench.habits.acknowledge = 'never'
    bench.start().allEndOfData()
    expect(bench.lines().at(-1)).toBe('trigger 1 final w1 a1 v0/0')
    bench.habits.acknowledge = 'do'
    bench.failTask('v1/0').pass(1_000)
    expect(bench.state).toBe('RUNNING')
    bench.allEndOfData()
    expect(bench.state).toBe('FINISHED')
  })
})
