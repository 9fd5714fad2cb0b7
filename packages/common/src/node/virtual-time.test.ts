import { describe, expect, it } from 'vitest'
import { sleep } from '../core/clock.ts'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { advance, drive, runUntilIdle } from './virtual-time.ts'

describe('virtual time with promises', () => {
  it('runs promise callbacks between events', async () => {
    const time = new ManualScheduler()
    const seen: string[] = []
    const worker = async (name: string, stepMs: number): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await sleep(time, stepMs)
        seen.push(`${name}@${time.nowMs()}`)
      }
    }
    const both = Promise.all([worker('a', 10), worker('b', 15)])
    await advance(time, 29)
    expect(seen).toEqual(['a@10', 'b@15', 'a@20'])
    await runUntilIdle(time)
    await both
    expect(seen).toEqual(['a@10', 'b@15', 'a@20', 'b@30', 'a@30', 'b@45'])
  })

  it('drives a piece of work to its end, or to its error', async () => {
    const time = new ManualScheduler()
    expect(
      await drive(
        time,
        sleep(time, 5).then(() => time.nowMs()),
      ),
    ).toBe(5)
    const failing = sleep(time, 5).then(() => {
      throw new Error('broken')
    })
    await expect(drive(time, failing)).rejects.toThrow('broken')
    await expect(drive(time, new Promise(() => {}))).rejects.toThrow('nothing is left to run')
  })
})
