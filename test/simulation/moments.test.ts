import { describe, expect, it } from 'vitest'
import type { AuditedEntry } from './src/oracles/o3-job-log.ts'
import { Moments } from './src/oracles/o8-moments.ts'

type Body = AuditedEntry['body']

/** The names of what was seen, and how often. */
function seen(
  happens: (moments: Moments, log: (body: Body, epoch?: number) => void) => void,
): Readonly<Record<string, number>> {
  const moments = new Moments()
  happens(moments, (body, epoch = 1) => {
    moments.logged('job', { index: 1, epoch, uuid: 'u', previous: null, body })
  })
  return Object.fromEntries(moments.seen)
}

const attempt: Body = { type: 'attempt', attempt: 2, restoredFrom: 1 }
const completed = (kind: string): Body => ({
  type: 'completed',
  checkpoint: { checkpointId: 1, kind, manifestPath: 'm', manifestSha256: 's' },
})

describe('moments of a job', () => {
  it('are none while it only works', () => {
    const nothing = seen((moments, log) => {
      log(completed('periodic'))
      moments.fault(null)
      moments.triggered('job', false)
      moments.fault('job')
      log(attempt)
      log(completed('periodic'))
    })
    expect(nothing).toEqual({})
  })

  it('are faults and restarts from the trigger of its final checkpoint to its end', () => {
    const some = seen((moments, log) => {
      expect(moments.ending).toBe(false)
      moments.triggered('job', true)
      expect(moments.ending).toBe(true)
      moments.fault('job')
      log(attempt)
      moments.fault('job')
      moments.triggered('job', true)
      log(completed('final'))
      moments.fault(null)
      moments.fault('other job')
      log(attempt)
      log({ type: 'terminal', state: 'FINISHED' })
      moments.fault(null)
    })
    expect(some).toEqual({
      'fault in the final checkpoint': 2,
      'restart in the final checkpoint': 1,
      'restart behind the final checkpoint': 1,
    })
  })

  it('are the fold of its log, and a checkpoint of each of two leaders', () => {
    const some = seen((_moments, log) => {
      log({ type: 'fold', history: { retained: [] } })
      log(completed('periodic'), 1)
      log(completed('periodic'), 1)
      log({ type: 'epoch', firstCheckpointId: 20 }, 2)
      log(completed('periodic'), 3)
    })
    expect(some).toEqual({ 'log folded': 1, 'two leaders led': 1 })
  })
})
