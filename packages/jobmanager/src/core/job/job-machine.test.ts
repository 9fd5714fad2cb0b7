import type { RestartSettings } from '@weirjs/common/core/graph/logical-graph'
import { workerId } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import { parallelPipelines } from '../plan/graph-samples.ts'
import { failure, JobBench } from './job-bench.ts'

const settle: Record<string, (bench: JobBench) => void> = {
  CREATED: (bench) => {
    bench.killWorker('w1').killWorker('w2').start()
  },
  'CREATED while slots start': (bench) => {
    bench.habits.allocate = 'never'
    bench.start()
  },
  'CREATED while tasks are deployed': (bench) => {
    bench.habits.deploy = 'never'
    bench.start()
    bench.habits.deploy = 'do'
  },
  RUNNING: (bench) => {
    bench.start().pass(10_000)
  },
  'RESTARTING while it waits': (bench) => {
    bench.start().failTask('v1/0')
  },
  'RESTARTING while it cancels': (bench) => {
    bench.habits.cancel = 'never'
    bench.start().failTask('v1/0')
  },
  'RESTARTING while it loads': (bench) => {
    bench.start().pass(10_000)
    bench.habits.restore = 'never'
    bench.failTask('v1/0').pass(2_000)
  },
  FINISHING: (bench) => {
    bench.habits.finish = 'never'
    bench.start().allEndOfData()
  },
  FAILING: (bench) => {
    bench.habits.cancel = 'never'
    bench.start().failTask('v1/0', 'never')
  },
  CANCELLING: (bench) => {
    bench.habits.cancel = 'never'
    bench.start().happen({ type: 'cancel' })
  },
}

describe('cancel', () => {
  it.each(Object.keys(settle))('reaches CANCELED from %s', (name) => {
    const bench = new JobBench()
    settle[name]?.(bench)
    expect(bench.state).toBe(name.split(' ')[0])
    bench.happen({ type: 'cancel' }).pass(31_000)
    expect(bench.state).toBe('CANCELED')
    expect(bench.lines().slice(-3)).toEqual(['free-seats', 'clean-up keep checkpoints', 'ended'])
    bench.pass(1_000_000)
    expect(bench.lines()).toEqual([])
  })

  it.each(Object.keys(settle))('reaches CANCELED from %s with a dead worker', (name) => {
    const bench = new JobBench()
    settle[name]?.(bench)
    bench.killWorker('w1').happen({ type: 'cancel' }).killWorker('w2').pass(1)
    expect(bench.state).toBe('CANCELED')
  })

  it('writes the wish into the log, once, and says when it is there', () => {
    const bench = new JobBench()
    bench.habits.cancel = 'never'
    bench.habits.log = 'never'
    bench.start().happen({ type: 'cancel' }, { type: 'cancel' })
    expect(bench.lines().filter((line) => line === 'log-cancel')).toHaveLength(1)
    bench.happen({ type: 'cancel-logged' })
    expect(bench.lines()).toEqual(['cancel-accepted'])
    bench.happen({ type: 'cancel' })
    expect(bench.lines()).toEqual(['cancel-accepted'])
  })

  it('comes too late for a job whose end is being logged', () => {
    const bench = new JobBench()
    bench.start()
    bench.habits.log = 'never'
    bench.failTask('v1/0', 'never')
    expect(bench.lines().at(-1)).toBe('log-terminal FAILED test/boom')
    bench.happen({ type: 'cancel' }, { type: 'terminal-logged' })
    expect(bench.lines()).not.toContain('log-cancel')
    expect(bench.state).toBe('FAILED')
  })

  it('waits for the log', () => {
    const bench = new JobBench().start()
    bench.habits.log = 'never'
    bench
      .happen({ type: 'cancel' })
      .happen({ type: 'log-health', stalled: failure('storage/io', 'backoff') })
    expect(bench.state).toBe('CANCELLING')
    expect(bench.machine.view.degraded?.code).toBe('storage/io')
    bench.happen({ type: 'log-health', stalled: null })
    expect(bench.machine.view.degraded).toBeNull()
    bench.happen({ type: 'terminal-logged' })
    expect(bench.state).toBe('CANCELED')
  })
})

