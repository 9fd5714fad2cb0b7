import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualScheduler } from './manual-scheduler.ts'

describe('ManualScheduler', () => {
  it('runs nothing until time is moved', () => {
    const time = new ManualScheduler()
    let ran = 0
    time.timer(0, () => ran++)
    time.nextTurn(() => ran++)
    expect(ran).toBe(0)
    expect(time.pending).toBe(2)
    time.advance(0)
    expect(ran).toBe(2)
  })

  it('runs events by due time, equal ones in the order of asking', () => {
    const time = new ManualScheduler()
    const seen: string[] = []
    time.timer(5, () => seen.push('b'))
    time.timer(1, () => seen.push('a'))
    time.timer(5, () => seen.push('c'))
    time.advance(5)
    expect(seen).toEqual(['a', 'b', 'c'])
    expect(time.nowMs()).toBe(5)
  })

  it('shows a callback the time for which it was asked', () => {
    const time = new ManualScheduler({ startMs: 100, wallMs: 5_000 })
    const seen: number[] = []
    time.timer(40 * 86_400_000, () => seen.push(time.nowMs(), time.wallMs()))
    time.advance(41 * 86_400_000)
    expect(seen).toEqual([100 + 40 * 86_400_000, 5_000 + 40 * 86_400_000])
  })

  it('runs within one advance what callbacks ask for, as far as it falls due', () => {
    const time = new ManualScheduler()
    const seen: number[] = []
    const again = (): void => {
      seen.push(time.nowMs())
      time.timer(3, again)
    }
    time.timer(3, again)
    time.advance(10)
    expect(seen).toEqual([3, 6, 9])
    expect(time.nextDueMs).toBe(12)
  })

  it('takes events back, also twice and after they ran', () => {
    const time = new ManualScheduler()
    const seen: string[] = []
    const cancelA = time.timer(1, () => seen.push('a'))
    const cancelB = time.timer(2, () => seen.push('b'))
    cancelA()
    cancelA()
    time.runUntilIdle()
    cancelB()
    expect(seen).toEqual(['b'])
    expect(time.pending).toBe(0)
  })

  it('lets time pass in a busy loop when turns cost something', () => {
    const time = new ManualScheduler({ turnMs: 0.5 })
    let turns = 0
    const loop = (): void => {
      turns += 1
      time.nextTurn(loop)
    }
    time.nextTurn(loop)
    time.advance(10)
    expect(turns).toBe(20)
  })

  it('refuses to run for ever', () => {
    const time = new ManualScheduler()
    const loop = (): void => {
      time.nextTurn(loop)
    }
    loop()
    expect(() => time.runUntilIdle()).toThrow('never idle')
  })

  it('jumps the wall clock without touching monotonic time', () => {
    const time = new ManualScheduler({ wallMs: 1_000 })
    time.jumpWall(-3_600_000)
    expect(time.wallMs()).toBe(1_000 - 3_600_000)
    expect(time.nowMs()).toBe(0)
  })

  it('orders any set of timers like a stable sort', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ due: fc.nat(20), cancel: fc.boolean() }), { maxLength: 60 }),
        (asked) => {
          const time = new ManualScheduler()
          const seen: number[] = []
          asked.forEach((one, i) => {
            const cancel = time.timer(one.due, () => seen.push(i))
            if (one.cancel) cancel()
          })
          time.runUntilIdle()
          const expected = asked
            .map((one, i) => ({ ...one, i }))
            .filter((one) => !one.cancel)
            .sort((a, b) => a.due - b.due || a.i - b.i)
            .map((one) => one.i)
          expect(seen).toEqual(expected)
        },
      ),
    )
  })
})
