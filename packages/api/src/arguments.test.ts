import type { WeirError } from '@weirjs/common/core/errors'
import { describe, expect, it } from 'vitest'
import { documentToWire } from '@weirjs/common/rpc/convert'
import { describeArguments, parseArguments, plainArguments, resolveArguments } from './arguments.ts'
import type { DeclaredType } from './declared-type.ts'
import { struct } from './struct.ts'
import {
  bigint,
  bool,
  bytes,
  duration,
  dynamic,
  flag,
  float,
  int,
  json,
  list,
  map,
  nullable,
  oneOf,
  optional,
  path,
  text,
  timestamp,
} from './types.ts'

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

  it('that are named like a secret and may be one are refused where they are said, not where they run', () => {
    for (const kind of [text(), optional(text()), list(text()), json(), dynamic(), bytes()]) {
      expect(() => parseArguments({ apiKey: kind }, ['--api-key', 'canary'])).toThrow(
        expect.objectContaining({
          code: 'job/secret-argument',
          message:
            'argument --api-key is named like a secret, and arguments stand in the log of the job as they are',
          hint: expect.stringContaining("env.secret('api-key')") as string,
        }) as Error,
      )
      expect(code(() => plainArguments({ apiKey: kind }, {}))).toBe('job/secret-argument')
    }
    expect(resolveArguments({ apiKey: text() }, { apiKey: 'x' })).toEqual({ apiKey: 'x' })
    const harmless = { maxTokens: int(), token: oneOf('word', 'line'), secrets: path() }
    expect(plainArguments(harmless, { maxTokens: 1, token: 'word', secrets: '/s' })).toEqual({
      maxTokens: 1,
      token: 'word',
      secrets: '/s',
    })
  })

  it('are described for help', () => {
    expect(describeArguments(types)).toEqual([
      { name: 'input', flag: '--input', kind: 'path', required: true, help: 'Where to read.' },
      { name: 'maxDelay', flag: '--max-delay', kind: 'int', required: false, default: 10 },
      { name: 'verbose', flag: '--verbose', kind: 'flag', required: false, default: false },
      { name: 'mode', flag: '--mode', kind: 'optional', required: false },
    ])
  })

  it('have defaults that can be shown', () => {
    const odd = {
      big: bigint({ default: 2n ** 70n }),
      none: float({ default: Number.NaN }),
      key: bytes({ default: Uint8Array.of(1, 2, 255) }),
    }
    const shown = describeArguments(odd).map(({ default: preset }) => JSON.stringify(preset))
    expect(shown).toEqual([`"${2n ** 70n}"`, '"NaN"', '"AQL/"'])
  })

  it('have no value where the next argument begins', () => {
    const mine = { output: path(), title: text({ default: '' }), verbose: flag() }
    for (const next of ['--verbose', '--no-verbose', '--title', '--title=x', '--output'])
      expect(code(() => parseArguments(mine, ['--output', next]))).toBe('job/bad-argument')
    const said = parseArguments(mine, ['--output', '/o', '--title', '--- x', '--verbose'])
    expect(said).toEqual({ output: '/o', title: '--- x', verbose: true })
    expect(parseArguments(mine, ['--output=/o', '--title=--verbose'])).toMatchObject({
      title: '--verbose',
    })
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

  it('that hold paths have them from where the job is submitted', () => {
    const paths = {
      maybe: optional(path()),
      none: nullable(path()),
      many: list(path()),
      nested: optional(list(list(path()))),
      usual: path({ default: './data' }),
      empty: path({ default: '' }),
    }
    const said = parseArguments(
      paths,
      ['--maybe', 'a', '--none', 'b', '--many', '["c","/d","s3://e"]', '--nested', '[["f"]]'],
      { directory: '/home/ann' },
    )
    expect(resolveArguments(paths, said)).toEqual({
      maybe: '/home/ann/a',
      none: '/home/ann/b',
      many: ['/home/ann/c', '/d', 's3://e'],
      nested: [['/home/ann/f']],
      usual: '/home/ann/data',
      empty: '',
    })
    expect(() => parseArguments(paths, ['--many', '[""]'])).toThrow('the path is empty')
  })

  it('of every type are the same in the slots as where they were given', () => {
    const Point = struct('Point', { x: float(), y: optional(bigint()), at: timestamp() })
    const cases: readonly (readonly [DeclaredType<unknown>, string, unknown])[] = [
      [text(), 'a "b"', 'a "b"'],
      [int(), '-7', -7],
      [float(), 'NaN', Number.NaN],
      [float(), '-Infinity', Number.NEGATIVE_INFINITY],
      [bool(), 'true', true],
      [bigint(), String(2n ** 70n), 2n ** 70n],
      [bigint(), '7', 7n],
      [bytes(), 'AQL/', Uint8Array.of(1, 2, 255)],
      [timestamp(), '2015-07-15', 1_436_918_400_000],
      [duration(), '5s', 5_000],
      [oneOf('a', 'b') as DeclaredType<unknown>, 'b', 'b'],
      [json(), '{"a":[null,1]}', { a: [null, 1] }],
      [dynamic(), 'x', 'x'],
      [list(bigint()), '[1,"99999999999999999999"]', [1n, 99999999999999999999n]],
      [
        map(text(), int()),
        '{"a":1,"__proto__":2}',
        new Map([
          ['a', 1],
          ['__proto__', 2],
        ]),
      ],
      [map(int(), list(float())), '[[1,["NaN"]]]', new Map([[1, [Number.NaN]]])],
      [
        map(bigint(), bytes()),
        '[["99999999999999999999","AQ=="]]',
        new Map([[99999999999999999999n, Uint8Array.of(1)]]),
      ],
      [optional(bytes()), 'AQ==', Uint8Array.of(1)],
      [nullable(map(text(), bool())), '{"a":true}', new Map([['a', true]])],
      [Point, '{"x":"Infinity","at":5}', { x: Number.POSITIVE_INFINITY, y: undefined, at: 5 }],
    ]
    for (const [type, said, value] of cases) {
      const overTheWire = (raw: object): unknown => {
        const document = documentToWire(raw)
        const heard = JSON.parse(Buffer.from(document.json as Uint8Array).toString()) as object
        return resolveArguments({ x: type }, { ...heard })
      }
      expect(overTheWire(parseArguments({ x: type }, ['--x', said])), said).toEqual({ x: value })
      expect(overTheWire(plainArguments({ x: type }, { x: value })), said).toEqual({ x: value })
    }
  })

  it('that JSON cannot say are refused', () => {
    for (const value of [new Map([['a', 1]]), { a: new Set() }, 1n, [Number.NaN]])
      expect(code(() => plainArguments({ x: json() }, { x: value }))).toBe('job/bad-argument')
    expect(code(() => plainArguments({ x: json() }, { y: 1 }))).toBe('job/unknown-argument')
  })
})
