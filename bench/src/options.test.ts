import { expect, test } from 'vitest'
import { cacheDirectory, parseOptions } from './options.ts'

const parse = (...argv: string[]): ReturnType<typeof parseOptions> =>
  parseOptions(argv, { XDG_CACHE_HOME: '/cache' })

test('without flags: ten million words from files, one slot, a checkpoint each second', () => {
  expect(parse()).toMatchObject({
    workload: 'wordcount',
    source: 'file',
    input: '/cache/weir-bench/inputs',
    seed: 0,
    events: 10_000_000,
    parallelism: 1,
    group: 1,
    checkpointInterval: '1s',
    runs: 1,
  })
})

test('a workload without files is generated', () => {
  expect(parse('--workload', 'keyedcount').source).toBe('generator')
})

test('numbers may be grouped', () => {
  expect(parse('--events', '40_000_000').events).toBe(40_000_000)
})

test('an empty cache directory in the environment is none', () => {
  expect(cacheDirectory({ XDG_CACHE_HOME: '' })).toMatch(/\.cache.weir-bench$/)
})

test.each([
  [['--workload', 'q99'], /--workload q99: wordcount or keyedcount or q0/],
  [['--source', 'kafka'], /--source kafka/],
  [['--workload', 'keyedcount', '--source', 'file'], /keyedcount is defined for the generator/],
  [['--events', '1500'], /--events 1500: a multiple of 1,000/],
  [['--events', '10'], /--events 10: a whole number from 1000/],
  [['--events', '1e6'], /--events 1e6/],
  [['--seed', '-1'], /--seed/],
  [['--parallelism', '0'], /--parallelism 0/],
  [['--out-of-order', '7'], /--out-of-order 7: 1 or 1000/],
  [['--state', 'level'], /--state level: heap/],
  [['--runs', ''], /--runs/],
  [['--speed', 'high'], /--speed/],
])('%j is refused by name', (argv, message) => {
  expect(() => parse(...argv)).toThrow(RangeError)
  expect(() => parse(...argv)).toThrow(message)
})
