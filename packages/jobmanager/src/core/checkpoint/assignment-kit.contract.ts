// Small plans and manifests to try the assignment of stored state on.

import type {
  KeyGroupSegment,
  ListMode,
  OperatorSnapshot,
  TaskRestore,
} from '@weirjs/common/core/checkpoint/handles'
import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
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
import { assignState } from './state-assignment.ts'

export const int: CodecDescriptor = { name: 'int', version: 1 }
export const text: CodecDescriptor = { name: 'text', version: 1 }
export const uid = operatorUid
const stats = {
  syncMs: 0,
  asyncMs: 0,
  alignmentMs: 0,
  startDelayMs: 0,
  stallMsMax: 0,
  stateBytes: 0,
}
export const MAX = 16

export function plan(
  parallelism: number,
  change: {
    maxParallelism?: number
    uid?: string
    states?: readonly { name: string; kind?: StateKind; codec?: CodecDescriptor }[]
    kind?: 'keyed-process' | 'sink'
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
            kind: change.kind ?? 'keyed-process',
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

export interface Stored {
  readonly keyed?: readonly {
    name: string
    kind?: OperatorSnapshot['keyed'][number]['kind']
    groups: readonly number[]
  }[]
  readonly lists?: readonly { name: string; mode: ListMode; elements: number }[]
  readonly ended?: boolean
  readonly watermark?: number
}

export function manifest(subtasks: readonly Stored[]): Manifest {
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
export const assign = (
  from: Manifest,
  to: PhysicalPlan,
  more: Partial<typeof options> = {},
): Map<string, TaskRestore> => assignState(from, to, 'old', { ...options, ...more })

export function of(
  assigned: Map<string, TaskRestore>,
  subtask: number,
): TaskRestore['operators'][number] {
  const operator = assigned.get(taskKey({ vertexId: vertexId('v0'), subtask }))?.operators[0]
  if (operator === undefined) throw new Error(`no restore for subtask ${subtask}`)
  return operator
}

/** `file:first-end` of every list part of a subtask. */
export function parts(assigned: Map<string, TaskRestore>, subtask: number): readonly string[] {
  return of(assigned, subtask).lists.flatMap((list) =>
    list.parts.map(
      (part) =>
        `${part.file.path.replace(/\D+7\D+/, '').replace('.state', '')}:${part.first}-${part.end}`,
    ),
  )
}
