// Snapshots under way: consistent as of their moment while everything changes, in slices that end
// in time.

import { expect, test } from 'vitest'
import { floatCodec } from '@weirjs/common/codec/primitives'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { Prng } from '@weirjs/common/core/prng'
import type { StateRuntime } from '@weirjs/api/functions'
import { keyedRestore, MemorySnapshot } from '../memory-snapshot.ts'
import type { KeyedSnapshot, KeyedStateBackend } from '../state-backend.ts'
import {
  KEY_GROUPS,
  STATES,
  StillClock,
  dump,
  fillAll,
  finishSnapshot,
  list,
  longest,
  map,
  mean,
  number,
  object,
  snapshotOf,
} from './kit.contract.ts'
import type { Open, Reopen } from './kit.contract.ts'

export function describeSlices(open: Open, reopen: Reopen): void {
  test('a snapshot holds what was there at its moment, whatever is changed between its slices', () => {
    let compared = 0
    for (let seed = 1; seed <= 30; seed++) {
      const prng = new Prng(seed)
      const clock = new StillClock()
      const { backend, at } = open(undefined, STATES, clock)
      const keys = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? i : `k${i}`))
      const running: {
        snapshot: KeyedSnapshot
        memory: MemorySnapshot
        before: readonly string[]
      }[] = []
      for (let step = 0; step < 4_000; step++) {
        at(prng.pick(keys))
        change(backend, prng, step)
        if (step > 500 && prng.chance(0.003) && running.length < 3) {
          const before = dump(backend)
          running.push({ snapshot: backend.snapshot(), memory: new MemorySnapshot(), before })
        }
        const one = running.length === 0 || prng.chance(0.5) ? undefined : prng.pick(running)
        if (one === undefined || one.snapshot.advance(one.memory.encoder, 0) === 'more') continue
        running.splice(running.indexOf(one), 1)
        const keyed = one.snapshot.result()
        expect(
          dump(reopen([{ memory: one.memory, file: one.memory.file, keyed }]).backend),
        ).toEqual(one.before)
        compared += 1
      }
    }
    expect(compared).toBeGreaterThan(100)
  })

  test('10,000 checkpoints under mutation in place each restore what was there at the barrier (G1)', () => {
    const { backend, at } = open()
    const objects = backend.value<{ n: number; trail: number[] }>(object)
    const lists = backend.list<{ n: number }>(list)
    for (let n = 1; n <= 10_000; n++) {
      at('a')
      const value = objects.get() ?? { n: 0, trail: [] }
      value.n = n
      value.trail.push(n)
      if (value.trail.length > 5) value.trail.shift()
      if (n === 1) objects.set(value)
      lists.update([{ n }])
      const running = backend.snapshot()
      const live = objects.get() as { n: number; trail: number[] }
      live.n = -1
      live.trail.push(-1)
      ;(lists.get()[0] as { n: number }).n = -1
      const restored = reopen([finishSnapshot(running)])
      live.n = n
      live.trail.pop()
      restored.at('a')
      expect(restored.backend.value(object).get()).toEqual(value)
      expect(restored.backend.list(list).get()).toEqual([{ n }])
    }
  }, 60_000)

  test('a slice ends within its budget, and the whole comes out in many slices', () => {
    const clock = new StillClock()
    const costly: StateRuntime = {
      ...number,
      codec: {
        ...floatCodec,
        write: (sink, value) => {
          clock.now += 0.001
          floatCodec.write(sink, value as number)
        },
      } as Codec,
    }
    const { backend, at } = open(undefined, [costly], clock)
    const entries = 50_000
    for (let key = 0; key < entries; key++) {
      at(key)
      backend.value<number>(costly).set(key)
    }
    const snapshot = backend.snapshot()
    const memory = new MemorySnapshot()
    let slices = 0
    let longestMs = 0
    for (let more = true; more; slices++) {
      const before = clock.now
      more = snapshot.advance(memory.encoder, 2) === 'more'
      longestMs = Math.max(longestMs, clock.now - before)
    }
    expect(slices).toBeGreaterThanOrEqual(20)
    expect(longestMs).toBeLessThan(2.3)
    const written = snapshot.result().flatMap((state) => state.segments)
    expect(written.reduce((sum, segment) => sum + segment.entries, 0)).toBe(entries)
  })

  test('a slice ends when the sink is full', () => {
    const { backend, at } = open()
    for (let key = 0; key < 5_000; key++) {
      at(key)
      backend.value<number>(number).set(key)
    }
    const memory = new MemorySnapshot()
    const snapshot = backend.snapshot()
    const full = new Proxy(memory.encoder, {
      get: (target, member) => {
        if (member === 'full') return true
        const found: unknown = Reflect.get(target, member, target)
        return typeof found === 'function' ? found.bind(target) : found
      },
    })
    expect(snapshot.advance(full, Number.POSITIVE_INFINITY)).toBe('more')
    expect(snapshot.advance(memory.encoder, Number.POSITIVE_INFINITY)).toBe('done')
  })

  test('a restore ends each slice within its budget and a segment, and all is there in the end', () => {
    const first = open()
    fillAll(
      first,
      Array.from({ length: 200 }, (_, i) => i),
    )
    const snapshot = snapshotOf(first.backend)
    const clock = new StillClock()
    const all = { first: 0, end: KEY_GROUPS }
    const { backend } = open(all, STATES, clock)
    // Each segment takes a millisecond.
    const read: typeof snapshot.memory.read = (...place) => {
      clock.now += 1
      return snapshot.memory.read(...place)
    }
    const restoring = backend.restore(keyedRestore([snapshot], all), read)
    let slices = 1
    for (let beganMs = clock.now; restoring.advance(3) === 'more'; beganMs = clock.now) {
      expect(clock.now - beganMs).toBeLessThanOrEqual(4)
      slices += 1
    }
    expect(slices).toBeGreaterThan(clock.now / 5)
    expect(clock.now).toBeGreaterThan(20)
    expect(dump(backend)).toEqual(dump(first.backend))
  })

  test('a released snapshot costs nothing any more, and others go on', () => {
    const { backend, at } = open()
    fillAll({ backend, at }, [1, 2, 3])
    const then = dump(backend)
    const dropped = backend.snapshot()
    const kept = backend.snapshot()
    at(1)
    backend.value<number>(number).set(99)
    dropped.release()
    at(2)
    backend.value<number>(number).set(99)
    const memory = new MemorySnapshot()
    const keyed = memory.keyed(kept)
    expect(dump(reopen([{ memory, file: memory.file, keyed }]).backend)).toEqual(then)
  })
}

