// Follows a job on a terminal: its states, checkpoints, failures and restores as lines, its progress as one line that is
// written over, what it prints as it printed it. A JobManager that goes away is waited for: jobs outlive it, and so does
// whoever watches them.

import { sleep, type Scheduler } from '@weirjs/common/core/clock'
import { type Failure, fromFailure, isAbsence, WeirError } from '@weirjs/common/core/errors'
import { printable } from '@weirjs/common/core/printable'
import type { JobId } from '@weirjs/common/core/ids'
import {
  type JobClient,
  type JobEventView,
  type JobSummary,
  TERMINAL_STATES,
} from '@weirjs/common/job-client'
import { OutputPlace, type ToldEvent } from './output-place.ts'
import { errorLines } from './output/errors.ts'
import { Pace } from './output/pace.ts'
import type { Terminal } from './output/terminal.ts'
import { counted, formatBytes, formatCount, formatDuration, formatRate } from './output/units.ts'

export interface FollowOptions {
  readonly client: JobClient
  readonly jobId: JobId
  readonly terminal: Terminal
  readonly scheduler: Scheduler
  /** Each event as a JSON line on stdout instead of text. */
  readonly json: boolean
  readonly signal: AbortSignal
}

/** How long a JobManager may be away before the command gives up; the job itself does not. */
export const ABSENCE_MS_MAX = 60_000
const RETRY_MS = 250
const NEW_LOG =
  'what the job prints is kept anew since the JobManager changed: lines may be missing'
const QUIET_FAILURES: readonly string[] = ['checkpoint/subsumed', 'checkpoint/tasks-stopped']

/** Ends when the job has ended, with its last summary, or null when `signal` aborted. Error: `rpc/unavailable`. */
export async function follow(options: FollowOptions): Promise<JobSummary | null> {
  const view = new FollowView(options)
  await watchOver(options, {
    take: (event) => {
      view.show(event)
      return view.ended === null ? 'more' : 'enough'
    },
    over: () => view.ended !== null,
  })
  return view.ended
}

export interface Watcher {
  take(event: ToldEvent): 'more' | 'enough'
  /** Nothing comes any more: that is the end, and not a JobManager that has gone. */
  over(): boolean
}

/**
 * Hands on what happens to a job until it is `enough` or `over`, or `signal` aborts. After an absence of the
 * JobManager it goes on with the output where it was; where that cannot be known, it says so. Error: `rpc/unavailable` when it
 * stays away for longer than ABSENCE_MS_MAX.
 */
export async function watchOver(
  options: Omit<FollowOptions, 'json'>,
  watcher: Watcher,
): Promise<void> {
  const { client, jobId, terminal, scheduler, signal } = options
  const place = new OutputPlace()
  let absentSinceMs: number | null = null
  for (;;) {
    try {
      for await (const event of client.watch(jobId, signal)) {
        if (absentSinceMs !== null) terminal.note('the JobManager is back')
        absentSinceMs = null
        if (event.type === 'output-log') {
          if (!place.begin(event.epoch)) terminal.note(NEW_LOG)
          continue
        }
        const fresh = place.newOf(event)
        if (fresh !== null && watcher.take(fresh) === 'enough') return
      }
      if (signal.aborted || watcher.over()) return
    } catch (error) {
      if (signal.aborted) return
      if (!isAbsence(error)) throw error
      const nowMs = scheduler.nowMs()
      if (absentSinceMs === null) {
        absentSinceMs = nowMs
        terminal.note('lost the JobManager; waiting for it')
      } else if (nowMs - absentSinceMs > ABSENCE_MS_MAX) throw error
    } finally {
      terminal.progress('')
    }
    await sleep(scheduler, RETRY_MS)
  }
}

class FollowView {
  readonly #options: FollowOptions
  ended: JobSummary | null = null
  #job: JobSummary | null = null
  #records = 0
  #rate = 0
  #sampledAtMs: number | null = null
  #checkpoint = ''
  #restoredAttempt: number | null = null
  readonly #pace = new Pace()

  constructor(options: FollowOptions) {
    this.#options = options
  }

  show(event: ToldEvent): void {
    if (this.#options.json) this.#options.terminal.json(event)
    else this.#text(event)
    if (event.type === 'state' && TERMINAL_STATES.includes(event.job.state)) this.ended = event.job
  }

  #text(event: ToldEvent): void {
    const { terminal } = this.#options
    switch (event.type) {
      case 'state':
        return this.#state(event.job)
      case 'checkpoint':
        return this.#checkpointed(event.checkpoint)
      case 'failure':
        return this.#failed(event)
      case 'restored':
        return this.#restored(event.checkpointId, event.attempt)
      case 'progress':
        return this.#progress(event)
      case 'output':
        return event.stream === 'stderr' ? terminal.say(event.text) : terminal.data(event.text)
      case 'lost-output':
        return terminal.note(
          `… ${event.lines} lines of output were lost: they came faster than they could be shown`,
        )
    }
  }

