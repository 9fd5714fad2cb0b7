import { describe, expect, test } from 'vitest'
import {
  MemoryJudge,
  type MemoryVerdict,
  OVER_LOOKS_MAX,
  RELIEVED_LOOKS_MIN,
} from './memory-judge.ts'

const many = <T>(times: number, what: T): T[] => Array<T>(times).fill(what)

/** The verdicts on a process with a limit of 100 bytes. */
function verdicts(looks: readonly number[]): readonly MemoryVerdict[] {
  const judge = new MemoryJudge(100)
  return looks.map((bytes) => judge.look(bytes))
}

describe('memory of a job process', () => {
  test.each<{ what: string; looks: number[]; says: MemoryVerdict[] }>([
    { what: 'below its limit: nothing', looks: [0, 40, 79], says: Array(3).fill('unchanged') },
    {
      what: 'near its limit: told once, and once that it has passed for a while',
      looks: [80, 99, 75, ...many(RELIEVED_LOOKS_MIN, 69), 75, 80],
      says: [
        'short',
        ...many<MemoryVerdict>(RELIEVED_LOOKS_MIN + 1, 'unchanged'),
        'relieved',
        'unchanged',
        'short',
      ],
    },
    {
      what: 'up and down between two looks: told once',
      looks: Array.from({ length: 6 * RELIEVED_LOOKS_MIN }, (_, i) => (i % 2 === 0 ? 81 : 69)),
      says: ['short', ...many<MemoryVerdict>(6 * RELIEVED_LOOKS_MIN - 1, 'unchanged')],
    },
    {
      what: 'over its limit for a moment: a collection may come',
      looks: [90, 105, 108, 60],
      says: ['short', 'over', 'over', 'unchanged'],
    },
    {
      what: 'exactly at its limit: allowed, for ever',
      looks: [100, ...Array<number>(OVER_LOOKS_MAX * 2).fill(100)],
      says: ['short', ...Array<MemoryVerdict>(OVER_LOOKS_MAX * 2).fill('unchanged')],
    },
    {
      what: 'over its limit and staying there: ended',
      looks: Array<number>(OVER_LOOKS_MAX).fill(101),
      says: ['short', 'over', 'over', 'over', 'ended'],
    },
    {
      what: 'over its limit with a pause: counted anew',
      looks: [101, 101, 101, 101, 100, 101],
      says: ['short', 'over', 'over', 'over', 'unchanged', 'over'],
    },
    { what: 'in a flood: ended at once', looks: [20, 111], says: ['unchanged', 'ended'] },
  ])('$what', ({ looks, says }) => {
    expect(verdicts(looks)).toEqual(says)
  })
})
