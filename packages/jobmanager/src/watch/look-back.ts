// What is told of a job that has ended to those who come late: how it stands, and what it printed last. The lines lie in the
// history index, not in memory: there may be five hundred ended jobs, each with as much as a job may keep.

import type { JobId } from '@weirjs/common/core/ids'
import type { JobEventView } from '@weirjs/common/job-client'
import type { HistoryIndex } from '../store/history-index.ts'
import type { Watchers } from './watchers.ts'

/** At the end of a job, once: its lines move from `watchers` to the index. Where that cannot write them, the last of them stay. */
export function keepOutput(index: HistoryIndex, job: JobId, watchers: Watchers): void {
  index.put(job, 'output', 0, watchers.handOver(), (written) => watchers.written(written))
}

/** `first`: how the job stands. Lines that came behind its end are those of `watchers` still. */
export async function* lookBack(
  index: HistoryIndex,
  job: JobId,
  watchers: Watchers,
  first: JobEventView,
): AsyncGenerator<JobEventView> {
  yield first
  // They may be in both places. Who asks here first, and there only for what is not here, finds them once.
  const kept = watchers.handedOver ?? (await index.list(job, 'output'))[0]
  if (Array.isArray(kept)) yield* kept as readonly JobEventView[]
  yield* watchers.printed
}
