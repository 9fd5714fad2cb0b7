// Steps with functions of their own: process, keyed process, two inputs, data beside a broadcast
// map. One class for the first three, since they differ only in what their context has; the
// broadcast step adds its map.

import type {
  ListRuntime,
  NodeRuntime,
  ProcessFunctions,
  StateRuntime,
} from '@weirjs/api/functions'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import type { KeyedStateBackend, TimerService } from '../state/state-backend.ts'
import { BroadcastMap } from './broadcast-map.ts'
import { KeysOnce } from './keys-once.ts'
import { Operator } from './operator.ts'
import type { Burst, OperatorContext, SnapshotSink } from './operator.ts'
import { OperatorList } from './operator-list.ts'
import { EngineProcessContext } from './process-context.ts'
import { promiseReturned } from './user-mistakes.ts'

/** Timers fired, or keys finished, in one go; then the task looks at its outputs, its mail and its clock. */
const CALLS_PER_BURST = 64

export interface ProcessParts {
  readonly functions: ProcessFunctions
  readonly states: readonly StateRuntime[]
  readonly lists: readonly ListRuntime[]
}

export class ProcessOperator extends Operator {
  protected readonly context: OperatorContext
  protected readonly functions: ProcessFunctions
  protected readonly user: EngineProcessContext
  protected readonly keyed: KeyedStateBackend | null
  readonly #states: readonly StateRuntime[]
  readonly #lists: readonly OperatorList[]
  readonly #each: (value: unknown, ctx: unknown) => unknown
  readonly #second: ((value: unknown, ctx: unknown) => unknown) | undefined
  /** From the first call of `finish` on: where it stands. */
  #finishing: KeysOnce | null = null

  constructor({ functions, states, lists }: ProcessParts, context: OperatorContext) {
    super()
    this.context = context
    this.functions = functions
    this.keyed = context.keyed
    this.#states = states
    this.#each = functions.each
    this.#second = functions.second
    const made = lists.map((runtime) => [runtime.name, new OperatorList(runtime)] as const)
    this.#lists = made.map(([, list]) => list)
    this.user = new EngineProcessContext(context, {
      states,
      lists: Object.fromEntries(made),
      hasTimerFunction: functions.timer !== undefined,
    })
  }

  override restore(): void {
    for (const list of this.#lists) list.restore(this.context.restored)
  }

  override open(): Promise<void> | void {
    return this.functions.open?.(this.user)
  }

  process(value: unknown, timestamp: number): void {
    this.user.timestamp = timestamp
    const each = this.#each
    const returned = each(value, this.user)
    if (returned instanceof Promise) throw promiseReturned('each', returned)
  }

  override processSecond(value: unknown, timestamp: number): void {
    const second = this.#second
    if (second === undefined) {
      super.processSecond(value, timestamp)
      return
    }
    this.user.timestamp = timestamp
    const returned = second(value, this.user)
    if (returned instanceof Promise) throw promiseReturned('the second input', returned)
  }

  override onWatermark(watermark: number): Burst {
    this.user.watermark = watermark
    const timers = this.keyed?.eventTimers
    if (timers === undefined) return 'done'
    return this.#fireSome(timers, watermark) ? 'more' : 'done'
  }

  override nextProcessingTimer(): number | null {
    return this.keyed?.processingTimers.peek() ?? null
  }

  override onProcessingTime(wallMs: number): void {
    const timers = this.keyed?.processingTimers
    if (timers === undefined) return
    this.user.timeDomain = 'processing'
    try {
      this.#fireSome(timers, wallMs)
    } finally {
      this.user.timeDomain = 'event'
    }
  }

  override finish(): Burst {
    if (this.#finishKeys() === 'more') return 'more'
    this.#callOutsideOfRecords(this.functions.finish)
    return 'done'
  }

  override snapshot(sink: SnapshotSink): void {
    for (const list of this.#lists) list.snapshot(sink)
  }

  override onCheckpointComplete(checkpointId: number): void {
    this.#notice(this.functions.onCheckpointComplete, checkpointId)
  }

  override onCheckpointAborted(checkpointId: number): void {
    this.#notice(this.functions.onCheckpointAborted, checkpointId)
  }

  override close(): Promise<void> | void {
    return this.functions.close?.()
  }

  /** Nobody waits for what a notice makes the job's code do, but its failure is the step's, not the process's. */
  #notice(fn: ((checkpointId: number) => unknown) | undefined, checkpointId: number): void {
    const returned = fn?.(checkpointId)
    if (returned instanceof Promise) returned.catch((error: unknown) => this.context.fail(error))
  }

  /** Fires some of the timers that are due; false when none is left. */
  #fireSome(timers: TimerService, untilMs: number): boolean {
    for (let i = 0; i < CALLS_PER_BURST; i++) {
      const timer = timers.popDue(untilMs)
      if (timer === null) return false
      this.#fire(timer.time)
    }
    return true
  }

  #fire(time: number): void {
    this.user.timestamp = time
    const { timer } = this.functions
    const returned: unknown = timer?.(time, this.user)
    if (returned instanceof Promise) throw promiseReturned('timer', returned)
  }

  #finishKeys(): Burst {
    const { finishKey } = this.functions
    const keyed = this.keyed
    if (finishKey === undefined || keyed === null) return 'done'
    const keys = (this.#finishing ??= new KeysOnce(keyed, this.#states))
    this.user.timestamp = NO_TIMESTAMP
    for (let i = 0; i < CALLS_PER_BURST; i++) {
      if (!keys.next()) return 'done'
      const returned: unknown = finishKey(this.user)
      if (returned instanceof Promise) throw promiseReturned('finishKey', returned)
    }
    return 'more'
  }

  #callOutsideOfRecords(fn: ((ctx: unknown) => unknown) | undefined): void {
    if (fn === undefined) return
    this.keyed?.clearKey()
    this.user.timestamp = NO_TIMESTAMP
    const returned = fn(this.user)
    if (returned instanceof Promise) throw promiseReturned('finish', returned)
  }
}

/**
 * Input 0 is data, which reads the map; input 1 is control, which changes it, the same way in every
 * subtask.
 */
export class BroadcastProcessOperator extends ProcessOperator {
  readonly #map: BroadcastMap

  constructor(
    runtime: Extract<NodeRuntime, { readonly kind: 'broadcast-process' }>,
    context: OperatorContext,
  ) {
    super({ functions: runtime.functions, states: runtime.state, lists: [] }, context)
    this.#map = new BroadcastMap(runtime.broadcast)
    this.user.broadcast = this.#map.view
  }

  override restore(): void {
    super.restore()
    this.#map.restore(this.context.restored)
  }

  override processSecond(value: unknown, timestamp: number): void {
    // A control record has no key: whatever key was there before must not be changed by it.
    this.keyed?.clearKey()
    this.user.broadcast = this.#map
    try {
      super.processSecond(value, timestamp)
    } finally {
      this.user.broadcast = this.#map.view
    }
  }

  override snapshot(sink: SnapshotSink): void {
    super.snapshot(sink)
    this.#map.snapshot(sink)
  }
}
