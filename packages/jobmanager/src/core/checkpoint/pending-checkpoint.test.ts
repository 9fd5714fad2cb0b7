import { attempt, checkpointId, jobId, leaderEpoch, vertexId } from '@weirjs/common/core/ids'
import type { CheckpointAck } from '@weirjs/common/core/gateways'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  PendingCheckpoint,
  PendingCheckpoints,
  TOMBSTONES_MAX,
  type Tombstone,
} from './pending-checkpoint.ts'

const task = (subtask: number) => ({ vertexId: vertexId('v'), subtask })
const fence = { jobId: jobId('j'), epoch: leaderEpoch(1), attempt: attempt(1) }
const stats = {
  syncMs: 1,
  asyncMs: 2,
  alignmentMs: 3,
  startDelayMs: 4,
  stallMsMax: 5,
  stateBytes: 100,
}

function ack(id: number, subtask: number): CheckpointAck {
  return {
    fence,
    task: task(subtask),
    checkpointId: checkpointId(id),
    snapshot: { file: null, operators: [] },
    stats,
  }
}

function pending(id: number, tasks = 2): PendingCheckpoint {
  return new PendingCheckpoint({
    checkpointId: checkpointId(id),
    kind: 'periodic',
    attempt: attempt(1),
    triggeredAtMs: 7,
    deadlineMs: 9,
    tasks: Array.from({ length: tasks }, (_, i) => task(i)),
    requestIds: [],
  })
}

describe('a pending checkpoint', () => {
  it('keeps snapshots in the order of the tasks, whatever the order of the acknowledgements', () => {
    const one = pending(1, 3)
    expect([2, 0, 1].map((subtask) => one.acknowledge(ack(1, subtask)))).toEqual([
      'accepted',
      'accepted',
      'completed',
    ])
    expect(one.content().tasks.map((snapshot) => snapshot.task.subtask)).toEqual([0, 1, 2])
    expect(one.record('IN_PROGRESS', null, null)).toMatchObject({
      acknowledged: 3,
      total: 3,
      stateBytes: 300,
    })
  })

  it('has no content before every task has acknowledged', () => {
    const one = pending(1)
    one.acknowledge(ack(1, 0))
    expect(() => one.content()).toThrow('every task')
  })

  it('tells acknowledgements of ended checkpoints apart', () => {
    const table = new PendingCheckpoints()
    const how: Tombstone[] = ['completed', 'aborted', 'doubtful']
    how.forEach((tombstone, i) => {
      const one = pending(i + 1)
      table.add(one)
      table.end(one, tombstone)
    })
    expect([1, 2, 3, 4].map((id) => table.acknowledge(ack(id, 0)))).toEqual([
      'duplicate',
      'late',
      'duplicate',
      'unknown',
    ])
  })

  it('forgets the oldest tombstones, and then deletes nothing any more', () => {
    const table = new PendingCheckpoints()
    for (let id = 1; id <= TOMBSTONES_MAX + 1; id++) {
      const one = pending(id)
      table.add(one)
      table.end(one, 'aborted')
    }
    expect(table.acknowledge(ack(1, 0))).toBe('unknown')
    expect(table.acknowledge(ack(2, 0))).toBe('late')
  })

  it('answers like a naive table of sets, for any interleaving', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const) }),
      fc.record({ do: fc.constant('ack' as const), id: fc.nat(12), subtask: fc.nat(3) }),
      fc.record({
        do: fc.constant('end' as const),
        id: fc.nat(12),
        how: fc.constantFrom('completed', 'aborted'),
      }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const table = new PendingCheckpoints()
        const model = new Map<number, { seen: Set<number>; ended: string | null }>()
        let next = 1
        for (const one of steps) {
          if (one.do === 'add') {
            table.add(pending(next, 3))
            model.set(next++, { seen: new Set(), ended: null })
          } else if (one.do === 'end') {
            const target = table.get(checkpointId(one.id))
            const known = model.get(one.id)
            expect(target !== null).toBe(known !== undefined && known.ended === null)
            if (target === null || known === undefined) continue
            table.end(target, one.how as Tombstone)
            known.ended = one.how
          } else {
            expect(table.acknowledge(ack(one.id, one.subtask))).toBe(
              expected(model.get(one.id), one.subtask),
            )
          }
        }
        const open = [...model].filter(([, state]) => state.ended === null).map(([id]) => id)
        expect(table.all().map((left) => left.checkpointId)).toEqual(open)
      }),
    )
  })
})

function expected(
  known: { seen: Set<number>; ended: string | null } | undefined,
  subtask: number,
): string {
  if (known === undefined) return 'unknown'
  if (known.ended !== null) return known.ended === 'aborted' ? 'late' : 'duplicate'
  if (subtask > 2) return 'unknown'
  if (known.seen.has(subtask)) return 'duplicate'
  known.seen.add(subtask)
  return known.seen.size === 3 ? 'completed' : 'accepted'
}
