import { describe, expect, it } from 'vitest'
import { sleep } from '../core/clock.ts'
import { systemScheduler } from './system-scheduler.ts'

describe('systemScheduler', () => {
  it('never fires before the delay has passed on the monotonic clock', async () => {
    const time = systemScheduler()
    for (const delayMs of [0, 0.4, 1.2, 3.7]) {
      const startMs = time.nowMs()
      await sleep(time, delayMs)
      expect(time.nowMs() - startMs).toBeGreaterThanOrEqual(delayMs)
    }
  })

  it('does not fire a timer of thirty days at once', async () => {
    const time = systemScheduler()
    let fired = false
    const cancel = time.timer(30 * 86_400_000, () => {
      fired = true
    })
    await sleep(time, 40)
    cancel()
    expect(fired).toBe(false)
  })

  it('takes timers and turns back', async () => {
    const time = systemScheduler()
    let fired = 0
    time.timer(1, () => fired++)()
    time.nextTurn(() => fired++)()
    await sleep(time, 5)
    expect(fired).toBe(0)
  })

  it('runs the next turn after promise callbacks', async () => {
    const time = systemScheduler()
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      time.nextTurn(() => {
        seen.push('turn')
        resolve()
      })
      Promise.resolve().then(
        () => seen.push('promise'),
        () => seen.push('never'),
      )
    })
    expect(seen).toEqual(['promise', 'turn'])
  })
})
