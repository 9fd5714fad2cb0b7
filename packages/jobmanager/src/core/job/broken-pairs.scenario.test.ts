import { workerId } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import { failure, JobBench } from './job-bench.ts'

const lostTo = (peer: string) =>
  ({
    state: 'failed',
    failure: { ...failure('exchange/peer-lost', 'immediate'), peer },
  }) as const
const places = (bench: JobBench): string =>
  [...new Set(bench.machine.tasks.map(({ slot }) => slot?.workerId))].toSorted().join(' ')

describe('two workers that live and do not reach each other', () => {
  it('are named by the failure, and not used together by the next attempt', () => {
    const bench = new JobBench({ workers: { w1: 1, w2: 1, w3: 1 } }).start()
    expect(places(bench)).toBe('w1 w2')
    bench.report('v1/0', lostTo('w2'))
    expect(bench.machine.view.failure?.message).toMatch(/\(between w1 and w2\)$/)
    expect(bench.lines()).toContain('failed exchange/peer-lost restart in 910')
    bench.pass(2_000)
    expect(places(bench)).toMatch(/^(w1|w2) w3$/)
    expect(bench.state).toBe('RUNNING')
  })

  it('are used again where there is no other choice, after growing delays', () => {
    const bench = new JobBench({ workers: { w1: 1, w2: 1 } }).start()
    const delays = [1, 2, 3].map(() => {
      bench.lines()
      bench.report('v1/0', lostTo('w2'))
      const line = bench.lines().find((one) => one.startsWith('failed'))
      bench.pass(10_000)
      return Number(line?.split(' ').at(-1))
    })
    expect(places(bench)).toBe('w1 w2')
    expect(bench.state).toBe('RUNNING')
    expect(delays).toEqual(delays.toSorted((a, b) => a - b))
  })

  it('are no pair when one of them turns out to be lost, or its job process', () => {
    const bench = new JobBench({ workers: { w1: 1, w2: 1, w3: 1 } }).start()
    bench.report('v1/0', lostTo('w2'))
    const died = failure('job/process-lost', 'immediate')
    bench.happen({
      type: 'slots-lost',
      workerId: workerId('w2'),
      fence: bench.fence(1),
      slots: [0],
      failure: died,
    })
    bench.pass(2_000)
    expect(places(bench)).toBe('w1 w2')
  })
})
