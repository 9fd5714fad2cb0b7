import type { Failure, RetryHint } from '@weirjs/common/core/errors'
import type { RestartSettings } from '@weirjs/common/core/graph/logical-graph'
import { Prng } from '@weirjs/common/core/prng'
import { describe, expect, it } from 'vitest'
import { RestartPolicy } from './restart-policy.ts'

const failure = (retry: RetryHint): Failure => ({
  code: 'test/boom',
  message: 'boom',
  domain: 'user',
  retry,
})

const exponential: Extract<RestartSettings, { strategy: 'exponential-delay' }> = {
  strategy: 'exponential-delay',
  initialMs: 1_000,
  maxMs: 4_000,
  multiplier: 2,
  jitter: 0,
  resetAfterMs: 60_000,
  attempts: null,
}

/** Delays, or `end`, for failures `gapMs` apart; `running`: the job ran in between. */
function run(
  settings: RestartSettings,
  retries: readonly RetryHint[],
  options: { gapMs?: number; running?: boolean } = {},
): (number | 'end')[] {
  const policy = new RestartPolicy(settings, new Prng(1))
  let nowMs = 0
  return retries.map((retry) => {
    nowMs += options.gapMs ?? 5_000
    const runningSinceMs = options.running === false ? null : nowMs - (options.gapMs ?? 5_000)
    const decision = policy.decide({ failure: failure(retry), nowMs, runningSinceMs })
    return decision.verdict === 'restart' ? decision.delayMs : 'end'
  })
}

const times = (n: number, retry: RetryHint): RetryHint[] => Array.from({ length: n }, () => retry)

describe('RestartPolicy', () => {
  it('gives up at once when restarting cannot help, whatever the strategy', () => {
    expect(run(exponential, ['never'])).toEqual(['end'])
    expect(run({ strategy: 'fixed-delay', attempts: 9, delayMs: 0 }, ['never'])).toEqual(['end'])
  })

  it('never restarts without a strategy, not even for a lost worker', () => {
    expect(run({ strategy: 'none' }, ['backoff'])).toEqual(['end'])
    expect(run({ strategy: 'none' }, ['immediate'])).toEqual(['end'])
  })

  it('restarts a fixed number of times after a fixed delay', () => {
    expect(run({ strategy: 'fixed-delay', attempts: 3, delayMs: 7 }, times(4, 'backoff'))).toEqual([
      7,
      7,
      7,
      'end',
    ])
  })

  it('survives hundreds of instant failures within the budget', () => {
    const delays = run(
      { strategy: 'fixed-delay', attempts: 500, delayMs: 0 },
      times(501, 'backoff'),
      { gapMs: 0 },
    )
    expect(delays.slice(0, 500).every((delay) => delay === 0)).toBe(true)
    expect(delays[500]).toBe('end')
  })

  it('tolerates a rate of failures and not more', () => {
    const rate: RestartSettings = {
      strategy: 'failure-rate',
      failuresMax: 2,
      windowMs: 10_000,
      delayMs: 1,
    }
    expect(run(rate, times(3, 'backoff'), { gapMs: 4_000 })).toEqual([1, 1, 'end'])
    expect(run(rate, times(9, 'backoff'), { gapMs: 5_000 })).toEqual(
      times(9, 'backoff').map(() => 1),
    )
  })

  it('counts as many failures as are tolerated, however many', () => {
    const none: RestartSettings = {
      strategy: 'failure-rate',
      failuresMax: 0,
      windowMs: 10_000,
      delayMs: 1,
    }
    expect(run(none, times(1, 'backoff'), { gapMs: 1 })).toEqual(['end'])
    const many = { ...none, failuresMax: 10_500, windowMs: 1_000_000 }
    expect(run(many, times(10_501, 'backoff'), { gapMs: 1 }).at(-1)).toBe('end')
  })

  it('doubles the delay up to the maximum', () => {
    expect(run(exponential, times(5, 'backoff'))).toEqual([1_000, 2_000, 4_000, 4_000, 4_000])
  })

  it('takes the time that the job waited and did not run for no quiet one', () => {
    const options = { gapMs: 60_000, running: false }
    expect(run(exponential, times(4, 'backoff'), options)).toEqual([1_000, 2_000, 4_000, 4_000])
    expect(run({ ...exponential, attempts: 2 }, times(3, 'backoff'), options)).toEqual([
      1_000,
      2_000,
      'end',
    ])
  })

  it('starts the delays and the count anew after a quiet time', () => {
    expect(run({ ...exponential, attempts: 1 }, times(4, 'backoff'), { gapMs: 60_000 })).toEqual([
      1_000, 1_000, 1_000, 1_000,
    ])
  })

  it('ends the job at the exact count of exponential attempts', () => {
    expect(run({ ...exponential, attempts: 3 }, times(4, 'backoff'))).toEqual([
      1_000,
      2_000,
      4_000,
      'end',
    ])
  })

  it('keeps jittered delays within the share and below the maximum', () => {
    for (const delay of run({ ...exponential, jitter: 0.5 }, times(50, 'backoff'))) {
      expect(delay).toBeGreaterThanOrEqual(500)
      expect(delay).toBeLessThanOrEqual(4_000)
    }
  })

  it('restarts at once after the loss of a worker, and backs off when that did not hold', () => {
    expect(run(exponential, ['immediate', 'immediate', 'backoff'])).toEqual([0, 0, 1_000])
    expect(run(exponential, ['immediate', 'immediate', 'immediate'], { running: false })).toEqual([
      0, 1_000, 2_000,
    ])
    expect(run(exponential, ['immediate', 'immediate'], { gapMs: 500 })).toEqual([0, 1_000])
  })

  it('counts immediate restarts against the attempts too', () => {
    expect(run({ ...exponential, attempts: 2 }, times(3, 'immediate'))).toEqual([0, 0, 'end'])
  })

  it('lets a failure pass as the shadow of a lost worker, once', () => {
    const policy = new RestartPolicy(exponential, new Prng(1))
    policy.decide({ failure: failure('backoff'), nowMs: 0, runningSinceMs: null })
    expect([policy.revise(), policy.revise()]).toEqual([true, false])
    policy.decide({ failure: failure('backoff'), nowMs: 10, runningSinceMs: null })
    expect(policy.revise()).toBe(false)
    policy.decide({ failure: failure('immediate'), nowMs: 5_000, runningSinceMs: 1_000 })
    expect(policy.revise()).toBe(false)
  })
})
