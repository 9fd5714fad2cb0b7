// What every state back end promises. Run it with one line: describeStateBackend('heap', (o) => new HeapBackend(o)).
// Snapshots go through memory, with the encoding of files; what is compared is always a back end restored from a
// snapshot with what the first one held at the moment of `snapshot()`.

import { describe, expect, test } from 'vitest'
import { withDefault } from '@weirjs/common/codec/composites'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import { bigintCodec, floatCodec, intCodec, textCodec } from '@weirjs/common/codec/primitives'
import { keyCodec } from '@weirjs/common/codec/key-codec'
import type { Codec, Key } from '@weirjs/common/core/codec'
import type { Clock } from '@weirjs/common/core/clock'
import { keyGroupOf, keyGroupRange } from '@weirjs/common/core/graph/key-groups'
import { Prng } from '@weirjs/common/core/prng'
import type { StateRuntime } from '@weirjs/api/functions'
import { MemorySnapshot, keyedRestore } from './memory-snapshot.ts'
import type { KeyedSnapshot, KeyedStateBackend } from './state-backend.ts'

export interface OpenBackendOptions {
  /** [first, end) */
  readonly keyGroups: { readonly first: number; readonly end: number }
  readonly keyCodec: Codec<Key>
  readonly states: readonly StateRuntime[]
  readonly clock: Clock
}

export type OpenBackend = (options: OpenBackendOptions) => KeyedStateBackend

const KEY_GROUPS = 16
const json: Codec = {
  descriptor: { name: 'test/json', version: 1 },
  write: (sink, value) => {
    sink.u8(0)
    sink.text(JSON.stringify(value))
  },
  read: (source) => {
    source.u8()
    return JSON.parse(source.text()) as unknown
  },
}

const checkpointed = true
const number: StateRuntime = { name: 'number', kind: 'value', codec: floatCodec, initial: () => 0, checkpointed }
const object: StateRuntime = { name: 'object', kind: 'value', codec: json, checkpointed }
const list: StateRuntime = { name: 'list', kind: 'list', codec: json, checkpointed }
const map: StateRuntime = { name: 'map', kind: 'map', codec: json, keyCodec: keyCodec as Codec, checkpointed }
const longest: StateRuntime = {
  name: 'longest', kind: 'reducing', codec: textCodec as Codec, checkpointed,
  reduce: (a, b) => ((a as string).length >= (b as string).length ? a : b),
}
const mean: StateRuntime = {
  name: 'mean', kind: 'aggregating', codec: json, checkpointed,
  aggregate: {
    create: () => ({ sum: 0, count: 0 }),
    add: (accumulator, value) => {
      const sums = accumulator as { sum: number; count: number }
      sums.sum += value as number
      sums.count += 1
      return sums
    },
    result: (accumulator) => {
      const { sum, count } = accumulator as { sum: number; count: number }
      return sum / count
    },
  },
}
const scratch: StateRuntime = { name: 'scratch', kind: 'value', codec: json, checkpointed: false }
const STATES: readonly StateRuntime[] = [number, object, list, map, longest, mean, scratch]

const NASTY_KEYS: readonly Key[] = [
  1, '1', 1n, true, false, 'true', 0, '0', 0n, '', ' ', 0.1, -0.5, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 1e300, 5e-324,
  Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '__proto__', 'constructor', 'toString', '\ud800', '\udc00', '\ufffd',
  '\ud83d\ude00', 'ä', '中文', 'a\u0000b', 2n ** 64n, -(2n ** 64n), 12345678901234567890123456789012345678901234567890n,
  'x'.repeat(10_000),
]

/** Time that stands still unless told otherwise. */
class StillClock implements Clock {
  now = 0
  nowMs(): number {
    return this.now
  }
  wallMs(): number {
    return this.now
  }
}

interface Opened {
  readonly backend: KeyedStateBackend
  readonly at: (key: Key) => void
}

