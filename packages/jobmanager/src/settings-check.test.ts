// Every setting that can come over the wire, with values at both ends of what the table of bounds allows, and beyond.

import {
  DEFAULT_JOB_SETTINGS,
  type JobSettings,
  type RestartSettings,
} from '@weirjs/common/core/graph/logical-graph'
import {
  type Bound,
  JOB_BOUNDS,
  JOB_KEY_NAMES,
  TASK_BOUNDS,
  type TaskKey,
  jobValuesOf,
  type JobKey,
} from '@weirjs/common/core/job-bounds'
import { describe, expect, it, test } from 'vitest'
import { checkSettings } from './settings-check.ts'

const base = DEFAULT_JOB_SETTINGS
const RESTARTS: readonly RestartSettings[] = [
  base.restart,
  { strategy: 'none' },
  { strategy: 'fixed-delay', attempts: 0, delayMs: 0 },
  { strategy: 'failure-rate', failuresMax: 0, windowMs: 1, delayMs: 0 },
]
const restart = (settings: unknown): JobSettings => ({
  ...base,
  restart: settings as JobSettings['restart'],
})

type Put = (value: unknown) => JobSettings

/** How the field of a key gets a value: the field is found by the trace that one leaves in the values. */
function fieldOf(key: JobKey): Put {
  const trace = {}
  const puts = RESTARTS.flatMap((each) => putsInto({ ...base, restart: each }))
  const found = puts.find((put) => jobValuesOf(put(trace))[key] === trace)
  if (found === undefined) throw new Error(`no field of the settings is ${key}`)
  return found
}

function putsInto(settings: JobSettings): readonly Put[] {
  const into = (name: 'checkpoint' | 'restart'): readonly Put[] =>
    Object.keys(settings[name]).map((field) => (value) => ({
      ...settings,
      [name]: { ...settings[name], [field]: value },
    }))
  const own = Object.keys(settings).filter((name) => name !== 'checkpoint' && name !== 'restart')
  return [
    ...own.map(
      (field): Put =>
        (value) => ({ ...settings, [field]: value }),
    ),
    ...into('checkpoint'),
    ...into('restart'),
  ]
}

const ANYTHING: readonly unknown[] = ['5', '', true, [], {}, 5n, Number.NaN, Infinity, -Infinity]

/** Values within, and values beyond. */
function samples(bound: Bound): {
  readonly good: readonly unknown[]
  readonly bad: readonly unknown[]
} {
  switch (bound.sort) {
    case 'flag':
      return { good: [true, false], bad: ['true', 1, null, {}] }
    case 'word':
      return { good: bound.words, bad: ['', 'twice', '__proto__', 1, null, [bound.words[0]]] }
    case 'maybe': {
      const inner = samples(bound.bound)
      return { good: [null, ...inner.good], bad: inner.bad.filter((value) => value !== null) }
    }
    default: {
      const { least, most, sort } = bound
      const halves = sort === 'whole' ? [least + 0.5] : []
      const bad = [least - 1, most + 1, -1, Number.MAX_VALUE, null, ...halves, ...ANYTHING]
      return { good: [least, most], bad }
    }
  }
}

describe.each(JOB_KEY_NAMES.filter((key) => key !== 'restart-strategy.type'))('%s', (key) => {
  const { good, bad } = samples(JOB_BOUNDS[key])
  const put = fieldOf(key)

  test('within its bounds is taken', () => {
    // Beside the neighbour at its own bound, one may be unfit: then it says so.
    for (const value of good) {
      try {
        checkSettings(put(value))
      } catch (error) {
        expect((error as Error).message).toMatch(/ must be at least [a-z.-]+, which is \d+$/)
      }
    }
  })

  test('beyond them is refused by its name', () => {
    for (const value of bad)
      expect(() => checkSettings(put(value)), String(value)).toThrow(
        expect.objectContaining({
          code: 'job/invalid-settings',
          message: expect.stringMatching(`^${key} is .* must be `) as string,
        }),
      )
  })
})

describe.each(Object.keys(TASK_BOUNDS) as TaskKey[])('%s, as text for the slots', (key) => {
  const { least, most } = TASK_BOUNDS[key]
  const put = (text: string): JobSettings => ({ ...base, config: { [key]: text } })

  test('within its bounds is taken, beyond them refused by its name', () => {
    for (const value of [least, most]) expect(() => checkSettings(put(`${value}`))).not.toThrow()
    for (const text of [`${least - 1}`, `${most + 1}`, '', '1kb', '-1', '1e3', 'x'.repeat(10_000)])
      expect(() => checkSettings(put(text)), text.slice(0, 20)).toThrow(
        expect.objectContaining({
          code: 'job/invalid-settings',
          message: expect.stringMatching(`^${key} is .{2,100}, but must be `) as string,
        }),
      )
  })
})

describe('checkSettings', () => {
  it('accepts the defaults and every restart strategy', () => {
    for (const one of RESTARTS) expect(() => checkSettings(restart(one))).not.toThrow()
  })

  it.each([
    ['restart-strategy.type', restart({ strategy: 'hope' })],
    ['restart-strategy.fixed-delay.attempts', restart({ strategy: 'fixed-delay', delayMs: 0 })],
    [
      'restart-strategy.exponential-delay.max-backoff must be at least',
      restart({ ...base.restart, maxMs: 1 }),
    ],
    ['pipeline.max-parallelism must be at least', { ...base, parallelism: 8, maxParallelism: 4 }],
  ])('refuses a wrong %s by its name', (name, settings) => {
    expect(() => checkSettings(settings)).toThrow(
      expect.objectContaining({
        code: 'job/invalid-settings',
        message: expect.stringContaining(name) as string,
      }),
    )
  })
})
