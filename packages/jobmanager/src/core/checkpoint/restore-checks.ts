// May this job start from that checkpoint? Decided from the manifest and the plan, before anything is deployed. All that
// is wrong is said at once, and what would be dropped is named to the last state.

import { WeirError } from '@weirjs/common/core/errors'
import type { OperatorSnapshot } from '@weirjs/common/core/checkpoint/handles'
import type { Manifest, ManifestOperator } from '@weirjs/common/core/checkpoint/manifest'
import type {
  PhysicalPlan,
  PlanOperator,
  PlanVertex,
} from '@weirjs/common/core/graph/physical-plan'
import type { OperatorUid } from '@weirjs/common/core/ids'
import { incompatibility } from './codec-compatibility.ts'

/** Problems that are named one by one; the rest are counted. */
const PROBLEMS_SHOWN_MAX = 20

/** An operator of the checkpoint with the snapshots of all its subtasks, in their order. */
export interface StoredOperator {
  readonly facts: ManifestOperator
  readonly snapshots: readonly {
    readonly operator: OperatorSnapshot
    readonly file: StoredFile | null
  }[]
}
export type StoredFile = NonNullable<Manifest['tasks'][number]['snapshot']['file']>

/** State of the checkpoint that nobody in the plan claims. */
export interface DroppedState {
  readonly uid: OperatorUid
  readonly state: string
  readonly entries: number
}

/** The checkpoint by operator. Throws `restore/invalid-manifest` when a subtask is missing or told twice. */
export function storedOperators(manifest: Manifest): ReadonlyMap<OperatorUid, StoredOperator> {
  const found = new Map<
    OperatorUid,
    { facts: ManifestOperator; snapshots: StoredOperator['snapshots'][number][] }
  >()
  for (const facts of manifest.operators) {
    if (found.has(facts.uid)) throw invalid(manifest, `operator ${facts.uid} is in it twice`)
    found.set(facts.uid, { facts, snapshots: [] })
  }
  for (const { task, snapshot } of manifest.tasks) {
    for (const operator of snapshot.operators) {
      const stored = found.get(operator.uid)
      if (stored === undefined)
        throw invalid(manifest, `operator ${operator.uid} has state but is not described`)
      if (
        stored.snapshots[task.subtask] !== undefined ||
        task.subtask >= stored.facts.parallelism
      ) {
        throw invalid(
          manifest,
          `operator ${operator.uid} has two snapshots of subtask ${task.subtask}, or too many`,
        )
      }
      if (snapshot.file === null && hasState(operator)) {
        throw invalid(
          manifest,
          `operator ${operator.uid} has state in subtask ${task.subtask} but no file`,
        )
      }
      stored.snapshots[task.subtask] = { operator, file: snapshot.file }
    }
  }
  for (const [uid, stored] of found) {
    for (let subtask = 0; subtask < stored.facts.parallelism; subtask++) {
      if (stored.snapshots[subtask] === undefined)
        throw invalid(manifest, `operator ${uid} lacks subtask ${subtask}`)
    }
  }
  return found
}

/** What a restore into `plan` would drop, to show before it is allowed. */
export function unclaimedState(
  stored: ReadonlyMap<OperatorUid, StoredOperator>,
  plan: PhysicalPlan,
): readonly DroppedState[] {
  const claimed = new Map<OperatorUid, PlanOperator>()
  for (const vertex of plan.vertices)
    for (const operator of vertex.operators) claimed.set(operator.uid, operator)
  const dropped: DroppedState[] = []
  for (const [uid, { snapshots }] of stored) {
    const operator = claimed.get(uid)
    const entries = new Map<string, number>()
    for (const { operator: snapshot } of snapshots) {
      for (const keyed of snapshot.keyed) {
        if (operator !== undefined && (isTimers(keyed.kind) || declares(operator, keyed.name)))
          continue
        add(
          entries,
          keyed.name,
          keyed.segments.reduce((sum, segment) => sum + segment.entries, 0),
        )
      }
      if (operator === undefined)
        for (const list of snapshot.lists) add(entries, list.name, list.segment.entries)
    }
    for (const [state, count] of entries)
      if (count > 0) dropped.push({ uid, state, entries: count })
  }
  return dropped
}

/**
 * Throws `restore/max-parallelism`, `restore/incompatible-state` or `restore/partly-ended` when an operator of the plan
 * cannot take its stored state, and `restore/unclaimed-state` when something would be dropped without leave.
 */