export function describeStateBackend(name: string, openBackend: OpenBackend): void {
  const open = (
    keyGroups = { first: 0, end: KEY_GROUPS }, states: readonly StateRuntime[] = STATES, clock: Clock = new StillClock(),
  ): Opened => {
    const backend = openBackend({ keyGroups, keyCodec, states, clock })
    return { backend, at: (key) => backend.setKey(key, keyGroupOf(key, KEY_GROUPS)) }
  }

  const reopen = (snapshots: readonly Snapshot[], keyGroups = { first: 0, end: KEY_GROUPS }): Opened => {
    const opened = open(keyGroups)
    for (const snapshot of snapshots) {
      opened.backend.restore(keyedRestore([snapshot], keyGroups), snapshot.memory.read)
    }
    return opened
  }

  describe(`state back end: ${name}`, () => {
    describeAccess(open)
    describeSnapshots(open, reopen)
    describeTimers(open, reopen)
    describeSlices(open, reopen)
  })
}

type Open = (keyGroups?: { first: number; end: number }, states?: readonly StateRuntime[], clock?: Clock) => Opened
type Reopen = (snapshots: readonly Snapshot[], keyGroups?: { first: number; end: number }) => Opened

interface Snapshot {
  readonly memory: MemorySnapshot
  readonly file: MemorySnapshot['file']
  readonly keyed: ReturnType<KeyedSnapshot['result']>
}

function finishSnapshot(snapshot: KeyedSnapshot, memory: MemorySnapshot = new MemorySnapshot()): Snapshot {
  return { memory, file: memory.file, keyed: memory.keyed(snapshot) }
}

const snapshotOf = (backend: KeyedStateBackend): Snapshot => finishSnapshot(backend.snapshot())

const showKey = (key: Key): string => `${typeof key} ${JSON.stringify(String(key))}`

/** Everything in a back end as text that compares. Timers are taken out, so they are asked for separately. */
function dump(backend: KeyedStateBackend): readonly string[] {
  const lines: string[] = []
  const each = (state: StateRuntime, show: () => unknown): void => {
    backend.forEachKey(state, (key) => lines.push(`${state.name} ${showKey(key)} ${JSON.stringify(show())}`))
  }
  each(number, () => backend.value(number).get())
  each(object, () => backend.value(object).get())
  each(list, () => backend.list(list).get())
  each(map, () => [...backend.map(map).entries()].map(([k, v]) => `${showKey(k)} ${JSON.stringify(v)}`).sort())
  each(longest, () => backend.folding(longest).get())
  each(mean, () => backend.folding(mean).get())
  return lines.sort()
}

