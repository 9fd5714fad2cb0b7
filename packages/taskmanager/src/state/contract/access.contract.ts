// Reading and writing state of the current key.

import { expect, test } from 'vitest'
import type { Key } from '@weirjs/common/core/codec'
import { NASTY_KEYS, list, longest, map, mean, number, object } from './kit.contract.ts'
import type { Open } from './kit.contract.ts'

export function describeAccess(open: Open): void {
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
    expect(backend.visitKeys(list).next()).toBe(false)
  })

  test('a list is counted and gone through as it is then, whatever comes meanwhile', () => {
    const { backend, at } = open()
    const state = backend.list<number>(list)
    at(1)
    expect([state.length, ...state]).toEqual([0])
    state.add(1)
    state.add(2)
    const shown = state.get()
    at(2)
    state.add(20)
    at(1)
    const found: number[] = []
    for (const element of state) {
      found.push(element)
      state.add(10 + element)
      if (element === 2) state.clear()
    }
    expect(found).toEqual([1, 2])
    expect(shown).toEqual([1, 2])
    expect(state.length).toBe(0)
    at(2)
    expect([state.length, ...state]).toEqual([1, 20])
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

  test('visits every key of a state with that key as current, and leaves none behind', () => {
    const { backend, at } = open()
    const state = backend.value<number>(number)
    for (let key = 0; key < 100; key++) {
      at(key)
      state.set(key)
    }
    let sum = 0
    for (const keys = backend.visitKeys(number); keys.next(); ) {
      expect(state.get()).toBe(backend.currentKey)
      sum += state.get() as number
      if ((backend.currentKey as number) % 2 === 0) state.clear()
    }
    expect(sum).toBe(4950)
    expect(() => state.get()).toThrow('outside of a record')
    at(2)
    expect(state.get()).toBe(0)
    at(3)
    expect(state.get()).toBe(3)
  })

  test('refuses state without a current key', () => {
    const { backend } = open()
    expect(() => backend.value(number).get()).toThrow(
      expect.objectContaining({ code: 'state/no-key' }),
    )
    expect(() => backend.map(map).set('a', 1)).toThrow(
      expect.objectContaining({ code: 'state/no-key' }),
    )
    expect(() => backend.eventTimers.register(1)).toThrow(
      expect.objectContaining({ code: 'state/no-key' }),
    )
  })
}