describe('restart budget', () => {
  const fixed = (attempts: number): RestartSettings => ({
    strategy: 'fixed-delay',
    attempts,
    delayMs: 0,
  })

  it('bears hundreds of instant failures and finishes', () => {
    const bench = new JobBench({ settings: { restart: fixed(500) } }).start()
    for (let i = 0; i < 500; i++) bench.failTask(`v${i % 3}/0`)
    expect(bench.state).toBe('RUNNING')
    expect(bench.machine.view).toMatchObject({ attempt: 501, restarts: 500 })
    expect(bench.machine.attempts).toHaveLength(100)
    bench.allEndOfData()
    expect(bench.state).toBe('FINISHED')
  })

  it('fails with the failure that was one too many', () => {
    const bench = new JobBench({ settings: { restart: fixed(2) } }).start()
    bench.failTask('v1/0').failTask('v1/0').failTask('v1/0')
    expect(bench.state).toBe('FAILED')
    expect(bench.machine.view.failure?.code).toBe('test/boom')
    expect(bench.lines().filter((line) => line.startsWith('failed'))).toEqual([
      'failed test/boom restart in 0',
      'failed test/boom restart in 0',
      'failed test/boom for good',
    ])
  })

  it('ends at the exact number of exponential attempts', () => {
    const restart: RestartSettings = {
      strategy: 'exponential-delay',
      initialMs: 10,
      maxMs: 100,
      multiplier: 2,
      jitter: 0.1,
      resetAfterMs: 1e9,
      attempts: 4,
    }
    const bench = new JobBench({ settings: { restart } }).start()
    for (let i = 0; i < 4; i++) {
      bench.failTask('v2/1').pass(200)
      expect(bench.state).toBe('RUNNING')
    }
    bench.failTask('v2/1')
    expect(bench.state).toBe('FAILED')
    expect(bench.machine.view.restarts).toBe(4)
  })

  it('ends when failures come too often', () => {
    const restart: RestartSettings = {
      strategy: 'failure-rate',
      failuresMax: 2,
      windowMs: 1_000,
      delayMs: 0,
    }
    const bench = new JobBench({ settings: { restart } }).start()
    for (let i = 0; i < 6; i++) bench.failTask('v1/0').pass(600)
    expect(bench.state).toBe('RUNNING')
    bench.pass(1_000).failTask('v1/0').failTask('v1/0').failTask('v1/0')
    expect(bench.state).toBe('FAILED')
  })

  it('counts one misfortune once, however many tasks it takes', () => {
    const bench = new JobBench({ settings: { restart: fixed(1) } })
    bench.habits.cancel = 'never'
    bench.start()
    for (const key of bench.taskKeys) bench.failTask(key)
    expect(bench.state).toBe('RUNNING')
    expect(bench.machine.view.restarts).toBe(1)
  })

  it('fails at once when restarting cannot help', () => {
    const bench = new JobBench().start().failTask('v1/0', 'never')
    expect(bench.state).toBe('FAILED')
    expect(bench.machine.view.attempt).toBe(1)
  })

  it('restarts when more checkpoints failed than are tolerated', () => {
    const checkpoint = {
      intervalMs: 1_000,
      mode: 'exactly-once',
      minPauseMs: 0,
      timeoutMs: 500,
      maxConcurrent: 1,
      tolerableFailures: 1,
      retained: 1,
      retainOn: 'always',
    } as const
    const bench = new JobBench({ settings: { checkpoint } })
    bench.habits.acknowledge = 'never'
    bench.start().pass(2_600)
    expect(bench.lines().filter((line) => line.startsWith('failed'))).toEqual([
      'failed checkpoint/too-many-failures restart in 910',
    ])
    bench.habits.acknowledge = 'do'
    bench.pass(3_000)
    expect(bench.state).toBe('RUNNING')
  })

  it('is DEGRADED, and runs on, when checkpoints fail and any number is tolerated', () => {
    const checkpoint = {
      intervalMs: 1_000,
      mode: 'exactly-once',
      minPauseMs: 0,
      timeoutMs: 500,
      maxConcurrent: 1,
      tolerableFailures: null,
      retained: 1,
      retainOn: 'always',
    } as const
    const bench = new JobBench({ settings: { checkpoint } })
    bench.habits.acknowledge = 'never'
    bench.start()
    bench.happen({ type: 'log-health', stalled: failure('log/unavailable', 'backoff') })
    bench.happen({ type: 'log-health', stalled: null })
    bench.pass(10_000)
    expect(bench.state).toBe('RUNNING')
    expect(bench.machine.view.degraded?.code).toBe('checkpoint/timed-out')
    bench.habits.acknowledge = 'do'
    bench.pass(3_000)
    expect(bench.machine.view.degraded).toBeNull()
  })
})

