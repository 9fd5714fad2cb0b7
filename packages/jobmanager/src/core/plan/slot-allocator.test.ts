import { type SlotRef, workerId } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import {
  parallelPipelines,
  sampleEdge,
  sampleGraph,
  sampleNode,
  sampleSettings,
  countingGraph,
} from './graph-samples.ts'
import type { WorkerPair } from '../workers/broken-pairs.ts'
import { planJob } from './planner.ts'
import {
  allocateBatches,
  allocateSeats,
  type FreeSlots,
  type Seat,
  type SeatName,
  type SeatRequest,
  seatsOf,
} from './slot-allocator.ts'

const worker = (name: string, ...free: number[]): FreeSlots => ({ workerId: workerId(name), free })
const slot = (name: string, index: number): SlotRef => ({ workerId: workerId(name), index })
const nothing: ReadonlyMap<SeatName, SlotRef> = new Map()

function request(seats: SeatRequest['seats'], more: Partial<SeatRequest> = {}): SeatRequest {
  return { seats, kept: nothing, previous: nothing, ...more }
}

const show = (seats: Map<SeatName, SlotRef> | null): string =>
  seats === null
    ? 'none'
    : [...seats]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([n, s]) => `${n}:${s.workerId}/${s.index}`)
        .join(' ')

const counting = (parallelism: number): SeatRequest['seats'] =>
  seatsOf(planJob(countingGraph(), sampleSettings({ parallelism })).plan)

function twoGroups(): SeatRequest['seats'] {
  const graph = sampleGraph(
    [
      sampleNode('s', 'source-enumerator'),
      sampleNode('r', 'source-reader'),
      sampleNode('out', 'sink', { slotSharingGroup: 'io', parallelism: 2 }),
    ],
    [sampleEdge('s', 'r', 'assign'), sampleEdge('r', 'out', 'rebalance')],
  )
  return seatsOf(planJob(graph, sampleSettings({ parallelism: 3 })).plan)
}

describe('seatsOf', () => {
  it('needs as many seats as the widest vertex of each group, summed over groups', () => {
    expect(counting(4).map((s) => s.name)).toEqual([
      'default#0',
      'default#1',
      'default#2',
      'default#3',
    ])
    expect(
      twoGroups()
        .map((s) => s.name)
        .toSorted(),
    ).toEqual(['default#0', 'default#1', 'default#2', 'io#0', 'io#1'])
  })

  it('lets independent pipelines share seats', () => {
    expect(
      seatsOf(planJob(parallelPipelines(3), sampleSettings({ parallelism: 2 })).plan),
    ).toHaveLength(2)
  })
})

describe('allocateSeats', () => {
  it('spreads evenly, the worker with most free slots first, ties by id', () => {
    expect(show(allocateSeats(request(counting(4)), [worker('b', 0, 1), worker('a', 0, 1)]))).toBe(
      'default#0:a/0 default#1:b/0 default#2:a/1 default#3:b/1',
    )
    expect(show(allocateSeats(request(counting(3)), [worker('a', 0), worker('b', 0, 1, 2)]))).toBe(
      'default#0:b/0 default#1:b/1 default#2:a/0',
    )
  })

  it('puts equal indexes of two groups on one worker when that costs no balance', () => {
    const even = allocateSeats(
      request(
        twoGroups().filter((s) => s.group === 'io'),
        {
          kept: new Map([
            ['default#0', slot('b', 0)],
            ['default#1', slot('a', 0)],
          ]),
        },
      ),
      [worker('a', 1, 2), worker('b', 1, 2)],
    )
    expect(show(even)).toBe('io#0:b/1 io#1:a/1')
  })

  it('gives all seats or none', () => {
    expect(allocateSeats(request(counting(4)), [worker('a', 0, 1), worker('b', 0)])).toBeNull()
  })

  it('returns to the slots of before where they are free', () => {
    const previous = new Map([
      ['default#0', slot('b', 1)],
      ['default#1', slot('gone', 0)],
    ])
    expect(
      show(allocateSeats(request(counting(2), { previous }), [worker('a', 0), worker('b', 0, 1)])),
    ).toBe('default#0:b/1 default#1:a/0')
  })
})

