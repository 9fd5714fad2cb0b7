import { describe, expect, it } from 'vitest'
import { RowHash } from './row-hash.ts'

const hashOf = (fill: (hash: RowHash) => void): string => {
  const hash = new RowHash().begin()
  fill(hash)
  hash.end()
  return hash.hash
}

describe('RowHash', () => {
  it('gives the test values of the specification', () => {
    expect(hashOf(() => {})).toBe('ab3e7c0bebb6c228')
    expect(hashOf((hash) => hash.text('a'))).toBe('1a80b1b310c18171')
    expect(hashOf((hash) => hash.text('foobar'))).toBe('0c0da6dcfb130473')
  })

  it('hashes numbers as their decimal digits and text as its UTF-8 bytes', () => {
    for (const value of [
      0,
      9,
      10,
      2_147_483_647,
      2_147_483_648,
      1_436_918_400_000,
      Number.MAX_SAFE_INTEGER,
    ]) {
      expect(hashOf((hash) => hash.integer(value))).toBe(hashOf((hash) => hash.text(String(value))))
    }
    const bytes = Buffer.from('ab日本', 'utf8').toString('latin1')
    expect(hashOf((hash) => hash.text('ab日本'))).not.toBe(hashOf((hash) => hash.text(bytes)))
    expect(hashOf((hash) => hash.text('x').separator().text('y'))).toBe(
      hashOf((hash) => hash.text('x|y')),
    )
  })

  it('adds modulo 2^64, in any order and in any parts', () => {
    const rows = Array.from({ length: 1_000 }, (_, i) => `row ${i * 7}`)
    const sum = (some: readonly string[]): RowHash => {
      const hash = new RowHash()
      for (const row of some) hash.begin().text(row).end()
      return hash
    }
    const whole = sum(rows)
    const parts = sum(rows.slice(600))
    parts.addCheck(sum(rows.slice(0, 600).toReversed()).check)
    expect(parts.check).toEqual(whole.check)
    const exact = rows.reduce(
      (total, row) => BigInt.asUintN(64, total + BigInt(`0x${sum([row]).hash}`)),
      0n,
    )
    expect(BigInt(`0x${whole.hash}`)).toBe(exact)
  })
})
