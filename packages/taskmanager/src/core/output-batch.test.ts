import { describe, expect, test } from 'vitest'
import { batchLength } from './output-batch.ts'

describe('lines that travel together', () => {
  test.each<{ what: string; lengths: number[]; together: number }>([
    { what: 'none', lengths: [], together: 0 },
    { what: 'all, where they are few and short', lengths: [1, 2, 3], together: 3 },
    { what: 'as many as may', lengths: [1, 1, 1, 1, 1, 1], together: 4 },
    { what: 'as many as have room', lengths: [6, 4, 1], together: 2 },
    { what: 'a long one alone', lengths: [11, 1], together: 1 },
    { what: 'the ones before a long one', lengths: [1, 1, 11], together: 2 },
  ])('$what', ({ lengths, together }) => {
    const lines = lengths.map((length) => ({ text: 'x'.repeat(length) }))
    expect(batchLength(lines, { linesMax: 4, charsMax: 10 })).toBe(together)
  })
})