export function checkRestore(
  stored: ReadonlyMap<OperatorUid, StoredOperator>,
  plan: PhysicalPlan,
  allowNonRestoredState: boolean,
): void {
  const pairs = plan.vertices.flatMap((vertex) =>
    vertex.operators.flatMap((operator) => {
      const found = stored.get(operator.uid)
      return found === undefined ? [] : [{ vertex, operator, found }]
    }),
  )
  refuse(
    'restore/max-parallelism',
    pairs.flatMap((one) => maxParallelismProblem(one.vertex, one.operator, one.found)),
    'Set the maximum parallelism that the checkpoint was taken with; state is laid out by it.',
  )
  refuse(
    'restore/incompatible-state',
    pairs.flatMap((one) => stateProblems(one.operator, one.found)),
    'Give changed state a new name, or run the version of the job that took the checkpoint.',
  )
  refuse(
    'restore/partly-ended',
    pairs.flatMap((one) => endedProblem(one.vertex, one.operator, one.found)),
    'Restore at the parallelism that the checkpoint was taken with, or from another checkpoint.',
  )
  if (allowNonRestoredState) return
  refuse(
    'restore/unclaimed-state',
    unclaimedState(stored, plan).map(describeDropped),
    'Bring the operators back under their uids, or drop their state with --allow-non-restored-state.',
  )
}

function maxParallelismProblem(
  vertex: PlanVertex,
  operator: PlanOperator,
  found: StoredOperator,
): readonly string[] {
  const keyed =
    operator.state.length > 0 || found.snapshots.some((one) => one.operator.keyed.length > 0)
  if (!keyed || vertex.maxParallelism === found.facts.maxParallelism) return []
  return [
    `operator ${operator.uid} has maximum parallelism ${vertex.maxParallelism}, its state ${found.facts.maxParallelism}`,
  ]
}

function stateProblems(operator: PlanOperator, found: StoredOperator): readonly string[] {
  const problems = new Set<string>()
  for (const declared of operator.state) {
    for (const { operator: snapshot } of found.snapshots) {
      const was = snapshot.keyed.find((keyed) => keyed.name === declared.name)
      if (was === undefined) continue
      const where = `state "${declared.name}" of operator ${operator.uid}`
      if (was.kind !== declared.kind) {
        problems.add(`${where} was ${was.kind} state and is ${declared.kind} state now`)
        continue
      }
      const changed = incompatibility(was.codec, declared.codec)
      if (changed !== null) problems.add(`${where}: ${changed}`)
      const keyChanged =
        was.keyCodec && declared.keyCodec ? incompatibility(was.keyCodec, declared.keyCodec) : null
      if (keyChanged !== null) problems.add(`map keys of ${where}: ${keyChanged}`)
    }
  }
  return [...problems]
}

/** What a subtask that ended knew in a union list, everybody should know; but what it has finished must not come back. */
function endedProblem(
  vertex: PlanVertex,
  operator: PlanOperator,
  found: StoredOperator,
): readonly string[] {
  if (vertex.parallelism === found.facts.parallelism || !partlyEnded(found)) return []
  const ended = found.snapshots.filter((one) => one.operator.ended)
  const union = ended
    .flatMap((one) => one.operator.lists)
    .find((list) => list.mode === 'union' && list.segment.entries > 0)
  if (union === undefined) return []
  return [
    `${ended.length} of ${found.facts.parallelism} subtasks of operator ${operator.uid} had reached the end of their ` +
      `input, so its union list "${union.name}" cannot be restored with parallelism ${vertex.parallelism}`,
  ]
}

/** Some subtasks had seen the end of their input, and some had not. */
export function partlyEnded(found: StoredOperator): boolean {
  const ended = found.snapshots.filter((one) => one.operator.ended).length
  return ended > 0 && ended < found.snapshots.length
}

export function describeDropped(dropped: DroppedState): string {
  return `state "${dropped.state}" of operator ${dropped.uid} (${dropped.entries} entries) belongs to nothing in this job`
}

function hasState(operator: OperatorSnapshot): boolean {
  return (
    operator.lists.some((list) => list.segment.bytes > 0) ||
    operator.keyed.some((keyed) => keyed.segments.some((segment) => segment.bytes > 0))
  )
}

function isTimers(kind: string): boolean {
  return kind === 'timers-event' || kind === 'timers-processing'
}

function declares(operator: PlanOperator, name: string): boolean {
  return operator.state.some((state) => state.name === name)
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count)
}

function refuse(code: string, problems: readonly string[], hint: string): void {
  if (problems.length === 0) return
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).join('; ')
  const more =
    problems.length > PROBLEMS_SHOWN_MAX ? `; and ${problems.length - PROBLEMS_SHOWN_MAX} more` : ''
  throw new WeirError(code, `cannot restore: ${shown}${more}`, {
    domain: 'user',
    retry: 'never',
    hint,
  })
}

function invalid(manifest: Manifest, what: string): WeirError {
  return new WeirError(
    'restore/invalid-manifest',
    `the manifest of checkpoint ${manifest.checkpointId} is wrong: ${what}`,
    {
      domain: 'internal',
      retry: 'never',
      hint: 'Choose another checkpoint with -s.',
    },
  )
}