/** One random change of the current key's state, in place where user code could do so. */
function change(backend: KeyedStateBackend, prng: Prng, step: number): void {
  switch (prng.int(14)) {
    case 0:
      return backend.value<number>(number).set((backend.value<number>(number).get() as number) + 1)
    case 1:
      return backend.value(number).clear()
    case 2:
      return backend.value<unknown>(object).set({ tags: [step], name: `s${step}` })
    case 3: {
      const value = backend.value<{ tags: number[] }>(object).get()
      value?.tags.push(step)
      return
    }
    case 4:
      return backend.value(object).clear()
    case 5:
      return backend.list<unknown>(list).add({ step })
    case 6: {
      const element = backend.list<{ more?: number }>(list).get()[0]
      if (element !== undefined) element.more = step
      return
    }
    case 7:
      return backend.list<unknown>(list).update(backend.list<unknown>(list).get().slice(1))
    case 8:
      return backend.map<Key, unknown>(map).set(prng.int(5), { step })
    case 9:
      return backend.map<Key, unknown>(map).delete(prng.int(5))
    case 10: {
      for (const [, value] of backend.map<Key, { more?: number }>(map).entries()) value.more = step
      return
    }
    case 11:
      return prng.chance(0.3) ? backend.map(map).clear() : undefined
    case 12:
      return backend.folding<string, string>(longest).add('x'.repeat(prng.int(20)))
    default:
      return backend.folding<number, number>(mean).add(step)
  }
}
