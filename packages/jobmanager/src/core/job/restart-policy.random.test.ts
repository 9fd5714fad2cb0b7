// Restart policies against a person with a list: every failure and every decision so far, and plain questions asked of it.

import type { RetryHint } from '@weirjs/common/core/errors'
import type { RestartSettings } from '@weirjs/common/core/graph/logical-graph'
import { Prng } from '@weirjs/common/core/prng'
import { tries } from '@weirjs/common/codec/runs.contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RestartPolicy, SETTLED_AFTER_MS } from './restart-policy.ts'

interface Blow {
  readonly gapMs: number
  readonly retry: RetryHint
  /** Part of the gap that all tasks ran; null: they did not. */
  readonly ranMs: number | null
}

const blows = fc.array(
  fc
    .record({
      gapMs: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 100_000 })),
      retry: fc.constantFrom<RetryHint>('backoff', 'backoff', 'immediate', 'immediate', 'never'),
      ran: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    })
    .map(({ gapMs, retry, ran }): Blow => {
      return { gapMs, retry, ranMs: ran === null ? null : Math.floor(gapMs * ran) }
    }),
  { maxLength: 40 },
)

type Judge = (asked: Asked) => 'end' | { readonly atLeastMs: number; readonly atMostMs: number }

/** What is known when a failure has come. */
interface Asked {
  readonly nowMs: number
  /** Times of failures before it that were not hopeless. */
  readonly timesMs: readonly number[]
  /** Restarts granted before it, since the last reset. */
  readonly restarts: number
  /** Of those, the ones that were not immediate. */
  readonly delayed: number
}

/** `resetAfterMs`: when it has run so long, restarts are counted anew. */
function follows(
  settings: RestartSettings,
  all: readonly Blow[],
  judge: Judge,
  resetAfterMs = Number.POSITIVE_INFINITY,
): void {
  const policy = new RestartPolicy(settings, new Prng(all.length))
  const timesMs: number[] = []
  let [nowMs, restarts, delayed] = [0, 0, 0]
  for (const { gapMs, retry, ranMs } of all) {
    nowMs += gapMs
    const runningSinceMs = ranMs === null ? null : nowMs - ranMs
    const failure = { code: 'test/boom', message: 'boom', domain: 'user' as const, retry }
    const decision = policy.decide({ failure, nowMs, runningSinceMs })
    if (retry === 'never') {
      expect(decision.verdict).toBe('give-up')
      continue
    }
    if ((ranMs ?? 0) >= resetAfterMs) [restarts, delayed] = [0, 0]
    const wanted = judge({ nowMs, timesMs, restarts, delayed })
    timesMs.push(nowMs)
    if (wanted === 'end') {
      expect(decision.verdict).toBe('give-up')
      return // nobody asks again
    }
    const settled = restarts === 0 || (ranMs !== null && ranMs >= SETTLED_AFTER_MS)
    const immediate = retry === 'immediate' && settled
    expect(decision.verdict).toBe('restart')
    const delayMs = decision.verdict === 'restart' ? decision.delayMs : Number.NaN
    if (immediate) expect(delayMs).toBe(0)
    else {
      expect(delayMs).toBeGreaterThanOrEqual(wanted.atLeastMs)
      expect(delayMs).toBeLessThanOrEqual(wanted.atMostMs)
      delayed += 1
    }
    restarts += 1
  }
}

const options = tries(300, 100_000)
const TIMEOUT_MS = 600_000
const exactly = (delayMs: number) => ({ atLeastMs: delayMs, atMostMs: delayMs })

describe('restart policies, whatever comes', () => {
  it(
    'none: never restarts',
    () => {
      fc.assert(
        fc.property(blows, (all) => follows({ strategy: 'none' }, all, () => 'end')),
        options,
      )
    },
    TIMEOUT_MS,
  )

  it(
    'fixed delay: as often as it may, and not once more',
    () => {
      const property = fc.property(fc.nat(6), fc.nat(5_000), blows, (attempts, delayMs, all) => {
        const settings = { strategy: 'fixed-delay', attempts, delayMs } as const
        follows(settings, all, ({ restarts }) => (restarts < attempts ? exactly(delayMs) : 'end'))
      })
      fc.assert(property, options)
    },
    TIMEOUT_MS,
  )

  it(
    'failure rate: ends at the first window with too many',
    () => {
      const rates = fc.record({
        failuresMax: fc.nat(4),
        windowMs: fc.integer({ min: 1, max: 50_000 }),
      })
      const property = fc.property(rates, fc.nat(5_000), blows, (rate, delayMs, all) => {
        const settings = { strategy: 'failure-rate', ...rate, delayMs } as const
        follows(settings, all, ({ nowMs, timesMs }) => {
          const within = [...timesMs, nowMs].filter((time) => time > nowMs - rate.windowMs)
          return within.length <= rate.failuresMax ? exactly(delayMs) : 'end'
        })
      })
      fc.assert(property, options)
    },
    TIMEOUT_MS,
  )

  it(
    'exponential delay: doubles, is cut, is spread, and begins anew after a long run',
    () => {
      const shapes = fc.record({
        initialMs: fc.integer({ min: 1, max: 2_000 }),
        maxMs: fc.integer({ min: 2_000, max: 60_000 }),
        multiplier: fc.double({ min: 1, max: 4, noNaN: true }),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
        resetAfterMs: fc.integer({ min: 1, max: 90_000 }),
        attempts: fc.option(fc.nat(8)),
      })
      const property = fc.property(shapes, blows, (shape, all) => {
        const { initialMs, maxMs, multiplier, jitter, resetAfterMs, attempts } = shape
        const settings = { strategy: 'exponential-delay', ...shape } as const
        const judge: Judge = ({ restarts, delayed }) => {
          if (attempts !== null && restarts >= attempts) return 'end'
          const plain = Math.min(initialMs * multiplier ** delayed, maxMs)
          const atMostMs = Math.min(plain * (1 + jitter), maxMs)
          return { atLeastMs: plain * (1 - jitter) - 1e-6, atMostMs: atMostMs + 1e-6 }
        }
        follows(settings, all, judge, resetAfterMs)
      })
      fc.assert(property, options)
    },
    TIMEOUT_MS,
  )
})
