// Which stored state goes to which new subtask. Keyed state follows its key groups, by contiguous ranges (D18). Of lists,
// `list` keeps its place while the parallelism stays and is otherwise dealt out evenly in contiguous runs, `union` goes
// whole to everyone, of `broadcast` everyone gets one copy. Nothing is read here: segments are named, not opened.
//
// When the parallelism changes while some subtasks had ended, the new ones have not: they will come to the end of their
// input and finish. What the ended ones had finished must not be finished again, so their state stays behind; but what
// sinks have yet to commit does not.

import type {
  KeyedStateRestore,
  KeyGroupSegment,
  ListMode,
  ListStateRestore,
  OperatorRestore,
  TaskRestore,
} from '@weirjs/common/core/checkpoint/handles'
import { assert, unreachable } from '@weirjs/common/core/assert'
import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import { keyGroupRange } from '@weirjs/common/core/graph/key-groups'
import type {
  PhysicalPlan,
  PlanOperator,
  PlanVertex,
} from '@weirjs/common/core/graph/physical-plan'
import { taskKey } from '@weirjs/common/core/ids'
import {
  checkRestore,
  partlyEnded,
  storedOperators,
  type StoredFile,
  type StoredOperator,
} from './restore-checks.ts'

export interface AssignOptions {
  /** Drop state that no operator of the plan claims, instead of refusing. */
  readonly allowNonRestoredState: boolean
  /** The job's final checkpoint is complete: tasks only commit (D10). */
  readonly commitOnly: boolean
}

/**
 * What every task of `plan` restores from `manifest`, by taskKey. `directory` is that of the job that took the
 * checkpoint, relative to the storage root. Throws WeirError `restore/…` (see restore-checks) when the job and the
 * checkpoint do not fit.
 */
export function assignState(
  manifest: Manifest,
  plan: PhysicalPlan,
  directory: string,
  options: AssignOptions,
): Map<string, TaskRestore> {
  const stored = storedOperators(manifest)
  checkRestore(stored, plan, options.allowNonRestoredState)
  const assigned = new Map<string, TaskRestore>()
  for (const vertex of plan.vertices) {
    for (let subtask = 0; subtask < vertex.parallelism; subtask++) {
      const operators = vertex.operators.flatMap((operator) => {
        // State that nobody needs any more is not even read: what has become of it must not keep a decision from being carried out.
        if (options.commitOnly && operator.kind !== 'sink') return []
        const found = stored.get(operator.uid)
        return found === undefined ? [] : [restoreOperator(found, vertex, operator, subtask)]
      })
      const { checkpointId } = manifest
      const restore = { checkpointId, directory, operators, ...options }
      assigned.set(taskKey({ vertexId: vertex.id, subtask }), restore)
    }
  }
  return assigned
}

function restoreOperator(
  stored: StoredOperator,
  vertex: PlanVertex,
  operator: PlanOperator,
  subtask: number,
): OperatorRestore {
  const rescaled = stored.facts.parallelism !== vertex.parallelism
  const found = rescaled && operator.kind !== 'sink' ? withoutFinished(stored) : stored
  const own = rescaled ? undefined : found.snapshots[subtask]?.operator
  return {
    uid: operator.uid,
    keyed: keyedOf(found, vertex, operator, subtask),
    lists: listsOf(found, vertex.parallelism, subtask),
    ended: own?.ended ?? found.snapshots.every((one) => one.operator.ended),
    watermark: own?.watermark ?? Math.min(...found.snapshots.map((one) => one.operator.watermark)),
  }
}

function withoutFinished(stored: StoredOperator): StoredOperator {
  if (!partlyEnded(stored)) return stored
  return { ...stored, snapshots: stored.snapshots.filter((one) => !one.operator.ended) }
}

function keyedOf(
  found: StoredOperator,
  vertex: PlanVertex,
  operator: PlanOperator,
  subtask: number,
): readonly KeyedStateRestore[] {
  const { first, last } = keyGroupRange(vertex.maxParallelism, vertex.parallelism, subtask)
  const states = new Map<
    string,
    KeyedStateRestore & { parts: { file: StoredFile; segments: KeyGroupSegment[] }[] }
  >()
  for (const { operator: snapshot, file } of found.snapshots) {
    for (const { name, kind, codec, keyCodec, segments } of snapshot.keyed) {
      const timers = kind === 'timers-event' || kind === 'timers-processing'
      if (!timers && !operator.state.some((declared) => declared.name === name)) continue // dropped, by leave
      const state = states.get(name) ?? {
        name,
        kind,
        codec,
        ...(keyCodec === undefined ? {} : { keyCodec }),
        parts: [],
      }
      states.set(name, state)
      const mine = segments.filter(
        (segment) => segment.keyGroup >= first && segment.keyGroup <= last,
      )
      if (mine.length > 0 && file !== null) state.parts.push({ file, segments: mine })
    }
  }
  return [...states.values()]
}

type ListPart = ListStateRestore['parts'][number]
interface StoredList {
  readonly name: string
  readonly mode: ListMode
  readonly codec: ListStateRestore['codec']
  /** By old subtask; null: it had none under this name. */
  readonly copies: (ListPart | null)[]
}

function listsOf(
  found: StoredOperator,
  parallelism: number,
  subtask: number,
): readonly ListStateRestore[] {
  const lists = new Map<string, StoredList>()
  found.snapshots.forEach(({ operator: snapshot, file }, old) => {
    for (const { name, mode, codec, segment } of snapshot.lists) {
      const list = lists.get(name) ?? { name, mode, codec, copies: found.snapshots.map(() => null) }
      lists.set(name, list)
      if (file !== null) list.copies[old] = { file, segment, first: 0, end: segment.entries }
    }
  })
  return [...lists.values()].map((list) => {
    const { name, mode, codec } = list
    return { name, mode, codec, parts: partsOf(list, parallelism, subtask) }
  })
}

function partsOf(list: StoredList, parallelism: number, subtask: number): readonly ListPart[] {
  const present = list.copies.filter((copy) => copy !== null)
  const own = list.copies[subtask]
  switch (list.mode) {
    case 'union':
      return present.filter((copy) => copy.end > 0)
    case 'broadcast': {
      const copy = own ?? present[subtask % Math.max(1, present.length)]
      return copy === undefined ? [] : [copy]
    }
    case 'list':
      if (list.copies.length !== parallelism) return dealOut(present, parallelism, subtask)
      return own === undefined || own === null || own.end === 0 ? [] : [own]
    default:
      return unreachable(list.mode)
  }
}

/** The share of `subtask`: all elements in one row, cut into runs whose lengths differ by one at most. */
function dealOut(
  copies: readonly ListPart[],
  parallelism: number,
  subtask: number,
): readonly ListPart[] {
  const total = copies.reduce((sum, copy) => sum + copy.end, 0)
  const first = Math.floor((subtask * total) / parallelism)
  const end = Math.floor(((subtask + 1) * total) / parallelism)
  const parts: ListPart[] = []
  let before = 0
  for (const { file, segment, end: entries } of copies) {
    const from = Math.max(first - before, 0)
    const to = Math.min(end - before, entries)
    if (from < to) parts.push({ file, segment, first: from, end: to })
    before += entries
  }
  const given = parts.reduce((sum, part) => sum + part.end - part.first, 0)
  assert(given === end - first, 'every element is dealt out')
  return parts
}
