import { describe, expect, it } from 'vitest'
import { parallelPipelines } from '../plan/graph-samples.ts'
import { failure, JobBench } from './job-bench.ts'
import { RUN_RETRY_MS } from './launcher.ts'

/** Deployed, and nobody has said anything yet. */
function deployed(options: ConstructorParameters<typeof JobBench>[0] = {}): JobBench {
  const bench = new JobBench(options)
  bench.habits.restored = 'never'
  bench.start().lines()
  return bench
}

const runs = (bench: JobBench): string[] => bench.lines().filter((line) => line.startsWith('run '))

describe('tasks of one attempt', () => {
  it('run when the last of them has its state, and not before', () => {
    const bench = deployed()
    const [last, ...others] = bench.taskKeys.toReversed()
    for (const key of others) bench.report(key, { state: 'restored' })
    expect(bench.pass(10_000).lines()).toEqual([])
    bench.report(last ?? '', { state: 'restored' })
    expect(bench.lines()).toEqual([
      'run w1 a1 v0/0 v1/0 v2/0',
      'run w2 a1 v1/1 v2/1',
      'CREATED → RUNNING',
    ])
  })

  it('are told again until they report, those that have not', () => {
    const bench = deployed()
    bench.habits.run = 'never'
    for (const key of bench.taskKeys) bench.report(key, { state: 'restored' })
    expect(runs(bench)).toHaveLength(2)
    for (const key of ['v0/0', 'v1/0', 'v2/0', 'v1/1']) bench.report(key, { state: 'running' })
    bench.pass(2 * RUN_RETRY_MS)
    expect(runs(bench)).toEqual(['run w2 a1 v2/1', 'run w2 a1 v2/1'])
    bench.report('v2/1', { state: 'running' })
    expect(runs(bench.pass(5 * RUN_RETRY_MS))).toEqual([])
    expect(bench.state).toBe('RUNNING')
  })

  it('are never told by an attempt that has ended, nor twice for the same report', () => {
    const bench = deployed()
    const [first, ...others] = bench.taskKeys
    for (const key of others) bench.report(key, { state: 'restored' })
    bench.killWorker('w2').addWorker('w3', 2)
    for (const key of bench.taskKeys) bench.report(key, { state: 'restored' }, 1)
    expect(runs(bench)).toEqual([])
    bench.pass(2_000)
    for (const key of bench.taskKeys) bench.report(key, { state: 'restored' }, 2)
    bench.report(first ?? '', { state: 'restored' }, 2)
    expect(runs(bench).every((line) => line.includes(' a2 '))).toBe(true)
    expect(bench.state).toBe('RUNNING')
  })

  it('end unrun when one of them finds damage', () => {
    const bench = deployed()
    for (const key of ['v0/0', 'v1/0', 'v2/0', 'v1/1']) bench.report(key, { state: 'restored' })
    const damaged = failure('state/file-damaged', 'never')
    bench.report('v2/1', { state: 'failed', failure: damaged })
    expect(runs(bench)).toEqual([])
    expect(bench.state).toBe('FAILED')
  })

  it('end unrun when the job is canceled meanwhile', () => {
    const bench = deployed().happen({ type: 'cancel' })
    for (const key of bench.taskKeys) bench.report(key, { state: 'restored' })
    expect(runs(bench)).toEqual([])
    expect(bench.state).toBe('CANCELED')
  })

  it('fail the deploy time-out by the name of who has no state, or else of who does not run', () => {
    const bench = deployed({ machine: { deployTimeoutMs: 10_000 } })
    for (const key of ['v0/0', 'v1/0', 'v2/0', 'v1/1']) bench.report(key, { state: 'restored' })
    bench.pass(10_000)
    expect(bench.machine.view.failure?.message).toMatch(/: v2\/1 on w2$/)
    const slow = deployed({ machine: { deployTimeoutMs: 10_000 } })
    slow.habits.run = 'never'
    for (const key of slow.taskKeys) slow.report(key, { state: 'restored' })
    for (const key of ['v0/0', 'v1/0', 'v2/0', 'v2/1']) slow.report(key, { state: 'running' })
    slow.pass(10_000)
    expect(slow.machine.view.failure?.message).toMatch(/: v1\/1 on w2$/)
  })

  it('have the time for each of the two: who restores slowly leaves it to who opens slowly', () => {
    const bench = deployed({ machine: { deployTimeoutMs: 10_000 } })
    bench.habits.run = 'never'
    for (const key of bench.taskKeys) bench.pass(1_500).report(key, { state: 'restored' })
    for (const key of bench.taskKeys) bench.pass(1_500).report(key, { state: 'running' })
    expect([bench.state, bench.machine.view.restarts]).toEqual(['RUNNING', 0])
    const slow = deployed({ machine: { deployTimeoutMs: 10_000 } })
    slow.habits.run = 'never'
    for (const key of slow.taskKeys) slow.pass(1_500).report(key, { state: 'restored' })
    expect(slow.pass(9_999).machine.view.failure).toBeNull()
    expect(slow.pass(1).machine.view.failure?.message).toMatch(/ms after they were told to run: /)
  })
})

