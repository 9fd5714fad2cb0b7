import { describe, expect, it } from 'vitest'

import { jobId } from '../core/ids.ts'
import { CallLanes, GUARDED_JOBS_MAX, LANE_CALLS_MAX, OrderGuard } from './call-order.ts'

const JOB = jobId('a'.repeat(32))

describe('CallLanes', () => {
  it('lets the next call go when the one before is taken up, fails, or is answered', async () => {
    const lanes = new CallLanes()
    const left: string[] = []
    const held = new Map<string, { takenUp: () => void; answer: PromiseWithResolvers<string> }>()
    const call = (name: string): Promise<string> =>
      lanes.run('job', (takenUp) => {
        left.push(name)
        const answer = Promise.withResolvers<string>()
        held.set(name, { takenUp, answer })
        return answer.promise
      })
    const [a, b, c] = [call('a'), call('b'), call('c')]
    expect(left).toEqual(['a'])
    held.get('a')?.takenUp()
    expect(left).toEqual(['a', 'b'])
    held.get('b')?.answer.reject(new Error('lost'))
    await expect(b).rejects.toThrow('lost')
    expect(left).toEqual(['a', 'b', 'c'])
    held.get('c')?.answer.resolve('c')
    held.get('a')?.answer.resolve('a')
    expect(await Promise.all([a, c])).toEqual(['a', 'c'])
    const d = call('d')
    held.get('d')?.answer.resolve('d')
    expect(await d).toBe('d')
  })

  it('refuses more than its bound, and keeps lanes apart', async () => {
    const lanes = new CallLanes()
    const never = (): Promise<void> => new Promise(() => {})
    for (let i = 0; i <= LANE_CALLS_MAX; i += 1) void lanes.run('job', never)
    await expect(lanes.run('job', never)).rejects.toMatchObject({ code: 'rpc/overloaded' })
    expect(await lanes.run('other', async () => 1)).toBe(1)
  })
})

describe('OrderGuard', () => {
  it('refuses an older or repeated call of the same sender about the same job, and no other', () => {
    const guard = new OrderGuard()
    guard.admit(JOB, { sender: 'jm-1', sequence: 5 })
    guard.admit(JOB, { sender: 'jm-1', sequence: 9 })
    for (const sequence of [5, 9]) {
      expect(() => guard.admit(JOB, { sender: 'jm-1', sequence })).toThrow(
        expect.objectContaining({ code: 'rpc/out-of-order' }),
      )
    }
    guard.admit(jobId('b'.repeat(32)), { sender: 'jm-1', sequence: 6 })
    guard.admit(JOB, { sender: 'jm-2', sequence: 1 })
  })

  it('forgets the job that was quiet for longest', () => {
    const guard = new OrderGuard()
    guard.admit(JOB, { sender: 'jm', sequence: 5 })
    const name = (i: number) => jobId(i.toString(16).padStart(32, '0'))
    for (let i = 0; i < GUARDED_JOBS_MAX; i += 1)
      guard.admit(name(i), { sender: 'jm', sequence: 5 })
    guard.admit(JOB, { sender: 'jm', sequence: 1 })
    expect(() => guard.admit(name(5), { sender: 'jm', sequence: 1 })).toThrow()
  })
})