function describeAccess(open: Open): void {
  test('a value is per key, has its initial value until it is set, and after clear again', () => {
    const { backend, at } = open()
    const state = backend.value<number>(number)
    at('a')
    expect(state.get()).toBe(0)
    state.set(5)
    at('b')
    expect(state.get()).toBe(0)
    at('a')
    expect(state.get()).toBe(5)
    state.clear()
    expect(state.get()).toBe(0)
    at('b')
    expect(backend.value(object).get()).toBeNull()
  })

  test('a list grows by add, is replaced by update, and does not exist when it is empty', () => {
    const { backend, at } = open()
    const state = backend.list<number>(list)
    at(1)
    expect(state.get()).toEqual([])
    state.add(1)
    state.add(2)
    expect(state.get()).toEqual([1, 2])
    const mine = [7]
    state.update(mine)
    mine.push(8)
    expect(state.get()).toEqual([7])
    state.update([])
    const keys: Key[] = []
    backend.forEachKey(list, (key) => keys.push(key))
    expect(keys).toEqual([])
  })

  test('a map keeps its keys apart by type, and does not exist when it is empty', () => {
    const { backend, at } = open()
    const state = backend.map<Key, number>(map)
    at('k')
    NASTY_KEYS.forEach((key, i) => state.set(key, i))
    expect(state.size).toBe(NASTY_KEYS.length)
    NASTY_KEYS.forEach((key, i) => expect(state.get(key)).toBe(i))
    expect([...state.keys()]).toEqual(NASTY_KEYS)
    expect([...state.entries()]).toEqual(NASTY_KEYS.map((key, i) => [key, i]))
    expect(state.has(-0)).toBe(true)
    state.delete('1')
    expect(state.get(1)).toBe(0)
    expect(state.has('1')).toBe(false)
    state.clear()
    expect(state.size).toBe(0)
    expect(state.get(1)).toBeUndefined()
  })

  test('reducing and aggregating states fold what is added', () => {
    const { backend, at } = open()
    const words = backend.folding<string, string>(longest)
    const numbers = backend.folding<number, number>(mean)
    at('a')
    expect(words.get()).toBeNull()
    expect(numbers.get()).toBeNull()
    for (const word of ['one', 'three', 'two']) words.add(word)
    for (const value of [1, 2, 6]) numbers.add(value)
    expect(words.get()).toBe('three')
    expect(numbers.get()).toBe(3)
    words.clear()
    expect(words.get()).toBeNull()
  })

  test('keys that look alike are different keys, and -0 is 0', () => {
    const { backend, at } = open()
    const state = backend.value<number>(number)
    NASTY_KEYS.forEach((key, i) => {
      at(key)
      state.set(i + 1)
    })
    NASTY_KEYS.forEach((key, i) => {
      at(key)
      expect(state.get()).toBe(i + 1)
    })
    at(-0)
    expect(Object.is(backend.currentKey, 0)).toBe(true)
    expect(state.get()).toBe(NASTY_KEYS.indexOf(0) + 1)
  })

  test('visits every key of a state with that key as current, and puts the current key back', () => {
    const { backend, at } = open()
    const state = backend.value<number>(number)
    for (let key = 0; key < 100; key++) {
      at(key)
      state.set(key)
    }
    at('mine')
    let sum = 0
    backend.forEachKey(number, (key) => {
      expect(backend.currentKey).toBe(key)
      sum += state.get() as number
      if ((key as number) % 2 === 0) state.clear()
    })
    expect(sum).toBe(4950)
    expect(backend.currentKey).toBe('mine')
    at(2)
    expect(state.get()).toBe(0)
    at(3)
    expect(state.get()).toBe(3)
  })

  test('refuses state without a current key', () => {
    const { backend } = open()
    expect(() => backend.value(number).get()).toThrow(expect.objectContaining({ code: 'state/no-key' }))
    expect(() => backend.map(map).set('a', 1)).toThrow(expect.objectContaining({ code: 'state/no-key' }))
    expect(() => backend.eventTimers.register(1)).toThrow(expect.objectContaining({ code: 'state/no-key' }))
  })
}

function fillAll({ backend, at }: Opened, keys: readonly Key[]): void {
  keys.forEach((key, i) => {
    at(key)
    backend.value(number).set(i + 0.5)
    backend.value(object).set({ tags: [i], name: `n${i}` })
    for (let k = 0; k <= i % 3; k++) backend.list(list).add({ k, i })
    for (let k = 0; k <= i % 4; k++) backend.map(map).set(k % 2 === 0 ? k : String(k), { k, i })
    backend.folding(longest).add('w'.repeat(i))
    backend.folding(mean).add(i)
    backend.value(scratch).set(i)
  })
}

