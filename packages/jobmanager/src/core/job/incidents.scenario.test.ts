import { describe, expect, it } from 'vitest'
import { parallelPipelines } from '../plan/graph-samples.ts'
import { ATTEMPTS_PER_WORKER_MAX } from './failover.ts'
import { failure, JobBench } from './job-bench.ts'

const pipelines = (regions: number): JobBench =>
  new JobBench({ graph: parallelPipelines(regions), workers: { w1: 4, w2: 4, w3: 4 } })
    .start()
    .pass(10_000)
const attempts = (bench: JobBench): Set<number | null> =>
  new Set(bench.machine.tasks.map(({ attempt }) => attempt))
const failures = (bench: JobBench): string[] =>
  bench.lines().filter((line) => line.startsWith('failed'))
/** One task of each region. */
const heads = (bench: JobBench): string[] =>
  [...Map.groupBy(bench.machine.tasks, ({ region }) => region).values()].map(
    ([first]) => first?.key ?? '',
  )

const peerLost = { state: 'failed', failure: failure('exchange/peer-lost', 'immediate') } as const

describe('failures that come while others still wait', () => {
  it('are one misfortune: all restart together, and the restart strategy counts one', () => {
    const bench = pipelines(10)
    bench.lines()
    for (const key of heads(bench)) bench.failTask(key).pass(50)
    const said = failures(bench)
    expect(said).toHaveLength(10)
    expect(said[0]).toBe('failed test/boom restart in 910')
    expect(said[9]).toBe('failed test/boom restart in 460')
    bench.pass(410)
    expect(bench.state).toBe('RUNNING')
    expect(attempts(bench)).toEqual(new Set([2]))
    expect(bench.machine.view.restarts).toBe(1)
    bench.failTask('v0/0')
    expect(failures(bench)[0]).toBe('failed test/boom restart in 1400')
  })

  it('do not wait with them when they can never heal', () => {
    const bench = pipelines(2)
    const [first, second] = heads(bench)
    bench.failTask(first ?? '').failTask(second ?? '', 'never')
    expect(bench.state).toBe('FAILED')
  })

  it('are counted again when nobody waits any more', () => {
    const bench = pipelines(2)
    const [first, second] = heads(bench)
    bench
      .failTask(first ?? '')
      .pass(2_000)
      .failTask(second ?? '')
      .pass(2_000)
    expect(bench.machine.view.restarts).toBe(2)
    expect(bench.state).toBe('RUNNING')
  })

  it('are shadows of one lost worker together, whatever their number: nobody waits then', () => {
    const bench = pipelines(2)
    bench.lines()
    for (const key of heads(bench)) bench.report(key, peerLost)
    bench.killWorker('w1')
    expect(failures(bench).at(-1)).toBe('failed worker/lost restart in 0')
    expect(bench.state).toBe('RUNNING')
    expect(bench.machine.view.restarts).toBe(1)
  })

  it.each([
    ['before', ['boom', 'shadow']],
    ['behind', ['shadow', 'boom']],
  ] as const)('are no shadow of it when one of them has a cause of its own, %s', (_name, order) => {
    const bench = pipelines(2)
    const keys = heads(bench)
    order.forEach((what, i) => {
      if (what === 'boom') bench.failTask(keys[i] ?? '')
      else bench.report(keys[i] ?? '', peerLost)
    })
    bench.killWorker('w1')
    expect(bench.state).toBe('RESTARTING')
    expect(bench.machine.view.restarts).toBe(1)
    bench.pass(1_000)
    expect(bench.state).toBe('RUNNING')
  })

  it('leave a worker that is drained at once, and are not forgiven for that', () => {
    const bench = pipelines(2)
    const [first, second] = heads(bench)
    bench.failTask(first ?? '').lines()
    bench.drainWorker('w1')
    expect(failures(bench)).toEqual(['failed worker/drained restart in 0'])
    expect(bench.machine.tasks.find(({ key }) => key === second)?.state).toBe('running')
    expect(bench.state).toBe('RESTARTING')
    bench.pass(1_000)
    expect(bench.state).toBe('RUNNING')
  })
})

describe('regions that fail one after the other', () => {
  /** By worker. */
  const living = (bench: JobBench): number[] =>
    [
      ...Map.groupBy(
        bench.machine.tasks.filter(({ state }) => state === 'running'),
        ({ slot }) => slot?.workerId,
      ).values(),
    ].map((tasks) => new Set(tasks.map(({ attempt }) => attempt)).size)

  it('restart apart, until the attempts on a worker would be too many: then all share one again', () => {
    const bench = pipelines(6)
    const most = heads(bench).map((key) => {
      bench.failTask(key).pass(70_000)
      expect(bench.state).toBe('RUNNING')
      return Math.max(...living(bench))
    })
    expect(most).toEqual([2, 3, 1, 2, 3, 1])
    expect(Math.max(...most)).toBe(ATTEMPTS_PER_WORKER_MAX)
  })

  it('leave the others alone as long as one of them fails, however often', () => {
    const bench = pipelines(6)
    for (let i = 0; i < 10; i++) bench.failTask('v0/0').pass(70_000)
    expect(living(bench)).toEqual([2, 2])
    expect(bench.machine.tasks.filter(({ attempt }) => attempt === 1).length).toBeGreaterThan(8)
  })
})
