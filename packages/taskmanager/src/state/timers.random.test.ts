// Timers against a plain list: set, deleted and fired in any order, over snapshots and rescaling, each one fires once, at
// its time, in the order of time, key group and key.

import { keyCodec } from '@weirjs/common/codec/key-codec'
import { tries } from '@weirjs/common/codec/runs.contract'
import type { Key } from '@weirjs/common/core/codec'
import { keyGroupOf, keyGroupRange, keyHashOf } from '@weirjs/common/core/graph/key-groups'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { KEY_GROUPS, NASTY_KEYS, snapshotOf, StillClock } from './contract/kit.contract.ts'
import { HeapBackend } from './heap-backend.ts'
import { compareKeys } from './key-order.ts'
import { keyedRestore } from './memory-snapshot.ts'
import type { KeyedStateBackend } from './state-backend.ts'

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('register' as const),
      key: fc.constantFrom(...NASTY_KEYS),
      time: fc.oneof(
        fc.integer({ min: -3, max: 12 }),
        fc.double({ min: -1e15, max: 1e15, noNaN: true }),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      key: fc.constantFrom(...NASTY_KEYS),
      time: fc.integer({ min: -3, max: 12 }),
    }),
  },
  fc.record({ kind: fc.constant('fire' as const), upTo: fc.integer({ min: -3, max: 12 }) }),
  fc.record({ kind: fc.constant('rescale' as const), parallelism: fc.integer({ min: 1, max: 5 }) }),
)

interface Planned {
  readonly time: number
  readonly key: Key
}

const order = (a: Planned, b: Planned): number =>
  a.time - b.time ||
  keyGroupOf(a.key, KEY_GROUPS) - keyGroupOf(b.key, KEY_GROUPS) ||
  compareKeys(a.key, b.key)
const show = ({ time, key }: Planned): string => `${time} ${typeof key} ${String(key).slice(0, 40)}`

interface Subtask {
  readonly backend: KeyedStateBackend
  readonly first: number
  readonly last: number
}

/** Subtasks with a part of the key groups each. */
class Tasks {
  #tasks: readonly Subtask[]

  constructor() {
    this.#tasks = this.#open(1)
  }

  #open(parallelism: number): readonly Subtask[] {
    return Array.from({ length: parallelism }, (_, subtask) => {
      const { first, last } = keyGroupRange(KEY_GROUPS, parallelism, subtask)
      const keyGroups = { first, end: last + 1 }
      const clock = new StillClock()
      const backend = new HeapBackend({
        maxParallelism: KEY_GROUPS,
        keyGroups,
        keyCodec,
        states: [],
        clock,
      })
      return { backend, first, last }
    })
  }

  at(key: Key): KeyedStateBackend {
    const group = keyGroupOf(key, KEY_GROUPS)
    const task = this.#tasks.find(({ first, last }) => group >= first && group <= last)
    if (task === undefined) throw new Error(`nobody has key group ${group}`)
    task.backend.setKey(key, keyHashOf(key))
    return task.backend
  }

  rescale(parallelism: number): void {
    const snapshots = this.#tasks.map(({ backend }) => snapshotOf(backend))
    this.#tasks = this.#open(parallelism)
    for (const { backend, first, last } of this.#tasks) {
      for (const snapshot of snapshots)
        backend
          .restore(keyedRestore([snapshot], { first, end: last + 1 }), snapshot.memory.read)
          .advance(Number.POSITIVE_INFINITY)
    }
  }

  /** What fires, by task, in the order in which it does. */
  fire(upTo: number): readonly (readonly Planned[])[] {
    return this.#tasks.map(({ backend }) => {
      const fired: Planned[] = []
      for (;;) {
        const timer = backend.eventTimers.popDue(upTo)
        if (timer === null) return fired
        expect(Object.is(backend.currentKey, timer.key)).toBe(true)
        fired.push({ time: timer.time, key: timer.key })
      }
    })
  }
}

test('timers fire as a plain list of them says, over snapshots and rescaling', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tasks = new Tasks()
      const planned = new Map<string, Planned>()
      const fire = (upTo: number): void => {
        const due = [...planned.values()].filter(({ time }) => time <= upTo)
        const fired = tasks.fire(upTo)
        for (const one of fired) expect(one.map(show)).toEqual(one.toSorted(order).map(show))
        expect(fired.flat().map(show).toSorted()).toEqual(due.map(show).toSorted())
        for (const one of due) planned.delete(show(one))
      }
      for (const one of steps) {
        if (one.kind === 'fire') fire(one.upTo)
        else if (one.kind === 'rescale') tasks.rescale(one.parallelism)
        else {
          const { key, time } = one
          const { eventTimers } = tasks.at(key)
          if (one.kind === 'register') planned.set(show({ time, key }), { time, key })
          else planned.delete(show({ time, key }))
          eventTimers[one.kind](time)
        }
      }
      fire(Number.MAX_VALUE)
      expect(planned.size).toBe(0)
    }),
    tries(300, 100_000),
  )
}, 600_000)
