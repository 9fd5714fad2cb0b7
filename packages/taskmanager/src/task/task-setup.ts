// Makes the working parts of a task: restored state, operators, channels. Everything is made before anything is opened,
// and what the restored checkpoint left pending is committed before the first record (D5).

import { assert, present } from '@weirjs/common/core/assert'
import type { OperatorRestore, TaskRestore } from '@weirjs/common/core/checkpoint/handles'
import { nextTurn } from '@weirjs/common/core/clock'
import type { PlanOperator } from '@weirjs/common/core/graph/physical-plan'
import type { RestoredLists } from '../operators/operator.ts'
import type { KeyedStateBackend } from '../state/state-backend.ts'
import { ClaimedLists, refuseUnclaimed } from './claimed-lists.ts'
import type { RestoreReader } from './factories.ts'
import { OperatorChain } from './operator-chain.ts'
import { openOutputs } from './task-channels.ts'
import type { ChannelHost } from './task-channels.ts'
import { COLD_START, TaskOperatorContext } from './task-context.ts'
import type { ContextHost } from './task-context.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { TaskOutputs } from './task-output.ts'
import type { TaskPlan } from './task-wiring.ts'

export interface TaskParts {
  readonly chain: OperatorChain
  readonly keyed: KeyedStateBackend | null
  /** Aligned with the chain's operators. */
  readonly restores: readonly (OperatorRestore | null)[]
}

/** Reads and verifies the restore's files; null on a cold start. */
export async function loadRestore(
  env: TaskEnvironment,
  restore: TaskRestore | null,
): Promise<RestoreReader | null> {
  if (restore === null) return null
  const reader = env.snapshots.reader(restore)
  await reader.load()
  return reader
}

/** The operators that will run: all, or only the sinks when there is nothing left but to commit. */
function nodesOf(plan: TaskPlan, restore: TaskRestore | null): readonly PlanOperator[] {
  if (restore?.commitOnly !== true) return plan.vertex.operators
  return plan.vertex.operators
    .filter((node) => node.kind === 'sink')
    .map((node) => ({ ...node, outputs: [] }))
}

export interface SetupOptions {
  readonly env: TaskEnvironment
  readonly plan: TaskPlan
  readonly restore: TaskRestore | null
  readonly reader: RestoreReader | null
  readonly outputs: TaskOutputs
  readonly host: ContextHost & ChannelHost
  readonly stopped: () => boolean
}

/** Longest slice of a restore: between two of them peers are answered, and whoever watches the slot sees that it lives. */
const RESTORE_SLICE_MS = 10

/** Null when a commit-only restore finds no sink in this task, and when it was stopped. */
export async function setUp(options: SetupOptions): Promise<TaskParts | null> {
  const { env, plan, restore, reader, outputs } = options
  const nodes = nodesOf(plan, restore)
  if (nodes.length === 0) return null
  const commitOnly = restore?.commitOnly === true
  const restores = nodes.map(
    (node) => restore?.operators.find(({ uid }) => uid === node.uid) ?? null,
  )
  const keyed = commitOnly ? null : await keyedBackend(options, restores[0] ?? null)
  if (options.stopped()) {
    keyed?.close()
    return null
  }
  const edges = commitOnly ? null : openOutputs(env, plan, outputs, options.host).byEdge
  const lists: ClaimedLists[] = []
  const chain = new OperatorChain({
    nodes,
    outputs,
    freeze: env.freezeRecords,
    fail: (error) => options.host.fail(error),
    edgeOutputs: (edge) => present(edges?.get(edge), `outputs to edge ${edge}`),
    create: (index, node, output) => {
      const runtime = present(
        env.functions.nodes.get(node.uid),
        `functions of operator ${node.uid}`,
      )
      const restored = restoredLists(reader, restores[index] ?? null)
      if (restored instanceof ClaimedLists) lists.push(restored)
      const parts = { output, keyed: index === 0 ? keyed : null, restored }
      return env.operators(node, runtime, new TaskOperatorContext(options.host, node, parts))
    },
  })
  chain.markRestored(restores)
  chain.restore()
  if (restore?.allowNonRestoredState !== true) refuseUnclaimed(lists)
  return { chain, keyed, restores }
}

function restoredLists(
  reader: RestoreReader | null,
  restore: OperatorRestore | null,
): RestoredLists {
  return reader === null || restore === null
    ? COLD_START
    : new ClaimedLists(restore, reader.lists(restore))
}

async function keyedBackend(
  options: SetupOptions,
  restore: OperatorRestore | null,
): Promise<KeyedStateBackend | null> {
  const { env, plan, reader } = options
  if (!plan.inputs.some((edge) => edge.edge.keyed)) return null
  const head = present(plan.vertex.operators[0], 'the head of the vertex')
  const runtime = present(env.functions.nodes.get(head.uid), `functions of operator ${head.uid}`)
  const keyed = env.snapshots.keyedBackend({
    vertex: plan.vertex,
    subtask: plan.task.subtask,
    head,
    runtime,
  })
  if (restore !== null && restore.keyed.length > 0) {
    assert(reader !== null, 'what is restored was read')
    const restoring = keyed.restore(restore.keyed, (file, offset, bytes) =>
      reader.read(file, offset, bytes),
    )
    while (restoring.advance(RESTORE_SLICE_MS) === 'more' && !options.stopped())
      await nextTurn(env.scheduler)
  }
  return keyed
}

/** Opens the operators, then lets sinks commit what the restored checkpoint holds. Stops early when told. */
export async function openOperators(
  parts: TaskParts,
  restore: TaskRestore | null,
  stopped: () => boolean,
): Promise<void> {
  const { chain, restores } = parts
  await chain.open(stopped)
  if (stopped() || restore === null) return
  chain.restoreWatermarks(restores)
  for (let i = 0; i < chain.nodes.length && !stopped(); i++) {
    if (chain.nodes[i]?.kind !== 'sink') continue
    await chain.guard(i, (operator) => operator.onCheckpointComplete(restore.checkpointId))
  }
}
