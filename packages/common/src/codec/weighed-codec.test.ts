import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { decodeValue, encodeValue } from './block.ts'
import { dynamicCodec } from './dynamic-codec.ts'
import { weighedCodec } from './weighed-codec.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const COUNT = 50_000
const many = (make: (i: number) => unknown): Uint8Array =>
  encodeValue(
    dynamicCodec,
    Array.from({ length: COUNT }, (_, i) => make(i)),
  )

/** What `bytes` become, kept alive while the heap is looked at. */
function grownBytes(read: () => unknown): number {
  collectGarbage()
  const before = process.memoryUsage()
  const kept = read()
  collectGarbage()
  const after = process.memoryUsage()
  expect(kept).toHaveLength(COUNT)
  return after.heapUsed + after.external - before.heapUsed - before.external
}

describe('values that are weighed before they are made', () => {
  test.each<[string, (i: number) => unknown]>([
    ['empty maps', () => new Map()],
    ['empty sets', () => new Set()],
    ['empty objects', () => ({})],
    ['objects without a prototype', () => Object.create(null) as unknown],
    ['objects of names of their own', (i) => ({ [`n${i % 100}`]: i })],
    ['empty arrays', () => []],
    ['bytes', () => new Uint8Array(0)],
    ['numbers', (i) => i + 0.5],
    ['texts', (i) => `a text of more than a few characters ${i}`],
  ])('weigh at least what they take: %s', (_what, make) => {
    const bytes = many(make)
    const tooFew = grownBytes(() => decodeValue(dynamicCodec, bytes))
    expect(() => decodeValue(weighedCodec(tooFew), bytes)).toThrow(/bytes of memory/)
  })

  test('are what they were, when they weigh little enough', () => {
    const value = { a: [1, -0.5, null, undefined, true], b: new Map([['k', Uint8Array.of(1, 2)]]) }
    const bytes = encodeValue(dynamicCodec, [value, value])
    expect(decodeValue(weighedCodec(10_000), bytes)).toEqual([value, value])
  })
})
