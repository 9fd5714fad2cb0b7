import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { describe, expect, test } from 'vitest'
import { overrideSettings } from './override-settings.ts'

const apply = (...defines: string[]): ReturnType<typeof overrideSettings> =>
  overrideSettings(DEFAULT_JOB_SETTINGS, { parallelism: null, defines })

describe('overrideSettings', () => {
  test('flags are stronger than what the job says', () => {
    const settings = overrideSettings(DEFAULT_JOB_SETTINGS, {
      parallelism: 4,
      defines: ['execution.checkpointing.interval=250ms', 'execution.buffer-timeout=off'],
    })
    expect(settings).toMatchObject({
      parallelism: 4,
      bufferTimeoutMs: null,
      checkpoint: { intervalMs: 250 },
    })
  })

  test('a strategy keeps its details in whatever order they are given', () => {
    expect(
      apply('restart-strategy.fixed-delay.attempts=5', 'restart-strategy.type=fixed-delay').restart,
    ).toEqual({
      strategy: 'fixed-delay',
      attempts: 5,
      delayMs: 1_000,
    })
    expect(apply('restart-strategy.type=none').restart).toEqual({ strategy: 'none' })
  })

  test('other known areas travel with the job', () => {
    expect(apply('taskmanager.frame.bytes=65536').config).toEqual({
      'taskmanager.frame.bytes': '65536',
    })
  })

  test.each([
    [
      'execution.checkpointing.intervall=1s',
      'config/unknown-key',
      'did you mean "execution.checkpointing.interval"?',
    ],
    ['execution.checkpointing.interval=soon', 'config/bad-value', undefined],
    ['execution.checkpointing.interval=5', 'config/bad-value', undefined],
    ['parallelism.default=0', 'config/bad-value', undefined],
    ['nonsense', 'config/bad-define', undefined],
  ])('refuses %s', (define, code, hint) => {
    expect(() => apply(define)).toThrow(expect.objectContaining({ code, hint }) as Error)
  })
})
