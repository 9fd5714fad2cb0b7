import type { JobSettings } from '@weirjs/common/core/graph/logical-graph'
import { describe, expect, it } from 'vitest'
import { sampleSettings } from './core/plan/graph-samples.ts'
import { checkSettings } from './settings-check.ts'

const base = sampleSettings()
const checkpoint = (more: Partial<JobSettings['checkpoint']>): JobSettings => ({
  ...base,
  checkpoint: { ...base.checkpoint, ...more },
})
const restart = (settings: unknown): JobSettings => ({
  ...base,
  restart: settings as JobSettings['restart'],
})

describe('checkSettings', () => {
  it('accepts the defaults and every restart strategy', () => {
    for (const settings of [
      base,
      checkpoint({ intervalMs: null, tolerableFailures: 0 }),
      restart({ strategy: 'none' }),
      restart({ strategy: 'fixed-delay', attempts: 0, delayMs: 0 }),
      restart({ strategy: 'failure-rate', failuresMax: 1, windowMs: 1, delayMs: 0 }),
    ]) {
      expect(() => checkSettings(settings)).not.toThrow()
    }
  })

  it.each([
    ['checkpoint.intervalMs', checkpoint({ intervalMs: 9 })],
    ['checkpoint.mode', checkpoint({ mode: 'twice' as never })],
    ['checkpoint.minPauseMs', checkpoint({ minPauseMs: -1 })],
    ['checkpoint.timeoutMs', checkpoint({ timeoutMs: Number.NaN })],
    ['checkpoint.maxConcurrent', checkpoint({ maxConcurrent: 0 })],
    ['checkpoint.tolerableFailures', checkpoint({ tolerableFailures: 1.5 })],
    ['checkpoint.retained', checkpoint({ retained: 0 })],
    ['checkpoint.retainOn', checkpoint({ retainOn: 'sometimes' as never })],
    ['restart.strategy', restart({ strategy: 'hope' })],
    ['restart.attempts', restart({ strategy: 'fixed-delay', attempts: -1, delayMs: 0 })],
    [
      'restart.windowMs',
      restart({ strategy: 'failure-rate', failuresMax: 1, windowMs: 0, delayMs: 0 }),
    ],
    ['restart.maxMs', restart({ ...base.restart, maxMs: 1 })],
    ['restart.multiplier', restart({ ...base.restart, multiplier: 0.5 })],
    ['restart.jitter', restart({ ...base.restart, jitter: 2 })],
    ['bufferTimeoutMs', { ...base, bufferTimeoutMs: -1 }],
  ])('refuses a wrong %s by its name', (name, settings) => {
    expect(() => checkSettings(settings)).toThrow(
      expect.objectContaining({
        code: 'job/invalid-settings',
        message: expect.stringContaining(name) as string,
      }),
    )
  })
})
