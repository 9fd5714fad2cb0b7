import { jobId, type JobId } from '@weirjs/common/core/ids'
import { expect, it } from 'vitest'
import { EndedJobs, JOBS_ENDED_MAX, JOBS_FORGOTTEN_MAX } from './ended-jobs.ts'
import type { JobEntry } from './job-entry.ts'

const idOf = (i: number): JobId => jobId(i.toString(16).padStart(32, '0'))
/** Of an entry only this counts. */
const entry = (i: number, ended: boolean, endedAtMs: number | null = i): JobEntry =>
  ({ jobId: idOf(i), ended, summary: () => ({ endedAtMs }) }) as JobEntry
const NOW_MS = 1_000_000
const make = (jobs: Map<JobId, JobEntry>, forget: (job: JobId) => void = () => {}): EndedJobs =>
  new EndedJobs({ jobs, scheduler: { wallMs: () => NOW_MS }, history: { forget } })

it('shows the newest, knows that the others have ended, and never takes one that lives', () => {
  const jobs = new Map<JobId, JobEntry>([[idOf(0), entry(0, false)]])
  const ended = make(jobs)
  for (let i = 1; i <= JOBS_ENDED_MAX + 3; i++) {
    jobs.set(idOf(i), entry(i, true))
    ended.trim(idOf(i))
  }
  expect(jobs.size).toBe(JOBS_ENDED_MAX + 1)
  expect([0, 1, 3, 4].map((i) => ended.wasForgotten(idOf(i)))).toEqual([false, true, true, false])
  jobs.set(idOf(1), entry(1, false))
  expect(ended.wasForgotten(idOf(1))).toBe(false)
})

it('remembers a bounded number of ids', () => {
  const jobs = new Map<JobId, JobEntry>()
  const ended = make(jobs)
  const all = JOBS_ENDED_MAX + JOBS_FORGOTTEN_MAX + 1
  for (let i = 0; i < all; i++) jobs.set(idOf(i), entry(i, true))
  ended.trim(idOf(all - 1))
  expect([0, 1].map((i) => ended.wasForgotten(idOf(i)))).toEqual([false, true])
})

it('shows the newest also when they were found in no order, and what was found last', () => {
  const jobs = new Map<JobId, JobEntry>()
  const forgotten: JobId[] = []
  const ended = make(jobs, (job) => forgotten.push(job))
  const find = (i: number, endedAtMs: number | null): void => {
    jobs.set(idOf(i), entry(i, true, endedAtMs))
    ended.trim(idOf(i))
  }
  const shown = (): number[] => [0, 1, 2, 3, 4, 5].filter((i) => jobs.has(idOf(i)))
  find(0, null)
  for (let i = JOBS_ENDED_MAX + 2; i >= 1; i--) find(i, i)
  expect(shown()).toEqual([0, 1, 5])
  find(1_000, 1_000)
  expect(shown()).toEqual([0, 5])
  expect(forgotten).toEqual([4, 3, 2, 1].map(idOf))
})

it('shows what ended last beside any number of damaged logs', () => {
  const jobs = new Map<JobId, JobEntry>()
  const ended = make(jobs)
  const add = (i: number, endedAtMs: number | null): void => {
    jobs.set(idOf(i), entry(i, true, endedAtMs))
    ended.trim(idOf(i))
  }
  for (let i = 0; i < JOBS_ENDED_MAX; i++) add(i, null)
  for (const i of [1_000, 1_001, 1_002]) add(i, NOW_MS + i)
  expect([1_000, 1_001, 1_002].filter((i) => jobs.has(idOf(i)))).toEqual([1_000, 1_001, 1_002])
  expect(jobs.size).toBe(JOBS_ENDED_MAX)
})
