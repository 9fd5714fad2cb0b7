import { expect, it } from 'vitest'
import { broken, type Measurements, PROMISED_MS } from './measure.ts'
import type { RecoverySummary } from './recoveries.ts'

const took = (p95: number, measured = 20): RecoverySummary => {
  const spread = { median: 1, p95, max: 60_000 }
  return { measured, runningMs: spread, outputMs: spread }
}
const never: RecoverySummary = { measured: 0, runningMs: null, outputMs: null }

const asPromised: Measurements = {
  taskmanager: took(PROMISED_MS.taskmanager),
  'job-process': took(PROMISED_MS['job-process']),
  jobmanager: took(PROMISED_MS.jobmanager),
  pause: took(PROMISED_MS.pause),
}

it('breaks the promise when more than five of a hundred recoveries took longer, or too few were seen', () => {
  expect(broken(asPromised, 20)).toEqual([])
  expect(broken({ ...asPromised, taskmanager: took(2_001) }, 20)).toEqual([
    'taskmanager: 2001 ms for 95 of 100, promised are 2000',
  ])
  expect(broken({ ...asPromised, jobmanager: took(8_001), pause: never }, 20)).toEqual([
    'jobmanager: 8001 ms for 95 of 100, promised are 8000',
    'pause: measured 0 times instead of 20',
  ])
  expect(broken({ ...asPromised, 'job-process': took(1, 19) }, 20)).toHaveLength(1)
})
