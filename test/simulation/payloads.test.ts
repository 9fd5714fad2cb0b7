import { Prng } from '@weirjs/common/core/prng'
import { describe, expect, it } from 'vitest'
import { drawWorkload, type WorkloadOptions } from './src/workload/options.ts'
import { isWhole, payload, withPayloads } from './src/workload/payloads.ts'
import { numberedOf } from './src/workload/sources.ts'

const workloads: readonly WorkloadOptions[] = Array.from({ length: 400 }, (_, seed) =>
  withPayloads(drawWorkload(new Prng(seed), 'exactly-once'), new Prng(-1 - seed)),
)
const carrying = workloads.filter(({ payloads }) => payloads !== null)

describe('what records carry', () => {
  it('is nothing in most workloads', () => {
    const silent = workloads.filter(({ payloads }) => payloads === null)
    expect(silent.length).toBeGreaterThan(carrying.length)
    for (const options of silent) expect(numberedOf(7, options).payload).toBe('')
  })

  it('is from nearly nothing to about a megabyte, and little in all', () => {
    const sizes = carrying.map((options) =>
      Array.from({ length: options.records }, (_, n) =>
        Buffer.byteLength(numberedOf(n, options).payload),
      ),
    )
    for (const ofOne of sizes) expect(ofOne.reduce((a, b) => a + b, 0)).toBeLessThan(3_000_000)
    expect(Math.min(...sizes.flat())).toBeLessThan(10)
    expect(Math.max(...sizes.flat())).toBeGreaterThan(500_000)
  })

  it('is whole when it comes as it went, and only then', () => {
    const [options] = carrying
    if (options === undefined) throw new Error('no workload has payloads')
    const record = numberedOf(options.payloads?.from ?? 0, options)
    expect(isWhole(record)).toBe(true)
    const { n } = record
    expect(isWhole({ ...record, payload: record.payload.slice(0, -1) })).toBe(false)
    expect(isWhole({ ...record, payload: `${record.payload.slice(0, -1)}?` })).toBe(false)
    expect(isWhole({ ...record, payload: payload(n + 1, 100) })).toBe(false)
    expect(isWhole({ ...record, payload: '' })).toBe(true)
  })
})
