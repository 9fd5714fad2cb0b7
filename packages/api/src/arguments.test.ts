import type { WeirError } from '@weirjs/common/core/errors'
import { describe, expect, it } from 'vitest'
import { describeArguments, parseArguments, resolveArguments } from './arguments.ts'
import { duration, flag, int, oneOf, optional, path, text, timestamp } from './types.ts'

const types = {
  input: path({ help: 'Where to read.' }),
  maxDelay: int({ default: 10 }),
  verbose: flag(),
  mode: optional(oneOf('fast', 'safe')),
}
const parse = (...argv: string[]): unknown =>
  parseArguments(types, argv, { directory: '/home/ann' })
const code = (fn: () => unknown): string => {
  try {
    fn()
  } catch (error) {
    return (error as WeirError).code
  }
  return 'accepted'
}

describe('job arguments', () => {
  it('are read from a command line in both spellings', () => {
    expect(parse('--input', 'data', '--max-delay=7', '--verbose')).toEqual({
      input: '/home/ann/data',
      maxDelay: 7,
      verbose: true,
    })
    expect(parse('--input=/abs', '--maxDelay', '-3', '--no-verbose', '--mode', 'safe')).toEqual({
      input: '/abs',
      maxDelay: -3,
      verbose: false,
      mode: 'safe',
    })
    expect(parse('--input=s3://bucket/x')).toEqual({ input: 's3://bucket/x' })
  })

  it('get their defaults when the job is built, the same when resolved twice', () => {
    const once = resolveArguments(types, { input: '/x' })
    expect(once).toEqual({ input: '/x', maxDelay: 10, verbose: false, mode: undefined })
    expect(resolveArguments(types, once)).toEqual(once)
  })

  it('are refused when unknown, with the nearest name', () => {
    expect(code(() => parse('--inptu', 'x'))).toBe('job/unknown-argument')
    expect(() => parse('--inptu', 'x')).toThrow(
      expect.objectContaining({ hint: 'Did you mean "--input"?' }) as Error,
    )
    expect(code(() => parse('data'))).toBe('job/unknown-argument')
    expect(code(() => resolveArguments(types, { input: 'x', other: 1 }))).toBe(
      'job/unknown-argument',
    )
    expect(code(() => resolveArguments({}, { constructor: 1 }))).toBe('job/unknown-argument')
  })

  it('that are paths are refused when empty, and not taken for the working directory', () => {
    for (const empty of ['', '  ']) {
      expect(() => parse('--input', empty)).toThrow('argument --input: the path is empty')
      expect(code(() => parse('--input', empty))).toBe('job/bad-argument')
    }
    expect(parse('--input', '.')).toEqual({ input: '/home/ann' })
  })

  it('are refused when missing, repeated or of another type', () => {
    expect(() => parse('--verbose')).toThrow('argument --input is missing')
    expect(code(() => resolveArguments(types, {}))).toBe('job/missing-argument')
    expect(code(() => parse('--input', 'a', '--input', 'b'))).toBe('job/bad-argument')
    expect(code(() => parse('--input', 'a', '--max-delay', '1.5'))).toBe('job/bad-argument')
    expect(code(() => parse('--input', 'a', '--mode', 'slow'))).toBe('job/bad-argument')
    expect(code(() => parse('--input', 'a', '--verbose=maybe'))).toBe('job/bad-argument')
    expect(code(() => parse('--input'))).toBe('job/bad-argument')
    expect(code(() => parse('--input', 'a', '--no-max-delay'))).toBe('job/unknown-argument')
  })

  it('are described for help', () => {
    expect(describeArguments(types)).toEqual([
      { name: 'input', flag: '--input', kind: 'path', required: true, help: 'Where to read.' },
      { name: 'maxDelay', flag: '--max-delay', kind: 'int', required: false, default: 10 },
      { name: 'verbose', flag: '--verbose', kind: 'flag', required: false, default: false },
      { name: 'mode', flag: '--mode', kind: 'optional', required: false },
    ])
  })

  it('may be times and durations', () => {
    const more = { since: timestamp(), every: duration({ default: 500 }), title: text() }
    expect(
      parseArguments(more, ['--since', '2015-07-15', '--every', '5s', '--title', 'a b']),
    ).toEqual({
      since: 1_436_918_400_000,
      every: 5_000,
      title: 'a b',
    })
  })
})