describe('batches', () => {
  const [a0, a1, b0] = ['a#0', 'a#1', 'b#0'].map((name) => {
    const [group = '', index] = name.split('#')
    return { name, group, index: Number(index) }
  }) as [Seat, Seat, Seat]
  const names = (batches: readonly (readonly Seat[])[]): string[][] =>
    batches.map((batch) => batch.map(({ name }) => name))
  const ask = (batches: Seat[][], previous: ReadonlyMap<SeatName, SlotRef>, ...free: number[]) =>
    allocateBatches({ batches, kept: nothing, previous }, [worker('w', ...free)])

  it('are placed together where there is room for all', () => {
    const { seats, left } = ask([[a0, a1], [b0]], nothing, 0, 1, 2)
    expect(show(new Map(seats))).toBe('a#0:w/0 a#1:w/2 b#0:w/1')
    expect(left).toEqual([])
  })

  it('wait for themselves only, and what is home again does not wait for who asked first', () => {
    const first = ask([[a0, a1], [b0]], nothing, 0, 1)
    expect(show(new Map(first.seats))).toBe('a#0:w/0 a#1:w/1')
    expect(names(first.left)).toEqual([['b#0']])
    const home = ask([[a0], [b0]], new Map([['b#0', slot('w', 1)]]), 1)
    expect(show(new Map(home.seats))).toBe('b#0:w/1')
    expect(names(home.left)).toEqual([['a#0']])
  })

  it('share seats: what one has got another one does not miss', () => {
    const { seats, left } = ask([[a0, a1, b0], [a0], []], nothing, 0)
    expect(show(new Map(seats))).toBe('a#0:w/0')
    expect(names(left)).toEqual([['a#1', 'b#0']])
  })
})

describe('workers that do not reach each other', () => {
  const apart = (...pairs: readonly (readonly [string, string])[]): WorkerPair[] =>
    pairs.map(([a, b]) => [workerId(a), workerId(b)] as const)
  const two = (name: string): FreeSlots => worker(name, 0, 1)
  const used = (seats: Map<SeatName, SlotRef> | null): string =>
    [...new Set([...(seats?.values() ?? [])].map((at) => at.workerId))].toSorted().join(' ')

  it('are not used together where there is another choice', () => {
    const pair = { apart: apart(['a', 'b']) }
    expect(used(allocateSeats(request(counting(4), pair), [two('a'), two('b'), two('c')]))).toMatch(
      /^[ab] c$/,
    )
    expect(used(allocateSeats(request(counting(2), pair), [worker('a', 0), two('b')]))).toBe('b')
  })

  it('are used all the same where there is none', () => {
    const pair = { apart: apart(['a', 'b']) }
    expect(used(allocateSeats(request(counting(4), pair), [two('a'), two('b')]))).toBe('a b')
  })

  it('lose the one that is cut off from most', () => {
    const star = { apart: apart(['a', 'x'], ['b', 'x'], ['c', 'x']) }
    const all = ['a', 'b', 'c', 'x'].map(two)
    expect(used(allocateSeats(request(counting(6), star), all))).toBe('a b c')
  })

  it('keep what is kept, and take nothing on its other end', () => {
    const kept = new Map([['default#9', slot('a', 0)]])
    const more = { kept, apart: apart(['a', 'b']) }
    expect(used(allocateSeats(request(counting(2), more), [two('b'), two('c')]))).toBe('c')
    const both = new Map([...kept, ['default#8', slot('b', 0)]])
    expect(used(allocateSeats(request(counting(1), { ...more, kept: both }), [two('b')]))).toBe('b')
  })

  it('are taken from where a seat was before', () => {
    const previous = new Map([
      ['default#0', slot('a', 0)],
      ['default#1', slot('b', 0)],
    ])
    const more = { previous, apart: apart(['a', 'b']) }
    expect(used(allocateSeats(request(counting(2), more), [two('a'), two('b')]))).toMatch(/^[ab]$/)
  })
})