function describeSnapshots(open: Open, reopen: Reopen): void {
  test('restores every kind of state under nasty keys', () => {
    const first = open()
    fillAll(first, NASTY_KEYS)
    const second = reopen([snapshotOf(first.backend)])
    expect(dump(second.backend)).toEqual(dump(first.backend))
    NASTY_KEYS.forEach((key, i) => {
      second.at(key)
      expect(second.backend.value(number).get()).toBe(i + 0.5)
    })
  })

  test('an empty back end has an empty snapshot', () => {
    expect(snapshotOf(open().backend).keyed).toEqual([])
  })

  test('leaves out states that are not checkpointed', () => {
    const first = open()
    fillAll(first, ['a', 'b'])
    const snapshot = snapshotOf(first.backend)
    expect(snapshot.keyed.map((state) => state.name)).not.toContain('scratch')
    const second = reopen([snapshot])
    second.at('a')
    expect(second.backend.value(scratch).get()).toBeNull()
  })

  test('names segments by key groups, rising, none of them empty', () => {
    const first = open()
    fillAll(first, [1, 2, 3, 4, 5])
    for (const { segments } of snapshotOf(first.backend).keyed) {
      const groups = segments.map((segment) => segment.keyGroup)
      expect(groups).toEqual([...groups].sort((a, b) => a - b))
      for (const segment of segments) expect(segment.entries).toBeGreaterThan(0)
    }
  })

  test('deals key groups out to other parallelisms and back, 1 → 3 → 2 → 1', () => {
    const keys: readonly Key[] = [...NASTY_KEYS, ...Array.from({ length: 200 }, (_, i) => `key ${i}`)]
    const first = open()
    fillAll(first, keys)
    let snapshots = [snapshotOf(first.backend)]
    for (const parallelism of [3, 2, 1]) {
      const tasks = Array.from({ length: parallelism }, (_, subtask) => {
        const range = keyGroupRange(KEY_GROUPS, parallelism, subtask)
        return reopen(snapshots, { first: range.first, end: range.last + 1 })
      })
      expect(tasks.flatMap(({ backend }) => dump(backend)).sort()).toEqual(dump(first.backend))
      snapshots = tasks.map(({ backend }) => snapshotOf(backend))
    }
  })

  test('refuses a state that is not declared, or is of another kind or codec', () => {
    const first = open()
    fillAll(first, ['a'])
    const snapshot = snapshotOf(first.backend)
    const restoreInto = (states: readonly StateRuntime[]) => (): void => {
      const all = { first: 0, end: KEY_GROUPS }
      open(all, states).backend.restore(keyedRestore([snapshot], all), snapshot.memory.read)
    }
    expect(restoreInto(STATES)).not.toThrow()
    expect(restoreInto(STATES.filter((state) => state !== list)))
      .toThrow(expect.objectContaining({ code: 'state/not-declared' }))
    const replaced = (state: StateRuntime): StateRuntime[] => STATES.map((s) => (s.name === state.name ? state : s))
    for (const changed of [
      { ...number, codec: textCodec as Codec },
      { ...object, kind: 'list' as const },
      { ...map, keyCodec: bigintCodec as Codec },
      { ...object, codec: { ...json, descriptor: { name: 'test/json', version: 2 } } },
      { ...object, codec: { ...json, descriptor: { name: 'test/json', version: 1, schema: { a: 1 } } } },
    ]) {
      expect(restoreInto(replaced(changed))).toThrow(expect.objectContaining({ code: 'state/incompatible' }))
    }
  })

  test('a value that cannot be encoded fails the snapshot and nothing else, also when a write asks for it', () => {
    const point: StateRuntime = { name: 'point', kind: 'value', codec: structCodec('P', { x: intCodec as Codec }), checkpointed }
    const { backend, at } = open(undefined, [point])
    const points = backend.value<{ x: unknown }>(point)
    at('a')
    points.set({ x: 'no integer' })
    const running = backend.snapshot()
    points.set({ x: 2 })
    expect(points.get()).toEqual({ x: 2 })
    expect(() => finishSnapshot(running)).toThrow(expect.objectContaining({ code: 'record/not-encodable' }))
    running.release()
    points.set({ x: 3 })
    expect(snapshotOf(backend).keyed).toHaveLength(1)
  })

  test('reads what an older version of a type wrote, where the change can be bridged', () => {
    const typed = (codec: Codec): StateRuntime => ({ name: 'v', kind: 'list', codec, checkpointed })
    const before = typed(structCodec('Visit', { page: textCodec as Codec, gone: intCodec as Codec }))
    const after = typed(structCodec('Visit', { page: textCodec as Codec, times: withDefault(intCodec, 1) as Codec }))
    const first = open(undefined, [before])
    first.at('a')
    first.backend.list<unknown>(before).add({ page: 'start', gone: 7 })
    const snapshot = snapshotOf(first.backend)
    const second = open(undefined, [after])
    second.backend.restore(keyedRestore([snapshot], { first: 0, end: KEY_GROUPS }), snapshot.memory.read)
    second.at('a')
    expect(second.backend.list(after).get()).toEqual([{ page: 'start', times: 1 }])
  })
}

