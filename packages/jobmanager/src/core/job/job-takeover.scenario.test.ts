import { attempt, checkpointId } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import { JobBench } from './job-bench.ts'

const own = (id: number, kind: 'periodic' | 'final' = 'periodic') => ({
  checkpointId: checkpointId(id),
  kind,
  manifestPath: `chk-${id}/manifest`,
  manifestSha256: 'f'.repeat(64),
  triggeredAtMs: 0,
  completedAtMs: 1,
  stateBytes: 1,
})

describe('finishing and taking over', () => {
  it('only commits after the final checkpoint, however often it fails then', () => {
    const bench = new JobBench()
    bench.habits.finish = 'never'
    bench.start().allEndOfData()
    expect(bench.state).toBe('FINISHING')
    bench.lines()
    bench.killWorker('w1')
    expect(bench.lines()).toContain('deploy w2 a2 v0/0 v1/0 v1/1 v2/0 v2/1 from 1 commit-only')
    bench.habits.finish = 'do'
    bench.failTask('v2/0').pass(2_000)
    expect(bench.lines().slice(-5)).toEqual([
      'release w2 a3',
      'FINISHING → FINISHED',
      'free-seats',
      'clean-up delete checkpoints',
      'ended',
    ])
  })

  it('only commits when another leader takes over a finishing job', () => {
    const bench = new JobBench({
      machine: {
        recovered: true,
        finishing: checkpointId(9),
        retained: [own(9, 'final')],
        nextCheckpointId: checkpointId(10),
      },
    })
    bench.start()
    expect(bench.lines()).toContain('RESTARTING → FINISHING')
    expect(bench.state).toBe('FINISHED')
    expect(bench.transcript.some((line) => line.startsWith('trigger'))).toBe(false)
  })

  it('goes on cancelling when another leader takes over a job that was to be canceled', () => {
    const bench = new JobBench({
      machine: {
        recovered: true,
        cancelRequested: true,
        retained: [own(3)],
        nextCheckpointId: checkpointId(4),
      },
    }).start()
    expect(bench.lines()).toEqual([
      'INITIALIZING → CANCELLING',
      'log-terminal CANCELED',
      'CANCELLING → CANCELED',
      'free-seats',
      'clean-up keep checkpoints',
      'ended',
    ])
  })

  it('numbers attempts above those of the leader before, and counts them as restarts', () => {
    const bench = new JobBench({
      machine: {
        recovered: true,
        retained: [own(3)],
        nextCheckpointId: checkpointId(4),
        lastAttempt: attempt(4),
      },
    }).start()
    expect(bench.machine.view).toMatchObject({ attempt: 5, restarts: 4 })
    bench.pass(1_000)
    expect(bench.machine.attempts.map((one) => one.attempt)).toEqual([5])
  })

  it('goes on from the newest checkpoint when another leader takes over', () => {
    const bench = new JobBench({
      machine: { recovered: true, retained: [own(3), own(5)], nextCheckpointId: checkpointId(7) },
    }).start()
    expect(bench.lines().slice(0, 3)).toEqual([
      'INITIALIZING → RESTARTING',
      'request-seats 2 keep 0',
      'load-restore 5',
    ])
    bench.pass(10_000)
    expect(bench.transcript).toContain('log-completion 8 periodic')
  })
})