  #state(job: JobSummary): void {
    const before = this.#job
    this.#job = job
    if (before?.state === job.state && before.health === job.health) return this.#showProgress()
    const { terminal } = this.#options
    const tasks = job.state === 'RUNNING' ? `  ${counted(job.tasks.total, 'task')}` : ''
    const reason = job.failure === null ? '' : `: ${printable(job.failure.message)}`
    const health = job.health === 'DEGRADED' ? `  ${terminal.err.state('DEGRADED')}${reason}` : ''
    terminal.note(`${terminal.err.state(job.state)}${tasks}${health}`)
    this.#showProgress()
  }

  /** Told again to whoever follows anew. */
  #restored(checkpointId: number, attempt: number): void {
    if (this.#restoredAttempt === attempt) return
    this.#restoredAttempt = attempt
    const { terminal } = this.#options
    const word = terminal.err.paint('cyan', 'restored')
    terminal.note(`${word} from checkpoint ${checkpointId} (attempt ${attempt})`)
  }

  #checkpointed(checkpoint: Extract<JobEventView, { type: 'checkpoint' }>['checkpoint']): void {
    const { terminal } = this.#options
    const { checkpointId, state, endedAtMs, triggeredAtMs, stateBytes, failure } = checkpoint
    if (state === 'IN_PROGRESS') return
    // Another checkpoint took its place, or the job stopped, which is told by itself: nothing that anybody must know.
    if (failure !== null && QUIET_FAILURES.includes(failure.code)) return
    if (state === 'FAILED') {
      terminal.note(
        `checkpoint ${checkpointId} ${terminal.err.state('FAILED')}: ${printable(failure?.message ?? 'unknown reason')}`,
      )
      return
    }
    const took = formatDuration((endedAtMs ?? triggeredAtMs) - triggeredAtMs)
    const kind = checkpoint.kind === 'periodic' ? '' : ` (${checkpoint.kind})`
    this.#checkpoint = `checkpoint ${checkpointId}`
    terminal.note(
      `checkpoint ${checkpointId}${kind} completed: ${formatBytes(stateBytes)} in ${took}`,
    )
    this.#showProgress()
  }

  #failed(event: {
    readonly failure: Failure
    readonly willRestart: boolean
    readonly delayMs: number
  }): void {
    // What ends the job is said at the very end, by whoever follows it.
    if (!event.willRestart) return
    const { terminal } = this.#options
    for (const line of errorLines(event.failure, terminal.err, false)) terminal.note(line)
    terminal.note(`restarting in ${formatDuration(event.delayMs)}`)
  }

  #progress(event: Extract<JobEventView, { type: 'progress' }>): void {
    const { recordsIn, recordsOut, doneRatio } = event
    const nowMs = this.#options.scheduler.nowMs()
    this.#pace.seen(doneRatio, nowMs)
    const records = Math.max(recordsIn, recordsOut)
    if (this.#sampledAtMs !== null && nowMs > this.#sampledAtMs && records >= this.#records) {
      this.#rate = ((records - this.#records) * 1_000) / (nowMs - this.#sampledAtMs)
    }
    this.#records = records
    this.#sampledAtMs = nowMs
    this.#showProgress()
  }

  #showProgress(): void {
    const job = this.#job
    if (job === null || TERMINAL_STATES.includes(job.state)) return
    const { terminal } = this.#options
    const bar = this.#pace.bar()
    const parts = [
      `${terminal.err.paint('bold', printable(job.name))} ${terminal.err.state(job.state)}`,
      ...(bar === null ? [] : [bar]),
      `${formatCount(this.#records)} records`,
      formatRate(this.#rate),
    ]
    const leftMs = this.#pace.leftMs(this.#options.scheduler.nowMs())
    if (leftMs !== null) parts.push(`${formatDuration(leftMs)} left`)
    if (this.#checkpoint !== '') parts.push(this.#checkpoint)
    if (job.restarts > 0) parts.push(counted(job.restarts, 'restart'))
    terminal.progress(parts.join(' · '))
  }
}

/** A job that was waited for did not finish: whatever its error is, the command has failed, no more and no less. */
export class JobEndedBadly extends Error {
  override readonly name = 'JobEndedBadly'
  readonly error: WeirError

  constructor(error: WeirError) {
    super(error.message)
    this.error = error
  }
}

/** Throws JobEndedBadly unless the job has finished. */
export function assertFinished(job: JobSummary): void {
  if (job.state === 'FINISHED') return
  if (job.failure !== null && job.state === 'FAILED') {
    throw new JobEndedBadly(fromFailure(job.failure))
  }
  const code = `job/${job.state.toLowerCase()}`
  throw new JobEndedBadly(
    new WeirError(code, `job ${job.jobId} is ${job.state}`, { domain: 'user' }),
  )
}