/** One random change of the current key's state, in place where user code could do so. */
function change(backend: KeyedStateBackend, prng: Prng, step: number): void {
  switch (prng.int(14)) {
    case 0: return backend.value<number>(number).set((backend.value<number>(number).get() as number) + 1)
    case 1: return backend.value(number).clear()
    case 2: return backend.value<unknown>(object).set({ tags: [step], name: `s${step}` })
    case 3: {
      const value = backend.value<{ tags: number[] }>(object).get()
      value?.tags.push(step)
      return
    }
    case 4: return backend.value(object).clear()
    case 5: return backend.list<unknown>(list).add({ step })
    case 6: {
      const element = backend.list<{ more?: number }>(list).get()[0]
      if (element !== undefined) element.more = step
      return
    }
    case 7: return backend.list<unknown>(list).update(backend.list<unknown>(list).get().slice(1))
    case 8: return backend.map<Key, unknown>(map).set(prng.int(5), { step })
    case 9: return backend.map<Key, unknown>(map).delete(prng.int(5))
    case 10: {
      for (const [, value] of backend.map<Key, { more?: number }>(map).entries()) value.more = step
      return
    }
    case 11: return prng.chance(0.3) ? backend.map(map).clear() : undefined
    case 12: return backend.folding<string, string>(longest).add('x'.repeat(prng.int(20)))
    default: return backend.folding<number, number>(mean).add(step)
  }
}

function describeSlices(open: Open, reopen: Reopen): void {
  test('a snapshot holds what was there at its moment, whatever is changed between its slices', () => {
    let compared = 0
    for (let seed = 1; seed <= 30; seed++) {
      const prng = new Prng(seed)
      const clock = new StillClock()
      const { backend, at } = open(undefined, STATES, clock)
      const keys = Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? i : `k${i}`))
      const running: { snapshot: KeyedSnapshot; memory: MemorySnapshot; before: readonly string[] }[] = []
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
        expect(dump(reopen([{ memory: one.memory, file: one.memory.file, keyed }]).backend)).toEqual(one.before)
        compared += 1
      }
    }
    expect(compared).toBeGreaterThan(100)
  }, 30_000)

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
      codec: { ...floatCodec, write: (sink, value) => {
        clock.now += 0.001
        floatCodec.write(sink, value as number)
      } } as Codec,
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

