// What a job looked like when it ended, for whoever asks a later JobManager. The log keeps what a restore needs, and the
// clean-up leaves no checkpoint in it; the rest lies in the history index, which may be lost.

import type { JobId } from '@weirjs/common/core/ids'
import type { JobSummary } from '@weirjs/common/job-client'
import type { HistoryIndex } from './store/history-index.ts'

export type SeenAtEnd = Pick<JobSummary, 'tasks' | 'restarts' | 'lastCheckpointId'>

export function keepSeen(index: HistoryIndex, job: JobId, seen: SeenAtEnd): void {
  const { tasks, restarts, lastCheckpointId } = seen
  index.put(job, 'end', 0, { tasks, restarts, lastCheckpointId })
}

/** null: nobody knows any more. */
export async function seenAtEnd(index: HistoryIndex, job: JobId): Promise<SeenAtEnd | null> {
  const [record] = await index.list(job, 'end')
  return isSeen(record) ? record : null
}

function isSeen(record: unknown): record is SeenAtEnd {
  if (typeof record !== 'object' || record === null) return false
  const { tasks, restarts, lastCheckpointId } = record as Partial<SeenAtEnd>
  return (
    Number.isSafeInteger(tasks?.total) &&
    Number.isSafeInteger(tasks?.running) &&
    Number.isSafeInteger(restarts) &&
    (lastCheckpointId === null || Number.isSafeInteger(lastCheckpointId))
  )
}
