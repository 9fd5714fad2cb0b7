import { describe, expect, it } from 'vitest'
import { type Growth, judgeGrowth, type Slopes } from './growth.ts'

const FLAT: Slopes = {
  checkpointFiles: 0,
  checkpointMiB: 0,
  workFiles: 0,
  controlMiB: 0,
  controlDescriptors: 0,
  jobManagerLifeMiB: 0,
  taskManagerLifeMiB: 0,
  jobProcessLifeMiB: 0,
  lifeThreads: 0,
  lifeSockets: 0,
  lifeOtherFiles: 0,
}
const LIMITS = Object.fromEntries(Object.keys(FLAT).map((kind) => [kind, 2])) as Slopes

const growth = (perMinute: Partial<Slopes>): Growth => ({
  perMinute: { ...FLAT, ...perMinute },
  max: LIMITS,
})

describe('judgeGrowth', () => {
  it('is silent about what is flat, falls or rises no more than it may, and about runs too short to tell', () => {
    expect(judgeGrowth(growth({ jobManagerLifeMiB: 2, lifeSockets: -9 }))).toEqual([])
    expect(judgeGrowth(null)).toEqual([])
  })

  it('complains of each thing that rises more', () => {
    expect(judgeGrowth(growth({ jobManagerLifeMiB: 2.01, lifeThreads: 3 }))).toEqual([
      { oracle: 'growth', message: 'jobManagerLifeMiB grow by 2.01 a minute, not 2' },
      { oracle: 'growth', message: 'lifeThreads grow by 3 a minute, not 2' },
    ])
  })
})
