import type { ListMode } from '@weirjs/common/core/checkpoint/handles'
import { subtaskOfKeyGroup } from '@weirjs/common/core/graph/key-groups'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX, assign, manifest, of, parts, plan, type Stored } from './assignment-kit.contract.ts'

describe('assigning the state of a step of which some subtasks had ended', () => {
  const keyed = (group: number): NonNullable<Stored['keyed']> => [
    { name: 'count', groups: [group] },
  ]
  const lists = [{ name: 'list', mode: 'list', elements: 2 }] as const
  const from = manifest([
    { ended: true, keyed: keyed(0), lists, watermark: 9 },
    { ended: false, keyed: keyed(8), lists, watermark: 5 },
  ])

  it('keeps everything in place while the parallelism stays', () => {
    const assigned = assign(from, plan(2))
    expect([0, 1].map((subtask) => of(assigned, subtask).ended)).toEqual([true, false])
    expect(parts(assigned, 0)).toEqual(['0:0-2'])
    expect(of(assigned, 0).keyed[0]?.parts).toHaveLength(1)
  })

  it('leaves behind what the ended ones had finished when it changes', () => {
    const assigned = assign(from, plan(1))
    expect(of(assigned, 0)).toMatchObject({ ended: false, watermark: 5 })
    expect(parts(assigned, 0)).toEqual(['1:0-2'])
    expect(
      of(assigned, 0).keyed[0]?.parts.flatMap((part) => part.segments.map((one) => one.keyGroup)),
    ).toEqual([8])
  })

  it('deals out what the sinks among them have yet to commit', () => {
    const to = plan(3)
    const vertices = to.vertices.map((vertex) => ({
      ...vertex,
      operators: vertex.operators.map((one) => ({ ...one, kind: 'sink' as const, state: [] })),
    }))
    const pending = manifest([
      { ended: true, lists },
      { ended: false, lists },
    ])
    const assigned = assign(pending, { ...to, vertices })
    expect([0, 1, 2].flatMap((subtask) => parts(assigned, subtask))).toEqual([
      '0:0-1',
      '0:1-2',
      '1:0-2',
    ])
  })
})

describe('assigning keyed state', () => {
  it('gives each key group to the one subtask that owns it, at any parallelism before and after', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX }),
        fc.integer({ min: 1, max: MAX }),
        (before, after) => {
          const subtasks = Array.from({ length: before }, (_, subtask) => ({
            keyed: [
              {
                name: 'count',
                groups: Array.from({ length: MAX }, (_g, group) => group).filter(
                  (group) => subtaskOfKeyGroup(group, MAX, before) === subtask,
                ),
              },
            ],
          }))
          const assigned = assign(manifest(subtasks), plan(after))
          const seen: number[] = []
          for (let subtask = 0; subtask < after; subtask++) {
            for (const part of of(assigned, subtask).keyed[0]?.parts ?? []) {
              for (const { keyGroup } of part.segments) {
                expect(subtaskOfKeyGroup(keyGroup, MAX, after)).toBe(subtask)
                expect(part.file.path).toBe(
                  `chk-7/f${subtaskOfKeyGroup(keyGroup, MAX, before)}.state`,
                )
                seen.push(keyGroup)
              }
            }
          }
          expect(seen.sort((a, b) => a - b)).toEqual(
            Array.from({ length: MAX }, (_, group) => group),
          )
        },
      ),
    )
  })

  it('carries timers without their being declared', () => {
    const from = manifest([{ keyed: [{ name: 'timers', kind: 'timers-event', groups: [3] }] }])
    expect(of(assign(from, plan(1)), 0).keyed.map((state) => state.kind)).toEqual(['timers-event'])
  })

  it('says where the files lie and what is to be done with them', () => {
    const assigned = assign(manifest([{}]), plan(1), { commitOnly: true })
    expect(assigned.get('v0/0')).toMatchObject({
      checkpointId: 7,
      directory: 'old',
      commitOnly: true,
    })
  })

  it('takes what sinks have pending and nothing else when all that is left is to commit', () => {
    const from = manifest([{ lists: [{ name: 'pending', mode: 'list', elements: 2 }] }])
    const commit = { commitOnly: true }
    expect(of(assign(from, plan(1, { kind: 'sink' }), commit), 0).lists).toHaveLength(1)
    expect(assign(from, plan(1), commit).get('v0/0')?.operators).toEqual([])
  })

  it('leaves a new operator without anything, so that it starts cold', () => {
    const assigned = assign(manifest([{}]), plan(1, { uid: 'new' }))
    expect(assigned.get('v0/0')?.operators).toEqual([])
  })
})

