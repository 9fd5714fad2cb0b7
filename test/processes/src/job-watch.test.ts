import { describe, expect, it } from 'vitest'
import { type JobStep, judgeStep } from './job-watch.ts'

const running = (attempt: number, lastCheckpointId: number | null): JobStep => ({
  state: 'RUNNING',
  attempt,
  lastCheckpointId: lastCheckpointId as JobStep['lastCheckpointId'],
})

const said = (before: JobStep, after: JobStep): readonly string[] =>
  judgeStep(before, after).map(({ message }) => message)

describe('judgeStep', () => {
  it('is silent about a job that goes on, restarts and ends', () => {
    expect(said(running(1, 3), running(1, 4))).toEqual([])
    expect(said(running(1, 4), { ...running(2, 4), state: 'RESTARTING' })).toEqual([])
    expect(said(running(2, 4), { ...running(2, 5), state: 'FINISHED' })).toEqual([])
  })

  it('is silent about a JobManager that has not read everything yet', () => {
    expect(said(running(2, 4), { ...running(0, null), state: 'INITIALIZING' })).toEqual([])
  })

  it('complains when the newest checkpoint is an older one', () => {
    expect(said(running(1, 4), running(1, 3))).toEqual(['the newest checkpoint was 4 and is 3'])
    expect(said(running(1, 4), running(1, null))).toEqual([
      'the newest checkpoint was 4 and is null',
    ])
  })

  it('complains when an attempt comes back', () => {
    expect(said(running(3, 4), running(2, 4))).toEqual(['the attempt was 3 and is 2'])
  })

  it('complains when a job that had ended goes on', () => {
    const finished: JobStep = { ...running(1, 4), state: 'FINISHED' }
    expect(said(finished, running(1, 4))).toEqual(['the job was FINISHED and is RUNNING'])
  })
})
