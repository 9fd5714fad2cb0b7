// What a restore brings back, and what it refuses.

import { expect, test } from 'vitest'
import { withDefault } from '@weirjs/common/codec/composites'
import { bigintCodec, intCodec, textCodec } from '@weirjs/common/codec/primitives'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { keyGroupRange } from '@weirjs/common/core/graph/key-groups'
import type { StateRuntime } from '@weirjs/api/functions'
import { keyedRestore } from '../memory-snapshot.ts'
import {
  KEY_GROUPS,
  NASTY_KEYS,
  STATES,
  dump,
  fillAll,
  finishSnapshot,
  json,
  list,
  map,
  number,
  object,
  scratch,
  snapshotOf,
} from './kit.contract.ts'
import type { Open, Reopen } from './kit.contract.ts'

export function describeSnapshots(open: Open, reopen: Reopen): void {
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

  test('names no segment for what was removed before', () => {
    const first = open()
    for (const key of [1, 2, 3]) {
      first.at(key)
      first.backend.value(number).set(key)
    }
    for (const key of [1, 2, 3]) {
      first.at(key)
      first.backend.value(number).clear()
    }
    expect(snapshotOf(first.backend).keyed).toEqual([])
  })

  test('deals key groups out to other parallelisms and back, 1 → 3 → 2 → 1', () => {
    const keys: readonly Key[] = [
      ...NASTY_KEYS,
      ...Array.from({ length: 200 }, (_, i) => `key ${i}`),
    ]
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
      open(all, states)
        .backend.restore(keyedRestore([snapshot], all), snapshot.memory.read)
        .advance(Number.POSITIVE_INFINITY)
    }
    expect(restoreInto(STATES)).not.toThrow()
    expect(restoreInto(STATES.filter((state) => state !== list))).toThrow(
      expect.objectContaining({ code: 'state/not-declared' }),
    )
    const replaced = (state: StateRuntime): StateRuntime[] =>
      STATES.map((s) => (s.name === state.name ? state : s))
    for (const changed of [
      { ...number, codec: textCodec as Codec },
      { ...object, kind: 'list' as const },
      { ...map, keyCodec: bigintCodec as Codec },
      { ...object, codec: { ...json, descriptor: { name: 'test/json', version: 2 } } },
      {
        ...object,
        codec: { ...json, descriptor: { name: 'test/json', version: 1, schema: { a: 1 } } },
      },
    ]) {
      expect(restoreInto(replaced(changed))).toThrow(
        expect.objectContaining({ code: 'state/incompatible' }),
      )
    }
  })

  test('a value that cannot be encoded fails the snapshot and nothing else, also when a write asks for it', () => {
    const point: StateRuntime = {
      name: 'point',
      kind: 'value',
      codec: structCodec('P', { x: intCodec as Codec }),
      checkpointed: true,
    }
    const { backend, at } = open(undefined, [point])
    const points = backend.value<{ x: unknown }>(point)
    at('a')
    points.set({ x: 'no integer' })
    const running = backend.snapshot()
    points.set({ x: 2 })
    expect(points.get()).toEqual({ x: 2 })
    expect(() => finishSnapshot(running)).toThrow(
      expect.objectContaining({ code: 'record/not-encodable' }),
    )
    running.release()
    points.set({ x: 3 })
    expect(snapshotOf(backend).keyed).toHaveLength(1)
  })

  test('reads what an older version of a type wrote, where the change can be bridged', () => {
    const typed = (codec: Codec): StateRuntime => ({
      name: 'v',
      kind: 'list',
      codec,
      checkpointed: true,
    })
    const before = typed(
      structCodec('Visit', { page: textCodec as Codec, gone: intCodec as Codec }),
    )
    const after = typed(
      structCodec('Visit', { page: textCodec as Codec, times: withDefault(intCodec, 1) as Codec }),
    )
    const first = open(undefined, [before])
    first.at('a')
    first.backend.list<unknown>(before).add({ page: 'start', gone: 7 })
    const snapshot = snapshotOf(first.backend)
    const second = open(undefined, [after])
    second.backend
      .restore(keyedRestore([snapshot], { first: 0, end: KEY_GROUPS }), snapshot.memory.read)
      .advance(Number.POSITIVE_INFINITY)
    second.at('a')
    expect(second.backend.list(after).get()).toEqual([{ page: 'start', times: 1 }])
  })
}
