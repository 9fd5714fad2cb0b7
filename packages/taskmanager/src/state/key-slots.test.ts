import { describe, expect, test } from 'vitest'
import type { Key } from '@weirjs/common/core/codec'
import { keyHashOf } from '@weirjs/common/core/graph/key-groups'
import { Prng } from '@weirjs/common/core/prng'
import { HashedSlots, NO_SLOT, NumberSlots } from './key-slots.ts'
import type { KeySlots, Page } from './key-slots.ts'

const STEPS = 20_000
/** Some keys share a hash. */
const hashOf = (key: Key): number => (key === 'k1' || key === 'k2' ? 7 : keyHashOf(key))
const noTouch = (): void => {}

type Slots = KeySlots<number>

const numbers = (numeric: boolean): Slots => new NumberSlots<number>({ pageBits: 2, numeric }, 0)
const hashed = (numeric: boolean): Slots => new HashedSlots<number>({ pageBits: 2, numeric })

function contents(slots: Slots): Map<Key, number> {
  const found = new Map<Key, number>()
  for (let slot = 0; slot < slots.slots; slot++)
    if (slots.has(slot)) found.set(slots.keyAt(slot), slots.values[slot] as number)
  return found
}

const someNumbers: readonly Key[] = Array.from({ length: 300 }, (_, i) => {
  const whole = (i >> 2) * 977
  return [whole, -whole - 1, whole / 1_024 + 0.25, whole * 2 ** 31 + 2 ** 33][i & 3] as number
})
const unusual = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, 5e-324]
const texts: readonly Key[] = Array.from({ length: 300 }, (_, i) =>
  i % 7 === 0 ? BigInt(i) : `k${i}`,
)

describe.each([
  ['numbers with numbers', () => numbers(true), [...unusual, ...someNumbers]],
  ['numbers with anything', () => numbers(false), [...unusual, ...someNumbers]],
  ['texts with numbers', () => hashed(true), texts],
  ['texts with anything', () => hashed(false), texts],
] as const)('slots of keys: %s', (_name, make, keys) => {
  test('hold what a Map would hold, whatever comes and goes', () => {
    const prng = new Prng(11)
    const slots = make()
    const model = new Map<Key, number>()
    for (let step = 0; step < STEPS; step++) {
      const key = prng.pick(keys)
      let slot = slots.find(key, hashOf(key))
      expect(slot === NO_SLOT).toBe(!model.has(key))
      // Phases in which the table fills, and phases in which it empties.
      if (prng.chance(Math.floor(step / 2_000) % 2 === 0 ? 0.7 : 0.2)) {
        if (slot === NO_SLOT) slot = slots.add(key, hashOf(key), noTouch, 0)
        slots.values[slot] = step
        model.set(key, step)
      } else if (slot !== NO_SLOT) {
        slots.remove(slot, hashOf(key), noTouch)
        model.delete(key)
      }
      expect(slots.size).toBe(model.size)
      if (step % 500 === 0) expect(contents(slots)).toEqual(model)
    }
  })

  test('touch every page before anything in it changes', () => {
    const prng = new Prng(5)
    const slots = make()
    for (let step = 0; step < 400; step++) {
      const before = new Map(slots.pages.map((page) => [page, heldIn(slots, page)]))
      const late: Page[] = []
      const touched = new Set<Page>()
      const touch = (page: Page): void => {
        const held = before.get(page)
        if (!touched.has(page) && held !== undefined && heldIn(slots, page) !== held)
          late.push(page)
        touched.add(page)
      }
      const key = prng.pick(keys)
      const slot = slots.find(key, hashOf(key))
      if (slot === NO_SLOT) slots.values[slots.add(key, hashOf(key), touch, 0)] = step
      else if (prng.chance(0.5)) slots.remove(slot, hashOf(key), touch)
      const untouched = [...before].filter(
        ([page]) => !touched.has(page) && slots.pages.includes(page),
      )
      expect(late).toEqual([])
      expect(untouched.filter(([page, held]) => heldIn(slots, page) !== held)).toEqual([])
    }
  })
})

/** What lies in a page, as text. */
function heldIn(slots: Slots, page: Page): string {
  let held = ''
  for (let slot = page.first; slot < Math.min(page.first + 4, slots.slots); slot++)
    if (slots.has(slot)) held += `${slots.keyAt(slot)}=${slots.values[slot]} `
  return held
}
