import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { REFERENCES, type ReferenceWorkload } from './reference.ts'
import type { RowCheck } from './row-hash.ts'

type Expected = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, RowCheck>>>>>
>
const expected = JSON.parse(
  readFileSync(new URL('../expected.json', import.meta.url), 'utf8'),
) as Expected

describe('the reference evaluator', () => {
  for (const workload of Object.keys(REFERENCES) as ReferenceWorkload[]) {
    it(`comes to the expected result of ${workload}`, () => {
      for (const events of [1_000, 1_000_000]) {
        expect(REFERENCES[workload](events, 0)).toEqual(expected[workload]?.['0']?.[String(events)])
      }
    })
  }

  it('comes to what the Java evaluator says for another seed', () => {
    expect(REFERENCES.q0(200_000, 2 ** 53 - 1)).toEqual({ rows: 200_000, hash: 'f7f91faefee50baa' })
    expect(REFERENCES.wordcount(200_000, 2 ** 53 - 1)).toEqual({
      rows: 5_000,
      hash: '56357086fcc61460',
    })
    expect(REFERENCES.keyedcount(200_000, 2 ** 53 - 1)).toEqual({
      rows: 143_585,
      hash: '54fd192ca4f083f5',
    })
  })
})