function describeTimers(open: Open, reopen: Reopen): void {
  const fireAll = ({ backend }: Opened, upTo = Number.MAX_SAFE_INTEGER): string[] => {
    const fired: string[] = []
    for (let timer = backend.eventTimers.popDue(upTo); timer !== null; timer = backend.eventTimers.popDue(upTo)) {
      expect(backend.currentKey).toBe(timer.key)
      expect(backend.currentKeyGroup).toBe(keyGroupOf(timer.key, KEY_GROUPS))
      fired.push(`${timer.time} ${showKey(timer.key)}`)
    }
    return fired
  }

  test('timers fire once per key and time, earliest first, and not before their time', () => {
    const opened = open()
    const { backend, at } = opened
    const { eventTimers } = backend
    at('a')
    for (const time of [30, 10, 20, 10]) eventTimers.register(time)
    at('b')
    eventTimers.register(10)
    eventTimers.register(-5)
    expect(eventTimers.peek()).toBe(-5)
    expect(fireAll(opened, 9)).toEqual(['-5 string "b"'])
    expect(fireAll(opened, 10)).toHaveLength(2)
    expect(fireAll(opened)).toEqual(['20 string "a"', '30 string "a"'])
    expect(eventTimers.peek()).toBeNull()
  })

  test('deleted timers do not fire; deleting what is not there is harmless', () => {
    const opened = open()
    const { backend, at } = opened
    for (let key = 0; key < 50; key++) {
      at(key)
      for (let time = 0; time < 20; time++) backend.eventTimers.register((time * 7 + key * 3) % 20)
    }
    for (let key = 0; key < 50; key++) {
      at(key)
      for (let time = 1; time < 20; time += 2) backend.eventTimers.delete(time)
      backend.eventTimers.delete(1_000)
    }
    const fired = fireAll(opened)
    expect(fired).toHaveLength(500)
    expect(fired.map((line) => Number(line.split(' ')[0]) % 2)).not.toContain(1)
  })

  test('a timer that is set while it fires fires again', () => {
    const opened = open()
    const { backend, at } = opened
    at('a')
    backend.eventTimers.register(5)
    expect(backend.eventTimers.popDue(5)?.time).toBe(5)
    backend.eventTimers.register(5)
    backend.eventTimers.register(6)
    expect(fireAll(opened)).toEqual(['5 string "a"', '6 string "a"'])
  })

  test('event and processing timers do not mix', () => {
    const opened = open()
    opened.at('a')
    opened.backend.processingTimers.register(5)
    expect(fireAll(opened)).toEqual([])
    const second = reopen([snapshotOf(opened.backend)])
    expect(fireAll(second)).toEqual([])
    expect(second.backend.processingTimers.popDue(5)?.key).toBe('a')
  })

  test('refuses times that are no times', () => {
    const { backend, at } = open()
    at('a')
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => backend.eventTimers.register(time)).toThrow(expect.objectContaining({ code: 'state/bad-timer' }))
    }
  })

  test('the order of equal times is that of key group and key, whatever the order of setting them', () => {
    const forwards = open()
    const backwards = open()
    for (const key of NASTY_KEYS) {
      forwards.at(key)
      forwards.backend.eventTimers.register(1)
    }
    for (const key of [...NASTY_KEYS].reverse()) {
      backwards.at(key)
      backwards.backend.eventTimers.register(1)
    }
    expect(fireAll(forwards)).toEqual(fireAll(backwards))
  })

  test('100,000 timers on 10 instants each fire once over rescaling 1 → 5 → 2, in the same order per task (E1)', () => {
    const first = open()
    for (let key = 0; key < 10_000; key++) {
      first.at(key)
      for (let time = 0; time < 10; time++) first.backend.eventTimers.register(time)
    }
    const fired = fireAll(first, 2)
    let snapshots = [snapshotOf(first.backend)]
    for (const [parallelism, upTo] of [[5, 6], [2, 9]] as const) {
      const tasks = Array.from({ length: parallelism }, (_, subtask) => {
        const range = keyGroupRange(KEY_GROUPS, parallelism, subtask)
        return reopen(snapshots, { first: range.first, end: range.last + 1 })
      })
      for (const task of tasks) fired.push(...fireAll(task, upTo))
      snapshots = tasks.map(({ backend }) => snapshotOf(backend))
    }
    expect(fired).toHaveLength(100_000)
    expect(new Set(fired).size).toBe(100_000)
  }, 30_000)

  test('a snapshot holds the timers of its moment, whatever fires or is set between its slices', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const prng = new Prng(seed)
      const opened = open()
      const { backend, at } = opened
      for (let step = 0; step < 3_000; step++) {
        at(prng.int(800))
        backend.eventTimers.register(prng.int(1_000))
      }
      const copy = reopen([snapshotOf(backend)])
      const snapshot = backend.snapshot()
      const memory = new MemorySnapshot()
      while (snapshot.advance(memory.encoder, 0) === 'more') {
        for (let i = 0; i < 50; i++) {
          at(prng.int(1_000))
          if (prng.chance(0.4)) backend.eventTimers.register(prng.int(1_000))
          else if (prng.chance(0.5)) backend.eventTimers.delete(prng.int(1_000))
          else backend.eventTimers.popDue(1_000)
        }
      }
      const restored = reopen([{ memory, file: memory.file, keyed: snapshot.result() }])
      expect(fireAll(restored)).toEqual(fireAll(copy))
    }
  })
}
