import type {
  KeyGroupSegment,
  ListMode,
  OperatorSnapshot,
  TaskRestore,
} from '@weirjs/common/core/checkpoint/handles'
import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import { subtaskOfKeyGroup } from '@weirjs/common/core/graph/key-groups'
import {
  DEFAULT_JOB_SETTINGS,
  type CodecDescriptor,
  type StateKind,
} from '@weirjs/common/core/graph/logical-graph'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import {
  checkpointId,
  jobId,
  leaderEpoch,
  operatorUid,
  taskKey,
  vertexId,
} from '@weirjs/common/core/ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storedOperators, unclaimedState } from './restore-checks.ts'
import { assignState } from './state-assignment.ts'

const int: CodecDescriptor = { name: 'int', version: 1 }
const text: CodecDescriptor = { name: 'text', version: 1 }
const uid = operatorUid
const stats = {
  syncMs: 0,
  asyncMs: 0,
  alignmentMs: 0,
  startDelayMs: 0,
  stallMsMax: 0,
  stateBytes: 0,
}
const MAX = 16

function plan(
  parallelism: number,
  change: {
    maxParallelism?: number
    uid?: string
    states?: readonly { name: string; kind?: StateKind; codec?: CodecDescriptor }[]
  } = {},
): PhysicalPlan {
  return {
    jobName: 'job',
    mode: 'exactly-once',
    bufferTimeoutMs: 5,
    edges: [],
    vertices: [
      {
        id: vertexId('v0'),
        name: 'v',
        parallelism,
        maxParallelism: change.maxParallelism ?? MAX,
        slotSharingGroup: 'g',
        inputs: [],
        outputs: [],
        operators: [
          {
            uid: uid(change.uid ?? 'op'),
            name: 'op',
            kind: 'keyed-process',
            outputs: [],
            state: (change.states ?? [{ name: 'count' }]).map(({ name, kind, codec }) => ({
              name,
              kind: kind ?? 'value',
              codec: codec ?? int,
            })),
          },
        ],
      },
    ],
  }
}

interface Stored {
  readonly keyed?: readonly {
    name: string
    kind?: OperatorSnapshot['keyed'][number]['kind']
    groups: readonly number[]
  }[]
  readonly lists?: readonly { name: string; mode: ListMode; elements: number }[]
  readonly ended?: boolean
  readonly watermark?: number
}

function manifest(subtasks: readonly Stored[]): Manifest {
  return {
    version: 1,
    jobId: jobId('old'),
    jobName: 'job',
    epoch: leaderEpoch(1),
    checkpointId: checkpointId(7),
    triggeredAtMs: 0,
    completedAtMs: 0,
    final: false,
    settings: DEFAULT_JOB_SETTINGS,
    graph: { version: 1, name: 'job', nodes: [], edges: [] },
    operators: [
      { uid: uid('op'), vertex: 'v0', parallelism: subtasks.length, maxParallelism: MAX },
    ],
    tasks: subtasks.map((stored, subtask) => ({
      task: { vertexId: vertexId('v0'), subtask },
      stats,
      snapshot: {
        file: { path: `chk-7/f${subtask}.state`, bytes: 1_000, sha256: 'x' },
        operators: [
          {
            uid: uid('op'),
            ended: stored.ended ?? false,
            watermark: stored.watermark ?? 0,
            keyed: (stored.keyed ?? []).map(({ name, kind, groups }) => ({
              name,
              kind: kind ?? 'value',
              codec: int,
              segments: groups.map(
                (keyGroup): KeyGroupSegment => ({
                  keyGroup,
                  offset: keyGroup,
                  bytes: 1,
                  entries: 1,
                }),
              ),
            })),
            lists: (stored.lists ?? []).map(({ name, mode, elements }) => ({
              name,
              mode,
              codec: int,
              segment: { offset: 0, bytes: elements, entries: elements },
            })),
          },
        ],
      },
    })),
  }
}

const options = { allowNonRestoredState: false, commitOnly: false }
const assign = (
  from: Manifest,
  to: PhysicalPlan,
  more: Partial<typeof options> = {},
): Map<string, TaskRestore> => assignState(from, to, 'old', { ...options, ...more })

function of(assigned: Map<string, TaskRestore>, subtask: number): TaskRestore['operators'][number] {
  const operator = assigned.get(taskKey({ vertexId: vertexId('v0'), subtask }))?.operators[0]
  if (operator === undefined) throw new Error(`no restore for subtask ${subtask}`)
  return operator
}

/** `file:first-end` of every list part of a subtask. */
function parts(assigned: Map<string, TaskRestore>, subtask: number): readonly string[] {
  return of(assigned, subtask).lists.flatMap((list) =>
    list.parts.map(
      (part) =>
        `${part.file.path.replace(/\D+7\D+/, '').replace('.state', '')}:${part.first}-${part.end}`,
    ),
  )
}

describe('assigning the state of a step of which some subtasks had ended', () => {
  const keyed = (group: number): NonNullable<Stored['keyed']> => [{ name: 'count', groups: [group] }]
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
