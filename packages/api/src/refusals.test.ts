import { WeirError } from '@weirjs/common/core/errors'
import { describe, expect, it } from 'vitest'
import { assertDeterministic, buildJob } from './build-job.ts'
import { findJob, job } from './define-job.ts'
import type { Environment } from './environment.ts'
import { keyedProcess, process } from './process-definitions.ts'
import { sampleSink, sampleSource } from './sample-connectors.ts'
import { mapState, value } from './state.ts'
import { struct } from './struct.ts'
import { float, int, text } from './types.ts'

const Word = struct('Word', { word: text(), length: int() })
const MARKS = mapState('marks', text(), int())
const words = (env: Environment) => env.from(sampleSource(Word), { uid: 'words' })

function refusal(fn: () => unknown): WeirError {
  try {
    fn()
  } catch (error) {
    if (error instanceof WeirError) return error
    throw error
  }
  return expect.unreachable('nothing was refused')
}

const refused = (build: (env: Environment) => void): WeirError =>
  refusal(() => buildJob(job('sample', build), {}, 0))

/** The line that `marker` stands on in this file. */
const here = /refusals\.test\.ts:\d+$/

describe('a wrong job', () => {
  it('with two equal uids is refused, naming both places', () => {
    const error = refused((env) => {
      words(env).to(sampleSink(), { uid: 'words' })
    })
    expect(error).toMatchObject({ code: 'job/duplicate-uid', domain: 'user', retry: 'never' })
    expect(error.location).toMatch(here)
    expect(error.hint).toMatch(/refusals\.test\.ts:\d+/)
  })

  it('names the very line of a step', () => {
    const error = refused((env) => {
      words(env).to(sampleSink(), { uid: 'bad uid' })
    })
    const lines =
      new Error('here').stack?.split('\n').find((line) => line.includes('refusals.test.ts')) ?? ''
    const below = Number(/:(\d+):\d+\)?$/.exec(lines)?.[1])
    expect(error.code).toBe('job/bad-uid')
    expect(error.location).toBe(`packages/api/src/refusals.test.ts:${below - 3}`)
  })

  it('with an unknown field is refused with a suggestion', () => {
    const error = refused((env) => {
      // @ts-expect-error the compiler refuses it too
      words(env).keyBy('lenght')
    })
    expect(error).toMatchObject({ code: 'job/unknown-field', hint: 'Did you mean "length"?' })
    // @ts-expect-error the compiler refuses it too
    expect(refused((env) => words(env).pick('wrd')).code).toBe('job/unknown-field')
  })

  const notAFunction: [string, (env: Environment) => void, string][] = [
    // @ts-expect-error the compiler refuses it too
    ['map', (env) => words(env).map(Word, (word) => word), 'map needs a function, but has a type'],
    [
      'filter',
      // @ts-expect-error the compiler refuses it too
      (env) => words(env).filter('long'),
      'filter needs a function, but has a value of type string',
    ],
    // @ts-expect-error the compiler refuses it too
    ['flatMap', (env) => words(env).flatMap(text()), 'flatMap needs a function, but has none'],
    // @ts-expect-error the compiler refuses it too
    ['keyBy', (env) => words(env).keyBy(Word), 'keyBy needs a function, but has a type'],
    // @ts-expect-error the compiler refuses it too
    ['split', (env) => words(env).split({ long: Word }), 'split needs a function, but has none'],
    [
      'partitionCustom',
      // @ts-expect-error the compiler refuses it too
      (env) => words(env).partitionCustom('word'),
      'partitionCustom needs a function, but has none',
    ],
    [
      'process',
      (env) =>
        words(env)
          .keyBy('word')
          // @ts-expect-error the compiler refuses it too
          .process(keyedProcess({ uid: 'marks', in: Word, out: Word, key: text(), state: {} })),
      'each of marks needs a function, but has none',
    ],
    [
      'a step with two inputs',
      (env) =>
        words(env)
          .connect(env.from(sampleSource(Word), { uid: 'more' }))
          // @ts-expect-error the compiler refuses it too
          .process({ uid: 'both', out: Word, each: () => {} }),
      'second of both needs a function, but has none',
    ],
    [
      'a step with a broadcast map, for its control side,',
      (env) =>
        words(env)
          .connect(env.from(sampleSource(Word), { uid: 'more' }).broadcast(MARKS))
          // @ts-expect-error the compiler refuses it too
          .process({ uid: 'marked', out: Word, each: () => {}, control: 'each' }),
      'control of marked needs a function, but has a value of type string',
    ],
  ]
  it.each(notAFunction)('where %s is given no function is refused', (_name, build, message) => {
    const error = refused(build)
    expect(error).toMatchObject({ code: 'job/not-a-function', message })
    expect(error.location).toMatch(here)
  })

  it('with a stream that goes nowhere is refused', () => {
    const error = refused((env) => {
      words(env).map((word) => word.length)
    })
    expect(error).toMatchObject({ code: 'job/unused-stream' })
    expect(error.location).toMatch(here)
  })

  it('that declares a type and does not go on from there is refused', () => {
    const error = refused((env) => {
      const lengths = words(env).map((word) => word.length)
      lengths.returns(int())
      lengths.to(sampleSink(), { uid: 'out' })
    })
    expect(error).toMatchObject({
      code: 'job/unused-stream',
      hint: expect.stringMatching(/^Go on from what it answers/),
    })
    expect(error.location).toMatch(here)
    const twice = (env: Environment): void =>
      words(env)
        .map((word) => word.length)
        .returns(float())
        .returns(int())
        .rebalance()
        .to(sampleSink(), { uid: 'out' })
    expect(() => buildJob(job('sample', twice), {}, 0)).not.toThrow()
  })

  it('without any step is refused', () => {
    expect(refused(() => {}).code).toBe('job/empty')
  })

  it.each(['timers-event', 'timers-processing'])(
    'with state under the name that its timers have in a checkpoint is refused: %s',
    (name) => {
      const marks = keyedProcess({
        uid: 'marks',
        in: Word,
        out: Word,
        key: text(),
        state: { [name]: value(int()) },
        each: () => {},
      })
      const error = refused((env) =>
        words(env).keyBy('word').process(marks).to(sampleSink(), { uid: 'out' }),
      )
      expect(error).toMatchObject({ code: 'job/bad-name', message: expect.stringContaining(name) })
      expect(error.location).toMatch(here)
    },
  )

  it('with a side output under the name of the main one is refused', () => {
    const twoFold = process({
      uid: 'two-fold',
      in: Word,
      out: int(),
      sides: { main: text() },
      each: (_, { emit }) => emit(1),
    })
    for (const make of [
      (env: Environment) => words(env).process(twoFold).to(sampleSink(), { uid: 'out' }),
      (env: Environment) => void words(env).split({ main: text() }, () => {}),
    ]) {
      const error = refused(make)
      expect(error).toMatchObject({ code: 'job/bad-name', location: expect.stringMatching(here) })
    }
  })

  it('with a parallelism out of range is refused', () => {
    for (const count of [0, -1, 1.5, 32_769, Number.NaN]) {
      expect(
        refused((env) => words(env).parallelism(count).to(sampleSink(), { uid: 'out' })).code,
      ).toBe('job/parallelism-out-of-range')
    }
    expect(
      refused((env) => words(env).maxParallelism(2).parallelism(3).to(sampleSink(), { uid: 'out' }))
        .code,
    ).toBe('job/parallelism-out-of-range')
  })

  it('without a uid where state is kept is refused', () => {
    // @ts-expect-error the compiler refuses it too
    expect(refused((env) => env.from(sampleSource(Word), {})).code).toBe('job/missing-uid')
    // @ts-expect-error the compiler refuses it too
    expect(refused((env) => words(env).to(sampleSink())).code).toBe('job/missing-uid')
  })

  it('with settings that have no step is refused', () => {
    const error = refused((env) =>
      words(env).rebalance().named('x').to(sampleSink(), { uid: 'out' }),
    )
    expect(error.code).toBe('job/no-step')
    expect(error.location).toMatch(here)
  })

  it.each(['x\n', '\u001b[2J', '\u009b2J', 'a\u2028b'])('called %j is refused', (name) => {
    expect(refusal(() => job(name, () => {}))).toMatchObject({ code: 'job/bad-name' })
    const error = refused((env) => words(env).named(name).to(sampleSink(), { uid: 'out' }))
    expect(error).toMatchObject({ code: 'job/bad-name', location: expect.stringMatching(here) })
  })

  it('with an asynchronous build function is refused', () => {
    const definition = job('late', (async () => {}) as unknown as () => void)
    expect(refusal(() => buildJob(definition, {}, 0)).code).toBe('job/async-build')
  })

  it('with settings that are misspelt or out of range is refused', () => {
    const attempt = (options: object): string =>
      refusal(() => job('sample', options, () => {})).code
    expect(attempt({ checkpont: 'off' })).toBe('job/bad-setting')
    expect(attempt({ checkpoint: { every: '5 sec' } })).toBe('job/bad-duration')
    expect(attempt({ checkpoint: { every: 1 } })).toBe('job/bad-setting')
    expect(attempt({ checkpoint: { retained: 0 } })).toBe('job/bad-setting')
    expect(attempt({ restart: { strategy: 'often' } })).toBe('job/bad-setting')
    expect(attempt({ parallelism: 0 })).toBe('job/bad-setting')
  })
})

