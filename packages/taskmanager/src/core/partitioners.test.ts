import { Prng } from '@weirjs/common/core/prng'
import { expect, test } from 'vitest'
import { NO_KEY_GROUP, createPartitioner } from './partitioners.ts'
import type { PartitionerOptions } from './partitioners.ts'

type Kind = PartitionerOptions['partitioning']['kind']

function choose(
  kind: Kind,
  channels: number,
  values: readonly unknown[],
  more: Partial<PartitionerOptions> = {},
): number[] {
  const partitioner = createPartitioner({
    partitioning: { kind },
    channels,
    prng: new Prng(1),
    ...more,
  })
  return values.map((value) => partitioner.select(value, null, NO_KEY_GROUP))
}

test('forward and global take the first channel', () => {
  expect(choose('forward', 1, [1, 2])).toEqual([0, 0])
  expect(choose('global', 4, [1, 2])).toEqual([0, 0])
})

test.each(['rebalance', 'rescale'] as const)('%s takes the channels in turn', (kind) => {
  const chosen = choose(kind, 3, [0, 0, 0, 0, 0, 0])
  expect(new Set(chosen.slice(0, 3))).toEqual(new Set([0, 1, 2]))
  expect(chosen.slice(3)).toEqual(chosen.slice(0, 3))
})

test('shuffle takes all channels, the same for the same seed', () => {
  const values = new Array<number>(200).fill(0)
  expect(new Set(choose('shuffle', 3, values))).toEqual(new Set([0, 1, 2]))
  expect(choose('shuffle', 3, values)).toEqual(choose('shuffle', 3, values))
})

test('hash takes the channel of the key group', () => {
  const channelOfKeyGroup = Uint16Array.of(0, 0, 1, 1)
  const partitioner = createPartitioner({
    partitioning: { kind: 'hash' },
    channels: 2,
    prng: new Prng(1),
    channelOfKeyGroup,
  })
  expect([0, 1, 2, 3].map((group) => partitioner.select('x', 'x', group))).toEqual([0, 0, 1, 1])
})

test('custom asks the author, and refuses nonsense', () => {
  const more = {
    keyOf: (value: unknown) => value as number,
    partition: (key: unknown) => key as number,
  }
  expect(choose('custom', 3, [2, 0], more)).toEqual([2, 0])
  for (const wrong of [3, -1, 0.5, Number.NaN]) {
    expect(() => choose('custom', 3, [wrong], more)).toThrow('partition function')
  }
})

test('assign takes the subtask that the record names, and refuses nonsense', () => {
  expect(choose('assign', 2, [{ subtask: 1 }, { subtask: 0 }])).toEqual([1, 0])
  expect(() => choose('assign', 2, [{ subtask: 2 }])).toThrow('subtask 2')
})
