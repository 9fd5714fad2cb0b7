// What a worker has to tell the JobManager and may not lose while the connection is down: task states, checkpoint
// answers, lost slots. One lane per job, in order, one call under way, bounded; a call that could not be delivered is
// repeated until it is, or until the lane is dropped because its fence is history. An acknowledgement that can never be
// delivered (over the message limit) becomes a decline at once, so that no checkpoint waits for its time-out. News of a task
// that can never be delivered ends its slots: else the JobManager would take the task for what it was, for ever.
//
// What a job prints goes beside it: in batches, and dropped first, counted, when nobody can follow. The end of a task is
// told behind what was printed before it: whoever follows the job stops listening then.

import type {
  CheckpointAck,
  CheckpointDecline,
  CoordinatorGateway,
  OutputLine,
  TaskUpdate,
} from '@weirjs/common/core/gateways'
import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
import { type Failure, isAbsence, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { Fence, JobId, WorkerId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import { batchLength } from './core/output-batch.ts'
import { isTerminal } from './core/task-states.ts'

export const OUTGOING_MESSAGES_MAX = 20_000
export const OUTPUT_LINES_WAITING_MAX = 10_000
export const OUTPUT_CHARS_WAITING_MAX: number = 16 * 1_024 * 1_024
export const OUTPUT_LINES_PER_CALL_MAX = 500
/** A heartbeat on the same connection waits behind no more. */
export const OUTPUT_CHARS_PER_CALL_MAX: number = 1_024 * 1_024
export const OUTPUT_FLUSH_MS = 50
const OUTPUT_CALL = { linesMax: OUTPUT_LINES_PER_CALL_MAX, charsMax: OUTPUT_CHARS_PER_CALL_MAX }
const RETRY_FIRST_MS = 50
const RETRY_MAX_MS = 1_000

export type OutgoingMessage =
  | { readonly type: 'task-update'; readonly update: TaskUpdate }
  | { readonly type: 'acknowledge'; readonly ack: CheckpointAck }
  | { readonly type: 'decline'; readonly decline: CheckpointDecline }
  | {
      readonly type: 'slots-lost'
      readonly fence: Fence
      readonly slots: readonly number[]
      readonly failure: Failure
    }

export interface OutgoingOptions {
  readonly gateway: CoordinatorGateway
  readonly workerId: WorkerId
  readonly scheduler: Scheduler
  readonly log: Log
  /** A lane is full: its job cannot be served any more. */
  readonly onOverflow: (jobId: JobId) => void
  /** What became of a task cannot be told, for this reason. */
  readonly onUntold: (fence: Fence, reason: string) => void
}

interface Waiting {
  readonly message: OutgoingMessage
  /** It goes when so many lines of output, of those ever taken, are sent or lost. */
  readonly behindLine: number
}

interface Lane {
  readonly jobId: JobId
  messages: Waiting[]
  sending: boolean
  retryMs: number
  retryTimer: CancelTimer | null
}

export class Outgoing {
  readonly #options: OutgoingOptions
  readonly #lanes = new Map<JobId, Lane>()
  #output: OutputLine[] = []
  #outputChars = 0
  /** Lines ever taken, and how many of them are sent or lost. */
  #linesTaken = 0
  #linesGone = 0
  #outputDropped = 0
  #outputTimer: CancelTimer | null = null
  #outputSending = false
  #closed = false

  constructor(options: OutgoingOptions) {
    this.#options = options
  }

  /** Messages that were refused by the JobManager for good. */
  refused = 0
  /** Output lines that were dropped. */
  linesDropped = 0

  push(message: OutgoingMessage): void {
    if (this.#closed) return
    const jobId = fenceOf(message).jobId
    const lane = this.#lane(jobId)
    if (lane.messages.length >= OUTGOING_MESSAGES_MAX) {
      this.#options.onOverflow(jobId)
      return
    }
    lane.messages.push({ message, behindLine: isEnd(message) ? this.#linesTaken : 0 })
    this.#pump(lane)
  }

  pushOutput(line: OutputLine): void {
    if (this.#closed) return
    const chars = this.#outputChars + line.text.length
    if (this.#output.length >= OUTPUT_LINES_WAITING_MAX || chars > OUTPUT_CHARS_WAITING_MAX) {
      this.#outputDropped++
      this.linesDropped++
      return
    }
    this.#outputChars = chars
    this.#output.push(line)
    this.#linesTaken++
    if (this.#output.length >= OUTPUT_LINES_PER_CALL_MAX) this.#flushOutput()
    else
      this.#outputTimer ??= this.#options.scheduler.timer(OUTPUT_FLUSH_MS, () =>
        this.#flushOutput(),
      )
  }

  /** Forgets what waits for jobs that `stale` names. */
  drop(stale: (fence: Fence) => boolean): void {
    for (const [jobId, lane] of this.#lanes) {
      lane.messages = lane.messages.filter(({ message }) => !stale(fenceOf(message)))
      if (lane.messages.length > 0) continue
      lane.retryTimer?.()
      if (!lane.sending) this.#lanes.delete(jobId)
    }
    const before = this.#output.length
    this.#output = this.#output.filter((line) => !stale(line.fence))
    this.#outputChars = charsOf(this.#output)
    this.#goneFromHere(before - this.#output.length)
  }

  /** True when nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.#lanes.size === 0 && this.#output.length === 0 && !this.#outputSending
  }

  close(): void {
    this.#closed = true
    for (const lane of this.#lanes.values()) lane.retryTimer?.()
    this.#lanes.clear()
    this.#outputTimer?.()
    this.#output = []
  }

  #lane(jobId: JobId): Lane {
    const known = this.#lanes.get(jobId)
    if (known !== undefined) return known
    const lane: Lane = {
      jobId,
      messages: [],
      sending: false,
      retryMs: RETRY_FIRST_MS,
      retryTimer: null,
    }
    this.#lanes.set(jobId, lane)
    return lane
  }

  #pump(lane: Lane): void {
    const waiting = lane.messages[0]
    if (lane.sending || lane.retryTimer !== null || this.#closed) return
    if (waiting === undefined) {
      this.#lanes.delete(lane.jobId)
      return
    }
    // Goes on when the output has gone, one way or the other.
    if (waiting.behindLine > this.#linesGone) return this.#flushOutput()
    lane.sending = true
    // Cannot reject: both outcomes are handled.
    void this.#send(waiting.message).then(
      () => this.#sent(lane, waiting, null),
      (error: unknown) => this.#sent(lane, waiting, error),
    )
  }

  #sent(lane: Lane, waiting: Waiting, error: unknown): void {
    lane.sending = false
    if (this.#closed) return
    if (error !== null && isTransient(error)) {
      lane.retryTimer = this.#options.scheduler.timer(lane.retryMs, () => {
        lane.retryTimer = null
        this.#pump(lane)
      })
      lane.retryMs = Math.min(lane.retryMs * 2, RETRY_MAX_MS)
      return
    }
    lane.retryMs = RETRY_FIRST_MS
    // `drop` may have taken it meanwhile.
    if (lane.messages[0] === waiting) lane.messages.shift()
    if (error !== null) this.#undeliverable(lane, waiting.message, error)
    this.#pump(lane)
  }

  #undeliverable(lane: Lane, message: OutgoingMessage, error: unknown): void {
    this.refused++
    const failure = toFailure(error, { code: 'rpc/failed', domain: 'internal', retry: 'backoff' })
    this.#options.log.warn(
      { message: message.type, code: failure.code, reason: failure.message },
      'message refused',
    )
    if (failure.code.startsWith('fence/')) return
    if (message.type === 'task-update') {
      this.#options.onUntold(message.update.fence, `${failure.code}: ${failure.message}`)
    }
    if (message.type !== 'acknowledge') return
    const { fence, task, checkpointId } = message.ack
    const decline = { fence, task, checkpointId, failure }
    lane.messages.unshift({ message: { type: 'decline', decline }, behindLine: 0 })
  }

  #send(message: OutgoingMessage): Promise<void> {
    const { gateway, workerId } = this.#options
    switch (message.type) {
      case 'task-update':
        return gateway.taskUpdate(message.update)
      case 'acknowledge':
        return gateway.acknowledge(message.ack)
      case 'decline':
        return gateway.decline(message.decline)
      case 'slots-lost':
        return gateway.slotsLost(workerId, message.fence, message.slots, message.failure)
    }
  }

  #flushOutput(): void {
    this.#outputTimer?.()
    this.#outputTimer = null
    if (this.#outputSending || this.#output.length === 0 || this.#closed) return
    const lines = this.#output.splice(0, batchLength(this.#output, OUTPUT_CALL))
    this.#outputChars -= charsOf(lines)
    const count = lines.length
    if (this.#outputDropped > 0) {
      const last = lines[lines.length - 1] as OutputLine
      lines.push({
        ...last,
        task: null,
        stream: 'stderr',
        text: `… ${this.#outputDropped} lines dropped`,
      })
      this.#outputDropped = 0
    }
    this.#outputSending = true
    // Cannot reject: both outcomes are handled. What was not delivered is lost, and counted.
    void this.#options.gateway.output(lines).then(
      () => this.#outputSent(count, 0),
      () => this.#outputSent(count, lines.length),
    )
  }

  #outputSent(count: number, lost: number): void {
    this.linesDropped += lost
    this.#outputSending = false
    if (this.#output.length > 0) this.#flushOutput()
    this.#goneFromHere(count)
  }

  #goneFromHere(lines: number): void {
    if (lines === 0) return
    this.#linesGone += lines
    for (const lane of this.#lanes.values()) this.#pump(lane)
  }
}

/** Nothing that a task or its slots print comes after it. */
function isEnd(message: OutgoingMessage): boolean {
  return (
    message.type === 'slots-lost' ||
    (message.type === 'task-update' && isTerminal(message.update.change.state))
  )
}

const charsOf = (lines: readonly OutputLine[]): number =>
  lines.reduce((sum, { text }) => sum + text.length, 0)

export function fenceOf(message: OutgoingMessage): Fence {
  switch (message.type) {
    case 'task-update':
      return message.update.fence
    case 'acknowledge':
      return message.ack.fence
    case 'decline':
      return message.decline.fence
    case 'slots-lost':
      return message.fence
  }
}

/** True when the call may have failed only because the way was blocked: repeating it is right. */
export function isTransient(error: unknown): boolean {
  return isAbsence(error) || isHungUp(error)
}

/** The JobManager has ended in just that moment, or does not like our certificate. */
export function isHungUp(error: unknown): boolean {
  return error instanceof WeirError && error.code === 'tls/not-accepted'
}
