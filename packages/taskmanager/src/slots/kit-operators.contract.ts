// Small operators for tests of the task loop.

import type { StateRuntime } from '@weirjs/api/functions'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { intCodec } from '@weirjs/common/codec/primitives'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { Operator } from '../operators/operator.ts'
import type { Burst, OperatorContext, PollResult, SnapshotSink } from '../operators/operator.ts'

/** Emits `value(i)` for i from 0 to `count` - 1, and remembers how far it came. */
export class CountingSource extends Operator {
  emitted = 0
  /** Stops, without ending, when so many are out. */
  pauseAt = Number.POSITIVE_INFINITY
  /** Called when it has nothing to emit for now. */
  onPause: () => void = () => {}
  readonly #context: OperatorContext
  readonly #count: number
  readonly #value: (i: number, subtask: number) => unknown
  readonly #perPoll: number

  constructor(
    context: OperatorContext,
    count: number,
    value: (i: number, subtask: number) => unknown = (i) => i,
    perPoll = 16,
  ) {
    super()
    this.#context = context
    this.#count = count
    this.#value = value
    this.#perPoll = perPoll
  }

  override restore(): void {
    this.emitted = this.#context.restored.list('position', intCodec)[0] ?? 0
  }

  process(): void {
    throw new Error('a source has no input')
  }

  override readonly poll = (): PollResult => {
    for (let i = 0; i < this.#perPoll; i++) {
      if (this.emitted >= this.#count) return 'end'
      if (this.emitted >= this.pauseAt) {
        this.onPause()
        return 'wait'
      }
      if (!this.#context.outputReady()) return 'more'
      this.#context.output.emit(this.#value(this.emitted, this.#context.task.subtask), this.emitted)
      this.emitted += 1
    }
    return 'more'
  }

  resume(until = Number.POSITIVE_INFINITY): void {
    this.pauseAt = until
    this.#context.wake()
  }

  override snapshot(sink: SnapshotSink): void {
    sink.list('position', 'list', intCodec, [this.emitted])
  }
}

export class MapWith extends Operator {
  readonly #context: OperatorContext
  readonly #map: (value: never, context: OperatorContext) => unknown

  constructor(context: OperatorContext, map: (value: never, context: OperatorContext) => unknown) {
    super()
    this.#context = context
    this.#map = map
  }

  process(value: unknown, timestamp: number): void {
    this.#context.output.emit(this.#map(value as never, this.#context), timestamp)
  }
}

export const COUNT: StateRuntime = {
  name: 'count',
  kind: 'value',
  codec: intCodec,
  checkpointed: true,
}

/** Counts per key; emits `[key, count]`. */
export class KeyedCount extends Operator {
  readonly #context: OperatorContext

  constructor(context: OperatorContext) {
    super()
    this.#context = context
  }

  process(): void {
    const { keyed } = this.#context
    if (keyed === null) throw new Error('not keyed')
    const state = keyed.value<number>(COUNT)
    const count = (state.get() ?? 0) + 1
    state.set(count)
    this.#context.output.emit([keyed.currentKey, count], NO_TIMESTAMP)
  }
}

/** What one sink subtask went through, readable by the test. */
export interface SinkLog {
  readonly subtask: number
  readonly received: unknown[]
  readonly watermarks: number[]
  readonly events: string[]
  ready: boolean
  wake: () => void
}

/** Keeps what it gets; its snapshot is the number of records, its commits are events in the log. */
export class LoggingSink extends Operator {
  readonly #log: SinkLog

  constructor(context: OperatorContext, logs: SinkLog[], ready = true) {
    super()
    this.#log = {
      subtask: context.task.subtask,
      received: [],
      watermarks: [],
      events: [],
      ready,
      wake: () => context.wake(),
    }
    logs.push(this.#log)
    for (const element of context.restored.list('received', dynamicCodec))
      this.#log.received.push(element)
  }

  process(value: unknown): void {
    this.#log.received.push(value)
  }

  override processSecond(value: unknown): void {
    this.#log.received.push(['second', value])
  }

  override get ready(): boolean {
    return this.#log.ready
  }

  override onWatermark(watermark: number): Burst {
    this.#log.watermarks.push(watermark)
    return 'done'
  }

  override finish(): Burst {
    this.#log.events.push('finish')
    return 'done'
  }

  override snapshot(sink: SnapshotSink): void {
    this.#log.events.push(
      `snapshot ${sink.checkpointId}${sink.final ? ' final' : ''} at ${this.#log.received.length}`,
    )
    sink.list('received', 'list', dynamicCodec, Promise.resolve([...this.#log.received]))
  }

  override onCheckpointComplete(checkpointId: number): Promise<void> | void {
    this.#log.events.push(`commit ${checkpointId}`)
  }

  override onCheckpointAborted(checkpointId: number): void {
    this.#log.events.push(`abort ${checkpointId}`)
  }

  override close(): Promise<void> | void {
    this.#log.events.push('close')
  }
}
