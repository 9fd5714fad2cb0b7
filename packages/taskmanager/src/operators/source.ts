// A source is two operators (decision D23). The enumerator emits splits as records, each for a
// named reader; they travel in the channel like all records, in order with the barriers. A reader
// holds splits as state and makes records of them. A reader without splits hints to the enumerator;
// since a hint may be lost it is repeated.

import type { Assignment, SourceReader, Source, SplitEnumerator } from '@weirjs/api/connector'
import type { NodeRuntime } from '@weirjs/api/functions'
import { assert, present } from '@weirjs/common/core/assert'
import type { CancelTimer } from '@weirjs/common/core/clock'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { Operator } from './operator.ts'
import type { OperatorContext, PollResult, SnapshotSink } from './operator.ts'
import { ReaderOutput } from './source-output.ts'
import { promiseOfReader } from './user-mistakes.ts'

/** Records of one poll; between two polls the task looks at its mail, its timers and its clock. */
export const RECORDS_PER_POLL = 256
/** An idle reader asks for splits this often. */
export const HINT_INTERVAL_MS = 150

export class SourceEnumeratorOperator extends Operator {
  readonly #source: Source
  readonly #context: OperatorContext
  #enumerator: SplitEnumerator<unknown, unknown> | null = null
  /** Restored, until it is opened. */
  #states: readonly unknown[] = []
  #ended = false

  constructor(
    runtime: Extract<NodeRuntime, { readonly kind: 'source-enumerator' }>,
    context: OperatorContext,
  ) {
    super()
    this.#source = runtime.source
    this.#context = context
  }

  override restore(): void {
    this.#states = this.#context.restored.list('enumerator', this.#source.enumeratorStateCodec)
    assert(this.#states.length <= 1, 'an enumerator has one state')
  }

  override async open(): Promise<void> {
    const { scheduler, consumers, fence } = this.#context
    // A job that resumes a checkpoint of another one counts its attempts anew.
    const restarted = fence.epoch > 1 || fence.attempt > 1 || this.#states.length > 0
    const states = this.#states
    this.#states = []
    const enumerator = this.#source.createEnumerator(
      { parallelism: consumers, restarted, scheduler, wake: () => this.#context.wake() },
      states.length === 1 ? states[0] : null,
    )
    this.#enumerator = enumerator
    await enumerator.start()
  }

  override readonly poll = (): PollResult => {
    if (this.#ended) return 'end'
    if (!this.#context.outputReady()) return 'more'
    const assignments = present(this.#enumerator, 'an open enumerator').poll()
    if (assignments === 'end') this.#ended = true
    if (typeof assignments === 'string') return assignments
    for (const assignment of assignments) this.#assign(assignment)
    return assignments.length > 0 ? 'more' : 'wait'
  }

  override get workLeft(): number | null {
    const { work, bounded } = this.#source
    if (work === undefined || !bounded || this.#enumerator === null) return null
    return known(work.ofEnumerator(this.#enumerator.snapshot()))
  }

  override process(): void {
    throw new Error('an enumerator has no input')
  }

  override onDownstreamHint(subtask: number): void {
    if (this.#ended) return
    this.#enumerator?.readerIdle(subtask)
    this.#context.wake()
  }

  override snapshot(sink: SnapshotSink): void {
    const state = present(this.#enumerator, 'an open enumerator').snapshot()
    sink.list('enumerator', 'list', this.#source.enumeratorStateCodec, [state])
  }

  override async close(): Promise<void> {
    await this.#enumerator?.close()
  }

  #assign(assignment: Assignment<unknown>): void {
    const { subtask } = assignment
    assert(
      subtask >= 0 && subtask < this.#context.consumers,
      `split for reader ${subtask}, which does not exist`,
    )
    this.#context.output.emit(assignment, NO_TIMESTAMP)
  }
}

export class SourceReaderOperator extends Operator {
  readonly #source: Source
  readonly #context: OperatorContext
  readonly #output: ReaderOutput
  readonly #wakeAfterMs: number | null
  #reader: SourceReader<unknown, unknown> | null = null
  /** Restored, until it is opened. */
  #splits: readonly unknown[] = []
  #inputEnded = false
  #cancelHint: CancelTimer | null = null
  #cancelWake: CancelTimer | null = null

  constructor(
    runtime: Extract<NodeRuntime, { readonly kind: 'source-reader' }>,
    context: OperatorContext,
  ) {
    super()
    this.#source = runtime.source
    this.#context = context
    this.#output = new ReaderOutput(runtime.watermarks, context)
    this.#wakeAfterMs = runtime.watermarks?.idleAfterMs ?? null
  }

  override restore(): void {
    this.#splits = this.#context.restored.list('splits', this.#source.splitCodec)
  }

  override open(): void {
    const { task, parallelism, scheduler } = this.#context
    const reader = this.#source.createReader({
      subtask: task.subtask,
      parallelism,
      scheduler,
      wake: () => this.#context.wake(),
    })
    this.#reader = reader
    if (this.#splits.length > 0) reader.addSplits(this.#splits)
    this.#splits = []
  }

  override get workLeft(): number | null {
    const { work, bounded } = this.#source
    if (work === undefined || !bounded || this.#reader === null) return null
    return known(sumOf(this.#reader.snapshot().map((split) => work.ofSplit(split))))
  }

  override process(split: unknown): void {
    this.#open().addSplits([split])
    this.#stopHints()
    this.#context.wake()
  }

  override onInputEnd(): void {
    this.#inputEnded = true
    this.#stopHints()
    this.#context.wake()
  }

  override readonly poll = (): PollResult => {
    if (!this.#context.outputReady()) return 'more'
    const reader = this.#open()
    this.#output.beginPoll()
    const polled: unknown = reader.poll(this.#output, RECORDS_PER_POLL)
    if (polled instanceof Promise) throw promiseOfReader(polled)
    const more = polled === 'more'
    this.#output.endPoll(!more)
    if (more) return 'more'
    if (!reader.idle) {
      this.#wakeForIdleness()
      return 'wait'
    }
    if (this.#inputEnded) return 'end'
    if (this.#cancelHint === null) this.#hint()
    this.#wakeForIdleness()
    return 'wait'
  }

  override snapshot(sink: SnapshotSink): void {
    sink.list('splits', 'list', this.#source.splitCodec, this.#open().snapshot())
  }

  override async close(): Promise<void> {
    this.#stopHints()
    this.#cancelWake?.()
    await this.#reader?.close()
  }

  #open(): SourceReader<unknown, unknown> {
    return present(this.#reader, 'an open reader')
  }

  /** Asks for splits, and again until one comes. */
  #hint(): void {
    this.#context.hintUpstream()
    this.#cancelHint = this.#context.scheduler.timer(HINT_INTERVAL_MS, () => this.#hint())
  }

  #stopHints(): void {
    this.#cancelHint?.()
    this.#cancelHint = null
  }

  /** A silent split becomes idle by time alone: somebody must look. */
  #wakeForIdleness(): void {
    if (this.#wakeAfterMs === null) return
    this.#cancelWake?.()
    this.#cancelWake = this.#context.scheduler.timer(this.#wakeAfterMs, () => this.#context.wake())
  }
}

/** Null when one of them is unknown. */
function sumOf(parts: readonly (number | null)[]): number | null {
  let sum = 0
  for (const part of parts) {
    if (part === null) return null
    sum += part
  }
  return sum
}

/** Null for what no amount of work can be: a connector's arithmetic is its own. */
const known = (work: number | null): number | null =>
  work !== null && work >= 0 && work <= Number.MAX_SAFE_INTEGER ? work : null
