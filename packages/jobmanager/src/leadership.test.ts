import { WeirError } from '@weirjs/common/core/errors'
import { jobId, type JobId } from '@weirjs/common/core/ids'
import { expect, it } from 'vitest'
import type { JobEntry } from './job-entry.ts'
import { Leadership } from './leadership.ts'

const idOf = (digit: string): JobId => jobId(digit.repeat(32))
const taken = new WeirError('log/deposed', 'taken', { domain: 'internal' })

/** Of an entry only this counts. */
class Jobs {
  readonly live = new Set<JobId>()
  readonly stoodBy: string[] = []
  readonly leadership = new Leadership({
    jobs: () => [...this.live].map((id) => ({ jobId: id, ended: false }) as JobEntry),
    onStandBy: (why) => this.stoodBy.push(why),
  })
}

it('leads again, and may stand by again, when a job runs here after all', () => {
  const jobs = new Jobs()
  const { leadership } = jobs
  jobs.live.add(idOf('a'))
  leadership.lost(idOf('a'), taken)
  expect([leadership.standsBy, jobs.stoodBy.length]).toEqual([true, 1])
  jobs.live.add(idOf('b'))
  leadership.regained(idOf('b'))
  expect(leadership.standsBy).toBe(false)
  expect(leadership.whyNot).toBe('taken')
  expect(() => leadership.mustLead()).not.toThrow()
  leadership.lost(idOf('b'), taken)
  expect([leadership.standsBy, jobs.stoodBy.length]).toEqual([true, 2])
})