describe('findJob', () => {
  const one = job('one', () => {})
  const two = job('two', () => {})

  it('finds the default export', () => {
    expect(findJob({ default: one, helper: () => 1 }, 'one.ts')).toBe(one)
    expect(findJob({ default: one, again: one }, 'one.ts')).toBe(one)
  })

  it('refuses a module without a job, and one with several', () => {
    expect(refusal(() => findJob({ default: {} }, 'none.ts'))).toMatchObject({
      code: 'job/no-definition',
      location: 'none.ts',
    })
    expect(refusal(() => findJob({ one }, 'named.ts')).hint).toMatch(/export default/)
    const several = refusal(() => findJob({ default: one, two }, 'both.ts'))
    expect(several).toMatchObject({ code: 'job/several-definitions' })
    expect(several.message).toMatch(/"one" at .*"two" at /)
  })
})

describe('assertDeterministic', () => {
  it('accepts a job that depends on its arguments and submit time only', () => {
    const definition = job('steady', { args: { n: int() } }, (env, args) => {
      words(env).to(sampleSink(), { uid: `out-${args.n}-${env.submittedAtMs}` })
    })
    assertDeterministic(definition, { n: 3 }, 17)
  })

  it('leaves dates dates, also those that were made before', () => {
    const midsummer = new Date('2026-06-24')
    const dates = (): boolean[] => [
      midsummer instanceof Date,
      new Date(0) instanceof Date,
      new Date(midsummer).getTime() === midsummer.getTime(),
      Date.UTC(2026, 5, 24) === midsummer.getTime(),
    ]
    const definition = job('dated', (env) => {
      words(env).to(sampleSink(), { uid: `out-${dates().join('-')}` })
    })
    assertDeterministic(definition, {}, 0)
    expect(dates()).not.toContain(false)
  })

  it.each([
    ['the clock', () => `out-${Date.now()}`],
    ['a date as text', () => `out-${Date().replaceAll(/[^0-9]/g, '')}`],
    ['a date', () => `out-${new Date().getDay()}-${new Date().getMonth()}`],
    ['chance', () => `out-${Math.random()}`],
    ['a random id', () => `out-${crypto.randomUUID()}`],
    ['performance.now', () => `out-${Math.floor(performance.now())}`],
  ])('refuses a job that depends on %s', (_, uid) => {
    const definition = job('fickle', (env) => words(env).to(sampleSink(), { uid: uid() }))
    const error = refusal(() => assertDeterministic(definition, {}, 0))
    expect(error.code).toBe('job/not-deterministic')
    expect(error.location).toMatch(here)
  })

  it('puts the world back', () => {
    const members = (): unknown[] => [
      Date,
      Reflect.get(Math, 'random'),
      Reflect.get(performance, 'now'),
      Reflect.get(crypto, 'randomUUID'),
    ]
    const before = members()
    assertDeterministic(
      job('steady', (env) => words(env).to(sampleSink(), { uid: 'out' })),
      {},
      0,
    )
    expect(members()).toEqual(before)
    expect(Math.abs(new Date().getTime() - Date.now())).toBeLessThan(1_000)
  })
})
