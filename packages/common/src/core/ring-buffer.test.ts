import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RingBuffer } from './ring-buffer.ts'

describe('RingBuffer', () => {
  it('refuses what exceeds its capacity', () => {
    const ring = new RingBuffer<number>(2)
    expect([ring.push(1), ring.push(2), ring.push(3)]).toEqual([true, true, false])
    expect([
      ring.full,
      ring.shift(),
      ring.push(3),
      ring.shift(),
      ring.shift(),
      ring.shift(),
    ]).toEqual([true, 1, true, 2, 3, undefined])
  })

  it('behaves like an array used as a queue', () => {
    const step = fc.oneof(
      fc.integer().map((push) => ({ push })),
      fc.constant({ push: null }),
    )
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300 }),
        fc.integer({ min: 1, max: 100 }),
        (steps, capacity) => {
          const ring = new RingBuffer<number>(capacity)
          const model: number[] = []
          for (const { push } of steps) {
            if (push === null) expect(ring.shift()).toBe(model.shift())
            else {
              expect(ring.push(push)).toBe(model.length < capacity)
              if (model.length < capacity) model.push(push)
            }
            expect([ring.length, ring.peek(), ring.at(model.length - 1)]).toEqual([
              model.length,
              model[0],
              model[model.length - 1],
            ])
          }
        },
      ),
    )
  })
})
