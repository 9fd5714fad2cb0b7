import { workerId } from '@weirjs/common/core/ids'
import { expect, it } from 'vitest'
import { BrokenPairs, PAIR_APART_MS, PAIRS_MAX } from './broken-pairs.ts'

const [A, B, C] = ['a', 'b', 'c'].map(workerId) as [
  ReturnType<typeof workerId>,
  ReturnType<typeof workerId>,
  ReturnType<typeof workerId>,
]

it('knows a pair in either order, for a while after its last failure', () => {
  const pairs = new BrokenPairs()
  pairs.note(B, A, 0)
  pairs.note(A, B, 1_000)
  pairs.note(A, A, 1_000)
  expect(pairs.at(PAIR_APART_MS)).toEqual([[A, B]])
  expect(pairs.at(PAIR_APART_MS + 1_000)).toEqual([])
})

it('forgets the pairs of a worker that was lost, and the oldest when there are too many', () => {
  const pairs = new BrokenPairs()
  pairs.note(A, B, 0)
  pairs.note(B, C, 0)
  pairs.forget(A)
  expect(pairs.at(1)).toEqual([[B, C]])
  for (let i = 0; i < PAIRS_MAX; i++) pairs.note(A, workerId(`w${i}`), 1)
  expect(pairs.at(2)).toHaveLength(PAIRS_MAX)
  expect(pairs.at(2)).not.toContainEqual([B, C])
})
