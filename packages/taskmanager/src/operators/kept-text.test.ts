import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { textCodec } from '@weirjs/common/codec/primitives'
import type { Codec } from '@weirjs/common/core/codec'
import { BroadcastMap } from './broadcast-map.ts'
import { OperatorList } from './operator-list.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const BLOCKS = 300
const BLOCK_CHARS = 100_000

/** A field of a record is a piece of the block that it was read from. */
function fieldOfBlock(i: number): string {
  return JSON.stringify(`${i} ${'x'.repeat(BLOCK_CHARS)}`).slice(1, 60)
}

function grownBytes(keep: (text: string, i: number) => void): number {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < BLOCKS; i++) keep(fieldOfBlock(i), i)
  collectGarbage()
  return process.memoryUsage().heapUsed - before
}

const codec = textCodec as unknown as Codec
const FEW_BYTES = (BLOCKS * BLOCK_CHARS) / 10

test('an element of a list does not hold on to the block that it came in', () => {
  const list = new OperatorList({ name: 'kept', mode: 'list', codec })
  expect(grownBytes((text) => list.add(text))).toBeLessThan(FEW_BYTES)
  expect(grownBytes((text) => list.update([...list.get(), text]))).toBeLessThan(FEW_BYTES)
  expect(list.get()).toHaveLength(2 * BLOCKS)
})

test('an entry of a broadcast map does not hold on to the blocks of its key and value', () => {
  const map = new BroadcastMap({ name: 'rules', keyCodec: codec, codec })
  expect(grownBytes((text, i) => map.set(i, text))).toBeLessThan(FEW_BYTES)
  expect(grownBytes((text) => map.set(text, 'v'))).toBeLessThan(FEW_BYTES)
  expect(map.size).toBe(2 * BLOCKS)
})
