// The matrix of bad settings in a job's code: every option, with both ends of what the table of bounds allows for its key, what
// lies beyond, and values of every other kind, as whoever writes no TypeScript may give. What is refused is refused where
// the job is defined, by the option's name and its key. A new key fails to compile until it has its option here.

import { WeirError } from '@weirjs/common/core/errors'
import {
  type Bound,
  isWithin,
  JOB_BOUNDS,
  JOB_KEY_NAMES,
  jobValuesOf,
  type JobKey,
  wantedOf,
} from '@weirjs/common/core/job-bounds'
import { describe, expect, test } from 'vitest'
import { job } from './define-job.ts'

const checkpoint = (option: string) => (value: unknown) => ({ checkpoint: { [option]: value } })
const restart = (strategy: string, option: string, besides: object) => (value: unknown) => ({
  restart: { strategy, ...besides, [option]: value },
})
const own = (option: string) => (value: unknown) => ({ [option]: value })
const fixed = (option: string) => restart('fixed-delay', option, { attempts: 1 })
const rate = (option: string) => restart('failure-rate', option, { failuresMax: 1, window: '1m' })
const exponential = (option: string) => restart('exponential-delay', option, {})

const OPTIONS: Readonly<Record<JobKey, (value: unknown) => object>> = {
  'parallelism.default': own('parallelism'),
  'pipeline.max-parallelism': own('maxParallelism'),
  'pipeline.operator-chaining.enabled': own('chaining'),
  'execution.buffer-timeout.interval': own('bufferTimeout'),
  'execution.checkpointing.interval': checkpoint('every'),
  'execution.checkpointing.mode': checkpoint('mode'),
  'execution.checkpointing.min-pause': checkpoint('minPause'),
  'execution.checkpointing.timeout': checkpoint('timeout'),
  'execution.checkpointing.max-concurrent-checkpoints': checkpoint('maxConcurrent'),
  'execution.checkpointing.tolerable-failed-checkpoints': checkpoint('tolerableFailures'),
  'execution.checkpointing.num-retained': checkpoint('retained'),
  'execution.checkpointing.retain-on': checkpoint('retainOn'),
  'restart-strategy.type': (strategy) => ({ restart: { strategy } }),
  'restart-strategy.fixed-delay.attempts': fixed('attempts'),
  'restart-strategy.fixed-delay.delay': fixed('delay'),
  'restart-strategy.failure-rate.max-failures-per-interval': rate('failuresMax'),
  'restart-strategy.failure-rate.failure-rate-interval': rate('window'),
  'restart-strategy.failure-rate.delay': rate('delay'),
  'restart-strategy.exponential-delay.initial-backoff': exponential('initial'),
  'restart-strategy.exponential-delay.max-backoff': exponential('max'),
  'restart-strategy.exponential-delay.backoff-multiplier': exponential('multiplier'),
  'restart-strategy.exponential-delay.jitter-factor': exponential('jitter'),
  'restart-strategy.exponential-delay.reset-backoff-threshold': exponential('resetAfter'),
  'restart-strategy.exponential-delay.attempts-before-reset-backoff': exponential('attempts'),
}

const ANYTHING: readonly unknown[] = [
  null,
  true,
  '',
  'nonsense',
  'off',
  '5 s',
  '1ms',
  '5s',
  '99999999999d',
  -1,
  -0.5,
  0,
  0.5,
  1,
  1.5,
  1e9,
  1e300,
  Number.NaN,
  Infinity,
  -Infinity,
  5n,
  [],
  ['exactly-once'],
  {},
  Object.create(null),
  { toString: () => '5' },
  new Date(0),
  () => 1,
  Symbol('s'),
  'toString',
  '__proto__',
  'a\u0000b',
  'x'.repeat(100_000),
]

interface Outcome {
  readonly error: WeirError | null
  readonly value: unknown
}

function define(key: JobKey, value: unknown): Outcome {
  try {
    const { settings } = job('sample', OPTIONS[key](value), () => {})
    return { error: null, value: jobValuesOf(settings)[key] }
  } catch (error) {
    if (error instanceof WeirError) return { error, value: undefined }
    throw error
  }
}

const ends = (bound: Bound): readonly number[] =>
  bound.sort === 'maybe' ? ends(bound.bound) : 'least' in bound ? [bound.least, bound.most] : []

describe.each(JOB_KEY_NAMES)('%s', (key) => {
  const bound = JOB_BOUNDS[key]

  test('at its bounds is taken, and beyond them refused', () => {
    const [least, most] = ends(bound)
    if (least === undefined || most === undefined) return
    for (const value of [least, most])
      expect(define(key, value), `${value}`).toEqual({ error: null, value })
    for (const value of [least - 1, most + 1])
      expect(define(key, value).error, `${value}`).toMatchObject({
        code: expect.stringMatching(/^job\/bad-(setting|duration)$/),
      })
  })

  test('is within its bounds or refused, with its name and where, whatever is given', () => {
    for (const given of ANYTHING) {
      const { error, value } = define(key, given)
      const said = typeof given === 'string' ? given.slice(0, 40) : typeof given
      if (error === null) {
        expect(isWithin(bound, value), said).toBe(true)
        continue
      }
      expect(error.location, said).toMatch(/bad-settings\.test\.ts/)
      expect(error.message.length, said).toBeLessThan(400)
      if (error.code === 'job/bad-duration') {
        expect(error.message, said).toMatch(/ is no duration: /)
        continue
      }
      expect(error.code, said).toBe('job/bad-setting')
      expect(error.message, said).toContain(`${key} is `)
      expect(error.message, said).toMatch(/\([a-zA-Z.]+ of the job\)/)
      expect(error.message, said).toContain(wantedOf(bound))
    }
  })
})

test.each([
  ['no object', 5],
  ['no object', 'off'],
  ['a list', []],
  ['nothing', null],
])('settings that are %s are refused', (_what, given) => {
  const refused = expect.objectContaining({
    code: 'job/bad-setting',
    message: expect.stringContaining('must be an object') as string,
  })
  expect(() => job('sample', given as never, () => {})).toThrow(refused)
  for (const group of ['checkpoint', 'restart', 'config']) {
    if (group === 'checkpoint' && given === 'off') continue
    expect(() => job('sample', { [group]: given } as never, () => {})).toThrow(refused)
  }
})

test.each([
  [
    'a part of another strategy',
    { restart: { strategy: 'none', attempts: 3 } },
    'no setting "attempts"',
  ],
  [
    'a part, misspelt',
    { restart: { strategy: 'fixed-delay', attemts: 3 } },
    'no setting "attemts"',
  ],
  ['a part left out', { restart: { strategy: 'fixed-delay' } }, 'attempts is undefined'],
  [
    'an object as a value',
    { config: { 'user.a': {} } },
    '"user.a", is an object, but must be text',
  ],
  ['nothing as a value', { config: { 'user.a': undefined } }, '"user.a", is undefined'],
  ['a large number as a value', { config: { 'user.a': 5n } }, '"user.a", is 5, but'],
])('%s is refused', (_what, options, message) => {
  expect(() => job('sample', options as never, () => {})).toThrow(
    expect.objectContaining({
      code: 'job/bad-setting',
      message: expect.stringContaining(message) as string,
    }),
  )
})
