import type { LogicalGraph } from '@weirjs/common/core/graph/logical-graph'
import { describe, expect, it } from 'vitest'
import { parallelPipelines } from '../plan/graph-samples.ts'
import { failure, JobBench } from './job-bench.ts'

/** Pipelines that do not even share slots. */
function apart(regions: number): LogicalGraph {
  const graph = parallelPipelines(regions)
  const nodes = graph.nodes.map((node) => ({ ...node, slotSharingGroup: `g${node.id.at(-1)}` }))
  return { ...graph, nodes }
}

function twoRegions(workers: Record<string, number>): JobBench {
  const bench = new JobBench({ graph: apart(2), settings: { parallelism: 1 }, workers }).start()
  expect(held(bench)).toBe('w1 w2')
  return bench
}

/** Workers of which the job has a slot. */
const held = (bench: JobBench): string =>
  bench.registry.workers
    .filter(({ holders }) => holders.some((holder) => holder !== null))
    .map(({ registration }) => registration.workerId)
    .join(' ')
const states = (bench: JobBench): string => bench.machine.tasks.map((task) => task.state).join(' ')

describe('slots of regions that have failed', () => {
  it('are taken back while another region of the job waits for some', () => {
    const bench = twoRegions({ w1: 1, w2: 1 }).killWorker('w2').pass(2_000)
    bench.failTask(bench.taskKeys[0] ?? '').pass(5_000)
    expect(states(bench)).toBe('running running lost lost')
    expect(bench.state).toBe('RESTARTING')
    bench.addWorker('w3', 1)
    expect(bench.state).toBe('RUNNING')
    expect(held(bench)).toBe('w1 w3')
  })

  it('are not given away while they rest and another region begins', () => {
    const bench = twoRegions({ w1: 1, w2: 1, w3: 1 })
    bench.failTask(bench.taskKeys[0] ?? '').drainWorker('w2')
    expect(states(bench)).toBe('failed canceled running running')
    expect(held(bench)).toBe('w1 w3')
  })

  it('are not given away when they could not be started', () => {
    const bench = new JobBench()
    bench.habits.allocate = 'never'
    bench.start()
    const { attempt } = bench.fence(1)
    const refused = failure('rpc/deadline', 'backoff')
    const [w1] = bench.registry.workers.map(({ registration }) => registration.workerId)
    if (w1 === undefined) throw new Error('no worker')
    bench.happen({ type: 'allocate-failed', attempt, workerId: w1, failure: refused })
    expect(bench.state).toBe('RESTARTING')
    expect(held(bench)).toBe('w1 w2')
    bench.happen({ type: 'cancel' })
    expect(bench.state).toBe('CANCELED')
    expect(held(bench)).toBe('')
  })
})
