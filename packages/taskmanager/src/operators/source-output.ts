// Where a source reader puts its records: stamps them with event time, follows the watermark, and
// passes them on.

import { DEAD_LETTERS } from '@weirjs/api/connector'
import type { SourceOutput } from '@weirjs/api/connector'
import type { WatermarkRuntime } from '@weirjs/api/functions'
import { MIN_WATERMARK } from '@weirjs/common/core/time-constants'
import type { OperatorContext, Output } from './operator.ts'
import { badTimestamp, excerptOf, wholeMs } from './user-mistakes.ts'
import { WatermarkTracker } from './watermark-tracker.ts'

/** Between two watermarks of one reader, while records flow. */
export const WATERMARK_INTERVAL_MS = 200
/**
 * Time between two polls that counts when the reader had more: longer means that it was not asked.
 */
const GAP_MS_MAX = 10

const TIME_FUNCTION = 'the function given to the watermarks'
const READER = 'the reader of the source'

export class ReaderOutput implements SourceOutput<unknown> {
  readonly #context: OperatorContext
  readonly #output: Output
  readonly #timestampOf: ((value: unknown) => number) | null
  readonly #tracker: WatermarkTracker
  /** Time in which the reader could have read. */
  #activeMs = 0
  #lastPollEndMs: number
  #waited = false
  #lastEmitMs = Number.NEGATIVE_INFINITY
  #emitted = MIN_WATERMARK
  #idle = false
  #records = 0

  constructor(watermarks: WatermarkRuntime | null, context: OperatorContext) {
    this.#context = context
    this.#output = context.output
    this.#timestampOf = watermarks?.timestamp ?? null
    this.#tracker = new WatermarkTracker({
      outOfOrderMs: watermarks?.outOfOrderMs ?? 0,
      idleAfterMs: watermarks?.idleAfterMs ?? null,
    })
    this.#lastPollEndMs = context.scheduler.nowMs()
  }

  get wanted(): boolean {
    return this.#context.outputReady()
  }

  /** Records emitted since the start. */
  get records(): number {
    return this.#records
  }

  emit(value: unknown, timestamp: number): void {
    this.#records += 1
    const timestampOf = this.#timestampOf
    if (timestampOf === null) {
      const own = Number.isSafeInteger(timestamp) ? timestamp : wholeMs(timestamp, READER, value)
      this.#output.emit(value, own)
      return
    }
    if (this.#idle) this.#setIdle(false)
    const said = timestampOf(value)
    const stamped = Number.isSafeInteger(said) ? said : wholeMs(said, TIME_FUNCTION, value)
    this.#tracker.record(stamped, this.#activeMs)
    this.#output.emit(value, stamped)
  }

  beginSplit(splitId: string): void {
    if (this.#timestampOf !== null) this.#tracker.beginSplit(splitId, this.#activeMs)
  }

  endSplit(splitId: string): void {
    this.#tracker.endSplit(splitId)
  }

  /** Counts only when the job gives no watermark strategy of its own. */
  watermark(splitId: string, timestamp: number): void {
    if (this.#timestampOf !== null) return
    const floor = Math.floor(timestamp)
    if (!Number.isSafeInteger(floor)) {
      throw badTimestamp(timestamp, READER, `the watermark of split ${excerptOf(splitId)}`)
    }
    this.#tracker.watermark(splitId, floor, this.#activeMs)
  }

  deadLetter(line: Parameters<SourceOutput<unknown>['deadLetter']>[0]): void {
    this.#context.side(DEAD_LETTERS).emit(line, this.#context.scheduler.wallMs())
  }

  /** Before a poll of the reader. */
  beginPoll(): void {
    const gapMs = this.#context.scheduler.nowMs() - this.#lastPollEndMs
    this.#activeMs += this.#waited ? gapMs : Math.min(gapMs, GAP_MS_MAX)
  }

  /** After a poll: `waits` when the reader has nothing more just now. Sends what is due. */
  endPoll(waits: boolean): void {
    const nowMs = this.#context.scheduler.nowMs()
    this.#lastPollEndMs = nowMs
    this.#waited = waits
    if (!waits && nowMs - this.#lastEmitMs < WATERMARK_INTERVAL_MS) return
    this.#lastEmitMs = nowMs
    const watermark = this.#tracker.settle(this.#activeMs)
    if (watermark === 'none') return
    if (watermark === 'idle') {
      this.#setIdle(true)
      return
    }
    this.#setIdle(false)
    if (watermark <= this.#emitted) return
    this.#emitted = watermark
    this.#context.emitWatermark(watermark)
  }

  #setIdle(idle: boolean): void {
    if (this.#idle === idle) return
    this.#idle = idle
    this.#context.emitIdle(idle)
  }
}
