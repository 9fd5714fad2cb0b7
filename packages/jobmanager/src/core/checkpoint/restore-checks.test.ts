import { describe, expect, it } from 'vitest'
import { storedOperators, unclaimedState } from './restore-checks.ts'
import { assign, manifest, of, plan, text, type Stored } from './assignment-kit.contract.ts'

describe('a restore is refused', () => {
  const count: Stored[] = [{ keyed: [{ name: 'count', groups: [1, 2] }] }]

  it('when the maximum parallelism of keyed state differs', () => {
    const run = (): unknown => assign(manifest(count), plan(1, { maxParallelism: 32 }))
    expect(run).toThrow(expect.objectContaining({ code: 'restore/max-parallelism' }))
    expect(run).toThrow('operator op has maximum parallelism 32, its state 16')
  })

  it('but not when nothing is laid out by the maximum parallelism', () => {
    const from = manifest([{ lists: [{ name: 'l', mode: 'list', elements: 2 }] }])
    expect(() => assign(from, plan(1, { maxParallelism: 32, states: [] }))).not.toThrow()
  })

  it('when an operator with state is gone, naming every state that would be dropped', () => {
    const from = manifest([
      {
        keyed: [
          { name: 'count', groups: [1, 2] },
          { name: 'empty', groups: [] },
        ],
        lists: [{ name: 'positions', mode: 'list', elements: 3 }],
      },
    ])
    const run = (): unknown => assign(from, plan(1, { uid: 'renamed' }))
    expect(run).toThrow(expect.objectContaining({ code: 'restore/unclaimed-state' }))
    expect(run).toThrow('state "count" of operator op (2 entries)')
    expect(run).toThrow('state "positions" of operator op (3 entries)')
    expect(run).not.toThrow('empty')
    expect(
      assign(from, plan(1, { uid: 'renamed' }), { allowNonRestoredState: true }).get('v0/0')
        ?.operators,
    ).toEqual([])
  })

  it('when a state of an operator that stayed is gone, and drops just that by leave', () => {
    const from = manifest([
      {
        keyed: [
          { name: 'count', groups: [1] },
          { name: 'old', groups: [2, 3] },
        ],
      },
    ])
    expect(() => assign(from, plan(1))).toThrow('state "old" of operator op (2 entries)')
    const assigned = assign(from, plan(1), { allowNonRestoredState: true })
    expect(of(assigned, 0).keyed.map((state) => state.name)).toEqual(['count'])
    expect(unclaimedState(storedOperators(from), plan(1))).toEqual([
      { uid: 'op', state: 'old', entries: 2 },
    ])
  })

  it('when the kind or the codec of a state changed, saying from what to what', () => {
    expect(() =>
      assign(manifest(count), plan(1, { states: [{ name: 'count', kind: 'list' }] })),
    ).toThrow('state "count" of operator op was value state and is list state now')
    expect(() =>
      assign(manifest(count), plan(1, { states: [{ name: 'count', codec: text }] })),
    ).toThrow('state "count" of operator op: written as int, now declared as text')
  })

  it('when some subtasks had ended with a union list and the parallelism changes', () => {
    const lists = [{ name: 'seen', mode: 'union', elements: 2 }] as const
    const from = manifest([
      { ended: true, lists },
      { ended: false, lists },
    ])
    expect(() => assign(from, plan(3))).toThrow(
      expect.objectContaining({ code: 'restore/partly-ended' }),
    )
    expect(() => assign(from, plan(2))).not.toThrow()
    const all = manifest([
      { ended: true, lists },
      { ended: true, lists },
    ])
    expect(of(assign(all, plan(3)), 2).ended).toBe(true)
  })

  it('when the manifest lacks a subtask or tells one twice', () => {
    const whole = manifest([{}, {}])
    const first = whole.tasks[0]
    if (first === undefined) throw new Error('two tasks')
    const invalid = expect.objectContaining({ code: 'restore/invalid-manifest' })
    expect(() => assign({ ...whole, tasks: [first] }, plan(2))).toThrow(invalid)
    expect(() => assign({ ...whole, tasks: [...whole.tasks, first] }, plan(2))).toThrow(invalid)
    expect(() => assign({ ...whole, operators: [] }, plan(2))).toThrow(invalid)
  })
})