describe('regions of one attempt', () => {
  const pipelines = { graph: parallelPipelines(2), workers: { w1: 4 } }

  it('wait for each other', () => {
    const bench = deployed(pipelines)
    const [last, ...others] = bench.taskKeys.toReversed()
    for (const key of others) bench.report(key, { state: 'restored' })
    expect(runs(bench)).toEqual([])
    bench.report(last ?? '', { state: 'restored' })
    expect(runs(bench)).toHaveLength(1)
  })

  it('fail together until they run, and each for itself afterwards', () => {
    const bench = deployed(pipelines)
    bench.habits.restored = 'do'
    const restarted = (): string =>
      bench
        .pass(5_000)
        .lines()
        .filter((line) => line.startsWith('deploy '))
        .join()
    bench.failTask('v0/0')
    expect(restarted()).toMatch(/v0\/0.*v2\/0/)
    expect(bench.state).toBe('RUNNING')
    bench.failTask('v0/0')
    expect(restarted()).toMatch(/v0\/0/)
    expect(new Set(bench.machine.tasks.map((entry) => entry.attempt))).toEqual(new Set([2, 3]))
  })
})

describe('a worker that is drained while a job is on its way there', () => {
  const allocated = (bench: JobBench): string[] =>
    bench
      .lines()
      .filter((line) => /^(allocate|deploy|release|failed)/.test(line))
      .map((line) => line.split(' ').slice(0, 3).join(' '))

  it.each([
    ['allocated', 'allocate'],
    ['deployed', 'restored'],
  ] as const)('is left again: %s', (_, habit) => {
    const bench = new JobBench({
      workers: { w1: 1, w2: 1, w3: 2 },
      settings: { restart: { strategy: 'none' } },
    })
    bench.habits[habit] = 'never'
    bench.start().lines()
    const home = bench.registry.workers.find(({ holders }) => holders.some((job) => job !== null))
    bench.habits[habit] = 'do'
    bench.drainWorker(home?.registration.workerId ?? '').pass(1_000)
    expect(bench.state).toBe('RUNNING')
    const places = new Set(bench.machine.tasks.map(({ slot }) => slot?.workerId))
    expect(places).not.toContain(home?.registration.workerId)
    expect(allocated(bench)[0]).toMatch(/^(release|failed)/)
  })

  it('is left also when state is still being loaded', () => {
    const bench = new JobBench({
      machine: { restorePath: '/old/chk-41' },
      workers: { w1: 2, w2: 2 },
    })
    bench.habits.restore = 'never'
    bench.start()
    bench.habits.restore = 'do'
    bench.drainWorker('w1').pass(1_000)
    expect(bench.state).toBe('RUNNING')
    expect(new Set(bench.machine.tasks.map(({ slot }) => slot?.workerId))).toEqual(new Set(['w2']))
  })

  it('is waited for by nobody when there is no room elsewhere', () => {
    const bench = new JobBench({ workers: { w1: 2 } })
    bench.habits.allocate = 'never'
    bench.start().drainWorker('w1')
    bench.habits.allocate = 'do'
    bench.pass(6_000)
    expect(bench.machine.view.degraded?.code).toBe('job/not-enough-slots')
    bench.addWorker('w2', 2)
    expect(bench.state).toBe('RUNNING')
  })
})
