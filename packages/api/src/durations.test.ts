import { describe, expect, it } from 'vitest'
import { durationMs, minutes } from './durations.ts'

describe('durationMs', () => {
  it('understands numbers and text with a unit', () => {
    expect(durationMs(250)).toBe(250)
    expect(durationMs('250ms')).toBe(250)
    expect(durationMs('1.5h')).toBe(5_400_000)
    expect(durationMs('30d')).toBe(2_592_000_000)
    expect(minutes(30)).toBe(durationMs('30m'))
  })

  it.each(['', '5', 's', '-1s', '1 week', '5S', '1e3s', '99999999999d'])('refuses %j', (wrong) => {
    expect(() => durationMs(wrong, 'the pause')).toThrow(/^the pause is no duration/)
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the number %d', (wrong) => {
    expect(() => durationMs(wrong)).toThrow(
      expect.objectContaining({ code: 'job/bad-duration' }) as Error,
    )
  })
})
