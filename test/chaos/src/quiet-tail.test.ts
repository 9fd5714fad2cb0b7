import { describe, expect, it } from 'vitest'
import { judgeQuiet } from './quiet-tail.ts'

const WANTED = { minutes: 10, lives: { JobManager: 1, 'thread of the job': 2 } }
const floor = (kind: string, perMinute: number) => ({ kind, floors: [100, 101], perMinute })
const FLAT = [
  floor('JobManager', 0.5),
  floor('thread of the job', -1),
  floor('thread of the job', 0),
]

describe('judgeQuiet', () => {
  it('is silent about processes that hold what they held', () => {
    expect(judgeQuiet({ minutes: 10, floors: FLAT }, WANTED)).toEqual([])
  })

  it('names a process whose floor rises, and by how much', () => {
    const floors = [...FLAT, floor('thread of the job', 0.51)]
    expect(judgeQuiet({ minutes: 10, floors }, WANTED)).toEqual([
      {
        oracle: 'growth',
        message:
          'without faults a thread of the job had at least 100, then 101 MiB: 0.51 a minute, not 0.5',
      },
    ])
  })

  it('complains when the time was short, or too few processes lived through it', () => {
    const said = judgeQuiet({ minutes: 9.5, floors: FLAT.slice(0, 2) }, WANTED)
    expect(said.map(({ oracle, message }) => `${oracle}: ${message}`)).toEqual([
      'vacuity: 9.5 quiet minutes, not 10',
      'vacuity: 1 of 2 lives of a thread of the job could be judged',
    ])
  })
})
