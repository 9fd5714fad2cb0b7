// Timers: once each, in one total order, and part of every snapshot.

import { expect, test } from 'vitest'
import { keyGroupOf, keyGroupRange } from '@weirjs/common/core/graph/key-groups'
import { Prng } from '@weirjs/common/core/prng'
import { MemorySnapshot } from '../memory-snapshot.ts'
import { KEY_GROUPS, NASTY_KEYS, showKey, snapshotOf } from './kit.contract.ts'
import type { Open, Opened, Reopen } from './kit.contract.ts'

export function describeTimers(open: Open, reopen: Reopen): void {
  const fireAll = ({ backend }: Opened, upTo = Number.MAX_SAFE_INTEGER): string[] => {
    const fired: string[] = []
    for (
      let timer = backend.eventTimers.popDue(upTo);
      timer !== null;
      timer = backend.eventTimers.popDue(upTo)
    ) {
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
      expect(() => backend.eventTimers.register(time)).toThrow(
        expect.objectContaining({ code: 'state/bad-timer' }),
      )
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
    for (const [parallelism, upTo] of [
      [5, 6],
      [2, 9],
    ] as const) {
      const tasks = Array.from({ length: parallelism }, (_, subtask) => {
        const range = keyGroupRange(KEY_GROUPS, parallelism, subtask)
        return reopen(snapshots, { first: range.first, end: range.last + 1 })
      })
      for (const task of tasks) fired.push(...fireAll(task, upTo))
      snapshots = tasks.map(({ backend }) => snapshotOf(backend))
    }
    expect(fired).toHaveLength(100_000)
    expect(new Set(fired).size).toBe(100_000)
  })

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