describe('regions', () => {
  const three = (): JobBench =>
    new JobBench({ graph: parallelPipelines(3), settings: { parallelism: 2 } }).start().pass(10_000)

  it('restarts only the region that failed, in the slots that it shares with the others', () => {
    const bench = three()
    bench.lines()
    const victim =
      bench.machine.tasks.find((entry) => entry.vertex.name.startsWith('read1'))?.key ?? ''
    bench.failTask(victim)
    const canceled = bench.lines().filter((line) => line.startsWith('cancel'))
    bench.pass(1_000)
    const deployed = bench.lines().filter((line) => line.startsWith('deploy'))
    expect(canceled.join().match(/v\d\/\d/g)).toHaveLength(2)
    expect(deployed.join().match(/v\d\/\d/g)).toHaveLength(3)
    expect(deployed.every((line) => line.includes(' a2 ') && line.endsWith('from 1'))).toBe(true)
    expect(new Set(bench.machine.tasks.map((entry) => entry.attempt))).toEqual(new Set([1, 2]))
    expect(bench.state).toBe('RUNNING')
  })

  it('does not release a process in which other regions work', () => {
    const bench = three()
    bench.lines()
    bench.failTask('v0/0')
    expect(bench.lines().some((line) => line.startsWith('release'))).toBe(false)
  })

  it('takes checkpoints over regions of different attempts', () => {
    const bench = three()
    bench.failTask('v0/0').pass(1_000)
    bench.lines()
    bench.pass(20_000)
    const lines = bench.lines()
    expect(lines.filter((line) => line.startsWith('trigger 3'))).toHaveLength(2)
    expect(lines).toContain('log-completion 3 periodic')
  })

  it('restarts all regions that a lost worker hits under one attempt', () => {
    const bench = three()
    bench.killWorker('w2')
    expect(bench.state).toBe('RUNNING')
    expect(new Set(bench.machine.tasks.map((entry) => entry.attempt))).toEqual(new Set([2]))
    expect(bench.machine.view.restarts).toBe(1)
  })

  it('restarts as one when told so', () => {
    const bench = new JobBench({
      graph: parallelPipelines(3),
      machine: { failover: 'full' },
    }).start()
    bench.failTask('v0/0').pass(1_000)
    expect(new Set(bench.machine.tasks.map((entry) => entry.attempt))).toEqual(new Set([2]))
  })

  it('finishes when all regions have', () => {
    const bench = three().allEndOfData()
    expect(bench.state).toBe('FINISHED')
  })

  it('keeps an older attempt of another region heard', () => {
    const bench = three()
    bench.failTask('v0/0').pass(1_000)
    const old = bench.machine.tasks.find((entry) => entry.attempt === 1)
    expect(old).toBeDefined()
    if (old !== undefined) bench.report(old.key, { state: 'end-of-data' }, 1)
    expect(old?.state).toBe('ended')
    expect(bench.machine.view.staleMessages).toBe(0)
  })
})

describe('late answers', () => {
  it('releases slots that were started for nobody', () => {
    const bench = new JobBench()
    bench.habits.allocate = 'never'
    bench.start().happen({ type: 'cancel' })
    expect(bench.state).toBe('CANCELED')
    const other = new JobBench({ workers: { w1: 2, w2: 2 } })
    other.habits.allocate = 'never'
    other.start().killWorker('w1')
    other.lines()
    const endpoints = [{ workerId: workerId('w2'), slot: 0, dataAddress: 'x' }]
    other.happen({
      type: 'slots-allocated',
      attempt: other.fence(1).attempt,
      workerId: workerId('w2'),
      endpoints,
    })
    expect(other.lines()).toEqual(['release w2 a1'])
  })

  it('gives up on slots that never come', () => {
    const bench = new JobBench()
    bench.habits.allocate = 'never'
    bench.start().pass(119_000)
    bench.habits.allocate = 'do'
    bench.pass(3_000)
    expect(bench.lines()).toContain('failed job/allocate-timeout restart in 910')
    expect(bench.state).toBe('RUNNING')
  })
})

describe('tasks that do not begin to run', () => {
  it('fail after the deploy time-out, and start anew', () => {
    const bench = new JobBench()
    bench.habits.deploy = 'never'
    bench.start().lines()
    bench.pass(59_999)
    expect(bench.lines()).toEqual([])
    bench.habits.deploy = 'do'
    bench.pass(1)
    expect(bench.lines()[0]).toBe('failed job/deploy-timeout restart in 910')
    expect(bench.machine.view.failure?.message).toContain('v0/0 on w1')
    bench.pass(40_000)
    expect(bench.state).toBe('RUNNING')
  })

  it('are only those of their region', () => {
    const bench = new JobBench({ graph: parallelPipelines(2), workers: { w1: 4 } })
    bench.start().lines()
    bench.habits.deploy = 'never'
    bench.failTask('v0/0').pass(1_000)
    bench.habits.deploy = 'do'
    const canceled = bench
      .pass(60_000)
      .lines()
      .filter((line) => line.startsWith('cancel'))
    expect(canceled.length).toBeGreaterThan(0)
    expect(canceled.join()).not.toMatch(/v[13]/)
    bench.pass(40_000)
    expect(bench.state).toBe('RUNNING')
  })
})
