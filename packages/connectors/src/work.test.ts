// What sources say about how much is left: the bar of progress is drawn by it.

import { int } from '@weirjs/api/types'
import { expect, it } from 'vitest'
import { bytesLeft, cutFile } from './files/line-split.ts'
import { generator } from './generator/generator.ts'
import { fromItems } from './memory/from-items.ts'

it('a generator and items count records, once they are handed out', () => {
  const { work } = generator({ make: (n) => n, count: 100, type: int() })
  const split = { id: '0', part: 0, of: 1, next: 30, end: 100, block: 10 }
  expect(work?.ofSplit(split)).toBe(70)
  expect(work?.ofSplit({ ...split, end: null })).toBeNull()
  expect(work?.ofEnumerator({ handedOut: false })).toBeNull()
  expect(work?.ofEnumerator({ handedOut: true })).toBe(0)
  expect(fromItems(int(), [1, 2, 3]).work?.ofSplit({ id: '0', next: 1, end: 3 })).toBe(2)
})

it('files count bytes: pieces by where they are, packed files as a whole', () => {
  const cut = { splittable: true, splitBytes: 40, compression: 'auto' } as const
  const pieces = cutFile({ path: 'a.txt', bytes: 100 }, cut)
  expect(pieces.map(bytesLeft)).toEqual([34, 34, 32])
  const position = { offset: 90, skip: 0, lines: 2, first: 68 }
  expect(pieces.slice(2).map((split) => bytesLeft({ ...split, position }))).toEqual([10])
  expect(cutFile({ path: 'a.txt.gz', bytes: 100 }, cut).map(bytesLeft)).toEqual([100])
  // Of an older release: it did not say.
  const [{ bytes: _bytes, ...older } = { bytes: 0 }] = pieces.slice(2)
  expect(bytesLeft(older as Parameters<typeof bytesLeft>[0])).toBeNull()
})