describe('assigning lists', () => {
  const list = (mode: ListMode, ...elements: number[]): Stored[] =>
    elements.map((count) => ({ lists: [{ name: 'l', mode, elements: count }] }))

  it('leaves a list where it was while the parallelism stays', () => {
    const assigned = assign(manifest(list('list', 5, 0, 1)), plan(3))
    expect([0, 1, 2].map((subtask) => parts(assigned, subtask))).toEqual([['0:0-5'], [], ['2:0-1']])
  })

  it('deals a list out in contiguous runs that differ by one element at most', () => {
    const assigned = assign(manifest(list('list', 5, 0, 2)), plan(2))
    expect([0, 1].map((subtask) => parts(assigned, subtask))).toEqual([
      ['0:0-3'],
      ['0:3-5', '2:0-2'],
    ])
  })

  it('deals out every element exactly once, in order, for any sizes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(9), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 8 }),
        (sizes, after) => {
          const assigned = assign(manifest(list('list', ...sizes)), plan(after))
          const dealt = Array.from({ length: after }, (_, subtask) =>
            of(assigned, subtask).lists.flatMap((one) =>
              one.parts.flatMap((part) =>
                Array.from(
                  { length: part.end - part.first },
                  (_e, i) => `${part.file.path}#${part.first + i}`,
                ),
              ),
            ),
          )
          const all = sizes.flatMap((size, subtask) =>
            Array.from({ length: size }, (_, i) => `chk-7/f${subtask}.state#${i}`),
          )
          expect(dealt.flat()).toEqual(all)
          if (after === sizes.length) return
          const lengths = dealt.map((run) => run.length)
          expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  it('gives a union to everyone whole, also when the parallelism stays', () => {
    for (const after of [2, 3]) {
      const assigned = assign(manifest(list('union', 2, 3)), plan(after))
      for (let subtask = 0; subtask < after; subtask++)
        expect(parts(assigned, subtask)).toEqual(['0:0-2', '1:0-3'])
    }
  })

  it('gives everyone one copy of a broadcast, newcomers in turn', () => {
    const assigned = assign(manifest(list('broadcast', 4, 4)), plan(5))
    expect([0, 1, 2, 3, 4].map((subtask) => parts(assigned, subtask))).toEqual([
      ['0:0-4'],
      ['1:0-4'],
      ['0:0-4'],
      ['1:0-4'],
      ['0:0-4'],
    ])
  })
})

describe('what a restore carries over besides state', () => {
  it('keeps each subtask its own watermark and end, while the parallelism stays', () => {
    const assigned = assign(manifest([{ ended: true, watermark: 9 }, { watermark: 4 }]), plan(2))
    expect([of(assigned, 0), of(assigned, 1)]).toMatchObject([
      { ended: true, watermark: 9 },
      { ended: false, watermark: 4 },
    ])
  })

  it('takes the lowest watermark when it deals out anew', () => {
    const assigned = assign(manifest([{ watermark: 9 }, { watermark: 4 }]), plan(3))
    expect([0, 1, 2].map((subtask) => of(assigned, subtask).watermark)).toEqual([4, 4, 4])
  })
})
