// Waiting for a job to end, and how long.

import { durationMs } from '@weirjs/api/durations'
import { sleep } from '@weirjs/common/core/clock'
import { isAbsence, WeirError } from '@weirjs/common/core/errors'
import { quoted } from '@weirjs/common/node/config-values'
import { type JobClient, type JobSummary, TERMINAL_STATES } from '@weirjs/common/job-client'
import type { Cli } from './cli.ts'
import { ABSENCE_MS_MAX } from './follow.ts'

/** A job that was told to end should have done so by then. */
export const CANCEL_WAIT_MS = 60_000
const POLL_MS = 100

export function parseTimeout(text: string): number {
  try {
    return durationMs(text, '--timeout')
  } catch (cause) {
    throw new WeirError('cli/usage', `--timeout ${quoted(text)} is no duration`, {
      domain: 'user',
      hint: 'write 30s, 5m or 1h',
      cause,
    })
  }
}

/** A JobManager that goes away meanwhile is waited for, one that never answered is not: jobs outlive JobManagers. */
export async function untilEnded(
  cli: Cli,
  client: JobClient,
  id: string,
  timeoutMs: number,
): Promise<JobSummary> {
  const dueMs = cli.scheduler.nowMs() + timeoutMs
  let job: JobSummary = await client.describe(id)
  let seenAtMs = cli.scheduler.nowMs()
  while (!TERMINAL_STATES.includes(job.state)) {
    if (cli.scheduler.nowMs() >= dueMs) {
      throw new WeirError('cli/timeout', `job ${job.jobId} is still ${job.state}`, {
        domain: 'user',
      })
    }
    await sleep(cli.scheduler, POLL_MS)
    try {
      job = await client.describe(job.jobId)
      seenAtMs = cli.scheduler.nowMs()
    } catch (error) {
      if (!isAbsence(error) || cli.scheduler.nowMs() - seenAtMs > ABSENCE_MS_MAX) throw error
    }
  }
  return job
}
