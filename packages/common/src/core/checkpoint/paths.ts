// All names on the checkpoint storage come from here.
//
//   <job>/log/0000000001            job log entry, exclusive create (the truth)
//   <job>/log/tip-0000000001        which entry was the newest, so that a log that lost its end is noticed
//   <job>/bundle-<sha256>.mjs       the job's code
//   <job>/chk-7/<task file>.state   state of one subtask, one file
//   <job>/chk-7/manifest            what checkpoint 7 consists of

import type { BundleHash, CheckpointId, Fence, JobId, TaskId } from '../ids.ts'

const LOG_DIGITS = 10

export const jobDirectory = (job: JobId): string => job
export const logDirectory = (job: JobId): string => `${job}/log`
export const logEntry = (job: JobId, index: number): string =>
  `${job}/log/${String(index).padStart(LOG_DIGITS, '0')}`
export const logTip = (job: JobId, index: number): string =>
  `${job}/log/tip-${String(index).padStart(LOG_DIGITS, '0')}`
export const bundleFile = (job: JobId, hash: BundleHash): string => `${job}/bundle-${hash}.mjs`
export const checkpointDirectory = (job: JobId, checkpoint: CheckpointId): string =>
  `${job}/chk-${checkpoint}`
/** Relative to the job's directory, as handles want it. */
export const manifestFile = (checkpoint: CheckpointId): string => `chk-${checkpoint}/manifest`

/** Relative to the job's directory. Unique per attempt: a zombie's file never meets its successor's. */
export function stateFile(checkpoint: CheckpointId, task: TaskId, fence: Fence): string {
  return `chk-${checkpoint}/${task.vertexId}-${task.subtask}-${fence.epoch}-${fence.attempt}.state`
}
