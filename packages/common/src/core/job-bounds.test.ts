import { describe, expect, it, test } from 'vitest'
import { CONFIG_KEYS } from '../node/config-keys.ts'
import { KEY_NAMES } from '../node/config.ts'
import { wantedBy } from '../node/config-values.ts'
import {
  DEFAULT_JOB_SETTINGS,
  type JobSettings,
  type RestartSettings,
} from './graph/logical-graph.ts'
import {
  isWithin,
  JOB_BOUNDS,
  JOB_KEY_NAMES,
  jobValuesOf,
  shownValue,
  TASK_BOUNDS,
  type TaskKey,
  unfitNeighbours,
  wantedOf,
} from './job-bounds.ts'

const RESTARTS: readonly RestartSettings[] = [
  { strategy: 'none' },
  { strategy: 'fixed-delay', attempts: 1, delayMs: 1 },
  { strategy: 'failure-rate', failuresMax: 1, windowMs: 1, delayMs: 1 },
  DEFAULT_JOB_SETTINGS.restart,
]

/** The settings, each field of them replaced by a value of its own. */
function marked(settings: JobSettings): { settings: JobSettings; marks: ReadonlySet<string> } {
  const marks = new Set<string>()
  const mark = (value: unknown, path: string): unknown => {
    if (path === '.config' || path === '.restart.strategy') return value
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [name, mark(inner, `${path}.${name}`)]),
      )
    marks.add(path)
    return path
  }
  return { settings: mark(settings, '') as JobSettings, marks }
}

describe('the table of bounds', () => {
  it('is what the configuration reads the keys of jobs by, all of them', () => {
    expect(KEY_NAMES.filter((key) => CONFIG_KEYS[key].scope === 'job').toSorted()).toEqual(
      JOB_KEY_NAMES.toSorted(),
    )
    for (const key of JOB_KEY_NAMES)
      expect(wantedBy(CONFIG_KEYS[key].schema), key).toBe(wantedOf(JOB_BOUNDS[key]))
  })

  it('is what keys that travel to slots are read by, all of them', () => {
    const travelling = KEY_NAMES.filter((key) => CONFIG_KEYS[key].scope === 'task')
    expect(travelling.toSorted()).toEqual(Object.keys(TASK_BOUNDS).toSorted())
    for (const [key, { least, most }] of Object.entries(TASK_BOUNDS)) {
      const { schema } = CONFIG_KEYS[key as TaskKey]
      const taken = [least - 1, least, most, most + 1].map((n) => schema.safeParse(`${n}`).success)
      expect(taken, key).toEqual([false, true, true, false])
    }
  })

  it('has a key for every field of settings', () => {
    const keys = new Set<string>()
    for (const restart of RESTARTS) {
      const { settings, marks } = marked({ ...DEFAULT_JOB_SETTINGS, restart })
      const values = jobValuesOf(settings)
      expect(new Set(Object.values(values))).toEqual(new Set([...marks, restart.strategy]))
      for (const key of Object.keys(values)) keys.add(key)
    }
    expect([...keys].toSorted()).toEqual(JOB_KEY_NAMES.toSorted())
  })

  it('lets in what nobody has said', () => {
    const defaults = Object.entries(jobValuesOf(DEFAULT_JOB_SETTINGS))
    for (const [key, value] of defaults)
      expect(isWithin(JOB_BOUNDS[key as keyof typeof JOB_BOUNDS], value), key).toBe(true)
    expect(unfitNeighbours(jobValuesOf(DEFAULT_JOB_SETTINGS))).toEqual([])
  })
})

test.each([
  [`${'x'.repeat(100)}`, `"${'x'.repeat(80)}…"`],
  ['a\u009bb', '"a\\u009bb"'],
  [5n, '5'],
  [Number.NaN, 'NaN'],
  [undefined, 'undefined'],
  [null, 'null'],
  [Object.create(null), 'an object'],
  [[1], 'a list'],
  [() => 1, 'a function'],
  [Symbol('s'), 'Symbol(s)'],
])('a value of any kind can be shown in a message', (value, shown) => {
  expect(shownValue(value)).toBe(shown)
})
