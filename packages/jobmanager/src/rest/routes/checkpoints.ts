// Checkpoints of a job: counts, summary, the newest of each kind, the history, and one of them.

import type { CheckpointView } from '@weirjs/common/job-client'
import { z } from 'zod'
import { noSuchThing } from '../problem.ts'
import { bytes, count, milliseconds, type RestRoute, route, text, time } from '../route.ts'

const checkpoint = z.object({
  id: count,
  status: z.enum(['IN_PROGRESS', 'COMPLETED', 'FAILED']),
  kind: z.enum(['periodic', 'manual', 'final']),
  is_savepoint: z.boolean(),
  checkpoint_type: text,
  trigger_timestamp: time,
  latest_ack_timestamp: time.meta({ description: 'When it ended; -1: not yet.' }),
  state_size: bytes,
  checkpointed_size: bytes,
  end_to_end_duration: milliseconds.meta({ description: 'Milliseconds; -1: not yet.' }),
  stall_max: milliseconds.meta({ description: 'Longest stop of one task for it, milliseconds.' }),
  num_subtasks: count,
  num_acknowledged_subtasks: count,
  external_path: text.nullable().meta({ description: 'Where it lies, while it is kept.' }),
  discarded: z.boolean(),
  failure_message: text.nullable(),
  failure_code: text.nullable(),
})
type Checkpoint = z.infer<typeof checkpoint>

const spread = z.object({
  min: z.number(),
  max: z.number(),
  avg: z.number(),
  p50: z.number(),
  p99: z.number(),
})

const checkpoints = z.object({
  counts: z.object({ total: count, in_progress: count, completed: count, failed: count }),
  summary: z
    .object({ state_size: spread, end_to_end_duration: spread })
    .meta({ description: 'Of the completed ones in the history.' }),
  latest: z.object({ completed: checkpoint.nullable(), failed: checkpoint.nullable() }),
  history: z.array(checkpoint).meta({ description: 'Newest first, at most 200.' }),
})

export const checkpointRoutes: readonly RestRoute[] = [
  route({
    path: '/jobs/:jobid/checkpoints',
    about: 'The checkpoints of a job, as far as they are remembered.',
    answer: checkpoints,
    handle: async ({ client }, { jobid = '' }) => allOf(await client.checkpoints(jobid)),
  }),
  route({
    path: '/jobs/:jobid/checkpoints/details/:checkpointid',
    about: 'One checkpoint.',
    answer: checkpoint,
    handle: async ({ client }, { jobid = '', checkpointid = '' }) => {
      const views = await client.checkpoints(jobid)
      const found = views.find((view) => `${view.checkpointId}` === checkpointid)
      if (found === undefined) {
        const hint = `See /v1/jobs/${jobid}/checkpoints.`
        throw noSuchThing(`job ${jobid} has no checkpoint ${checkpointid}`, hint)
      }
      return checkpointOf(found)
    },
  }),
]

function allOf(views: readonly CheckpointView[]): z.infer<typeof checkpoints> {
  const history = views.map(checkpointOf)
  const completed = history.filter(({ status }) => status === 'COMPLETED')
  const failed = history.filter(({ status }) => status === 'FAILED')
  return {
    counts: {
      total: history.length,
      in_progress: history.length - completed.length - failed.length,
      completed: completed.length,
      failed: failed.length,
    },
    summary: {
      state_size: spreadOf(completed.map((one) => one.state_size)),
      end_to_end_duration: spreadOf(completed.map((one) => one.end_to_end_duration)),
    },
    latest: { completed: completed[0] ?? null, failed: failed[0] ?? null },
    history,
  }
}

function checkpointOf(view: CheckpointView): Checkpoint {
  const { triggeredAtMs, endedAtMs, state, failure } = view
  return {
    id: view.checkpointId,
    status: state,
    kind: view.kind,
    is_savepoint: false,
    checkpoint_type: 'CHECKPOINT',
    trigger_timestamp: triggeredAtMs,
    latest_ack_timestamp: endedAtMs ?? -1,
    state_size: view.stateBytes,
    checkpointed_size: view.stateBytes,
    end_to_end_duration: endedAtMs === null ? -1 : Math.max(0, endedAtMs - triggeredAtMs),
    stall_max: view.stallMsMax,
    num_subtasks: view.total,
    num_acknowledged_subtasks: view.acknowledged,
    external_path: view.path,
    discarded: state === 'COMPLETED' && view.path === null,
    failure_message: failure?.message ?? null,
    failure_code: failure?.code ?? null,
  }
}

function spreadOf(values: readonly number[]): z.infer<typeof spread> {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
  const total = sorted.reduce((sum, value) => sum + value, 0)
  return {
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
    avg: sorted.length === 0 ? 0 : total / sorted.length,
    p50: at(0.5),
    p99: at(0.99),
  }
}
