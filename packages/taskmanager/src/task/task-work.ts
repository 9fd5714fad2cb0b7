// How records flow through one task: what the loop calls in each turn, and what the gate and the operators call back.
// A batch is a handful of records; between batches come the clock, timers and slices of snapshots. Input is read only
// while every output has room and every operator is ready. A head that polls (sources) has its splits read always, so
// that a barrier behind them is never held up by the data it produces (D23).

import { assert, present } from '@weirjs/common/core/assert'
import { CODE_SUPERSEDED } from '@weirjs/common/core/checkpoint/decline-codes'
import type { TaskRestore } from '@weirjs/common/core/checkpoint/handles'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { Failure } from '@weirjs/common/core/errors'
import { WeirError, fromFailure } from '@weirjs/common/core/errors'
import { checkpointId } from '@weirjs/common/core/ids'
import type { Fence, TaskId } from '@weirjs/common/core/ids'
import { MIN_WATERMARK } from '@weirjs/common/core/time-constants'
import type { FrameBarrier } from '@weirjs/common/codec/frame'
import { InputGate } from '../exchange/input-gate.ts'
import type { AlignmentTiming, GateListener } from '../exchange/input-gate.ts'
import { OutputGauge } from '../exchange/output-channel.ts'
import { failureOf } from '../operators/blame.ts'
import type { SlotListener } from '../slots/slot.ts'
import { BatchSize } from './batch-size.ts'
import type { RestoreReader } from './factories.ts'
import { FlushTimer } from './flush-timer.ts'
import type { Mail } from './mailbox.ts'
import type { OperatorChain } from './operator-chain.ts'
import { ProcessingTimers, type TimersHost } from './processing-timers.ts'
import { SubtaskCheckpoints } from './subtask-checkpoint.ts'
import { closeChannels, openInputs } from './task-channels.ts'
import type { ChannelHost } from './task-channels.ts'
import type { ContextHost } from './task-context.ts'
import type { TaskEnvironment } from './task-environment.ts'
import { TURN_MS } from './task-loop.ts'
import { TaskOutputs } from './task-output.ts'
import { loadRestore, openOperators, setUp } from './task-setup.ts'
import type { TaskParts } from './task-setup.ts'
import { consumersOfVertex } from './task-wiring.ts'
import type { TaskPlan } from './task-wiring.ts'

/** Batches of one run: the bound when time stands still, as in a simulation. */
export const BATCHES_PER_RUN_MAX = 64
/** Longest slice of a snapshot, between batches. */
export const SNAPSHOT_SLICE_MS = 2

/** What the work tells its task. */
export interface WorkHost {
  wake(): void
  post(mail: Mail): void
  /** Everything is read and emitted. */
  onEndOfData(): void
}

const ALWAYS_AVAILABLE = { available: true } as const

export class TaskWork implements GateListener, ChannelHost, ContextHost, TimersHost {
  readonly fence: Fence
  readonly task: TaskId
  readonly jobName: string
  readonly parallelism: number
  readonly consumers: number
  readonly scheduler: Scheduler
  readonly listener: SlotListener
  readonly outputReady: () => boolean
  readonly #env: TaskEnvironment
  readonly #plan: TaskPlan
  readonly #restore: TaskRestore | null
  readonly #host: WorkHost
  readonly #outputs: TaskOutputs
  #reader: RestoreReader | null = null
  #parts: TaskParts | null = null
  #checkpoints: SubtaskCheckpoints | null = null
  #gate: InputGate | null = null
  #timers: ProcessingTimers | null = null
  #polls = false
  /** The head may have something for `poll`. */
  #pollDue = false
  #disconnected = false
  readonly #batchSize = new BatchSize()
  readonly #flushTimer: FlushTimer

  constructor(env: TaskEnvironment, plan: TaskPlan, restore: TaskRestore | null, host: WorkHost) {
    this.fence = env.fence
    this.task = plan.task
    this.jobName = env.jobName
    this.parallelism = plan.vertex.parallelism
    this.consumers = consumersOfVertex(plan)
    this.scheduler = env.scheduler
    this.listener = env.listener
    this.#env = env
    this.#plan = plan
    this.#restore = restore
    this.#host = host
    const gauge = new OutputGauge(() => host.wake())
    this.outputReady = () => gauge.available
    this.#outputs = new TaskOutputs(gauge, { records: 0, bytes: 0 })
    this.#flushTimer = new FlushTimer(this.#outputs, env.scheduler, plan.plan.bufferTimeoutMs)
  }

  // ---- figures ----

  /** Of a source: records it made. */
  get recordsIn(): number {
    return this.#polls ? (this.#parts?.chain.emittedByHead ?? 0) : (this.#gate?.records ?? 0)
  }

  get bytesIn(): number {
    return this.#gate?.bytes ?? 0
  }

  get recordsOut(): number {
    return this.#outputs.counters.records
  }

  get bytesOut(): number {
    return this.#outputs.counters.bytes
  }

  get workLeft(): number | null {
    return this.#parts?.chain.head.workLeft ?? null
  }
  get watermark(): number {
    return this.#parts?.chain.watermark ?? MIN_WATERMARK
  }

  get backPressured(): boolean {
    return !this.#outputs.gauge.available
  }

  // ---- beginning and end ----

  /** Reads and verifies state, makes everything, opens nothing. Stops early when told. */
  async restore(stopped: () => boolean): Promise<void> {
    this.#reader = await loadRestore(this.#env, this.#restore)
    const parts = await setUp({
      env: this.#env,
      plan: this.#plan,
      restore: this.#restore,
      reader: this.#reader,
      outputs: this.#outputs,
      host: this,
      stopped: () => stopped() || this.#disconnected,
    })
    if (parts === null) return
    this.#parts = parts
    if (this.#restore?.commitOnly !== true) this.#connect(parts)
    this.#reader?.close()
  }

  /** Opens what `restore` has made, and commits what was pending. Stops early when told. */
  async open(stopped: () => boolean): Promise<void> {
    if (this.#parts !== null) await openOperators(this.#parts, this.#restore, stopped)
  }

  #connect(parts: TaskParts): void {
    const { chain, keyed } = parts
    this.#polls = chain.head.poll !== undefined
    const gauge = this.#polls ? ALWAYS_AVAILABLE : this.#outputs.gauge
    const channels = openInputs(this.#env, this.#plan, { operator: chain.head, keyed, gauge }, this)
    assert(this.#polls || channels.length > 0, 'a task has inputs, or a head that polls')
    if (channels.length > 0) {
      const blocking = this.#plan.plan.mode === 'exactly-once'
      this.#gate = new InputGate({ channels, blocking, clock: this.scheduler, listener: this })
    }
    this.#timers = new ProcessingTimers(chain, this.scheduler, this)
    this.#checkpoints = new SubtaskCheckpoints({
      fence: this.fence,
      task: this.task,
      scheduler: this.scheduler,
      snapshots: this.#env.snapshots,
      listener: this.listener,
      chain,
      keyed,
      outputs: this.#outputs,
      wake: () => this.#host.wake(),
    })
  }

  /** The task runs from now on. */
  start(): void {
    this.#pollDue = true
    this.#chain.announceWatermark()
    if (this.#polls && this.#gate === null && this.#chain.ended(0)) this.#endOfInput()
    this.#host.wake()
  }

  /** Lets go of everything that others can see: channels, timers, snapshots. */
  disconnect(): void {
    if (this.#disconnected) return
    this.#disconnected = true
    this.#flushTimer.close()
    this.#timers?.close()
    this.#checkpoints?.close()
    this.#gate?.close()
    this.#outputs.close()
    closeChannels(this.#env, this.#plan)
  }

  /** Closes the operators and the state; answers what went wrong. */
  async close(): Promise<readonly unknown[]> {
    this.disconnect()
    const errors = [...((await this.#parts?.chain.close()) ?? [])]
    try {
      this.#parts?.keyed?.close()
      this.#reader?.close()
    } catch (error) {
      errors.push(error)
    }
    return errors
  }

  // ---- the loop ----

  /** Works until about `deadlineMs`; true when something is left. `running`: false behind the end of data. */
  run(deadlineMs: number, running: boolean): boolean {
    let more = running && this.#timers?.fire() === true
    if (this.#checkpoints?.advance(SNAPSHOT_SLICE_MS) === true) more = true
    let lastMs = this.scheduler.nowMs()
    // Records get their time behind a slice, too: a long snapshot slows the task down, it does not stop it.
    const untilMs = more ? Math.max(deadlineMs, lastMs + TURN_MS) : deadlineMs
    for (let batches = 0; ; batches++) {
      if (batches === BATCHES_PER_RUN_MAX || (lastMs >= untilMs && batches > 0)) {
        more = true
        break
      }
      if (!this.#batch(running)) break
      const nowMs = this.scheduler.nowMs()
      this.#batchSize.adapt(nowMs - lastMs)
      lastMs = nowMs
    }
    this.#flushTimer.afterRun()
    if (running && this.#timers?.arm() === true) more = true
    return more
  }

  /** Open frames may be sent before their time. */
  get mayFlushEarly(): boolean {
    return this.#flushTimer.mayFlushEarly
  }
  flush(): void {
    this.#outputs.flush()
  }

  /** Outputs and operators take something, and nothing is left of a burst. */
  get mayFire(): boolean {
    return this.#outputs.gauge.available && this.#chain.ready && !this.#chain.bursting
  }

  #batch(running: boolean): boolean {
    if (this.#chain.bursting) return this.#resume()
    const gate = this.#gate
    if (this.#polls) {
      const fed = gate !== null && gate.pump(this.#batchSize.records)
      if (fed) this.#pollDue = true
      return (running && this.#poll()) || fed
    }
    if (gate === null) return false
    if (running && !(this.#outputs.gauge.available && this.#chain.ready)) return false
    return gate.pump(this.#batchSize.records)
  }

  #resume(): boolean {
    if (!this.#outputs.gauge.available || !this.#chain.ready) return false
    this.#chain.resume()
    if (!this.#chain.bursting) this.#host.wake() // for timers that came due meanwhile
    return true
  }

  #poll(): boolean {
    if (
      !this.#pollDue ||
      !this.#outputs.gauge.available ||
      !this.#chain.ready ||
      this.#chain.ended(0)
    )
      return false
    this.#pollDue = false
    switch (this.#chain.poll()) {
      case 'more':
        this.#pollDue = true
        return true
      case 'end':
        this.#endOfInput()
        return true
      case 'wait':
        return false
    }
  }

  #endOfInput(): void {
    this.#chain.endOfInput(() => this.#host.onEndOfData())
  }

  get #chain(): OperatorChain {
    return present(this.#parts, 'the parts of the task').chain
  }

  // ---- checkpoints ----

  /** For tasks without network inputs. */
  trigger(barrier: FrameBarrier, startDelayMs: number): void {
    assert(this.#gate === null, 'only tasks without inputs are triggered')
    assert(!this.#chain.bursting, 'only heads with inputs have bursts')
    const checkpoints = present(this.#checkpoints, 'checkpoints of the task')
    if (barrier.checkpointId > checkpoints.newestId)
      checkpoints.take(barrier, { alignmentMs: 0, startDelayMs })
  }

  onAborted(id: number): void {
    this.#gate?.abort(id)
    this.#checkpoints?.drop(id)
    this.#chain.each((operator) => operator.onCheckpointAborted(id))
    this.#host.wake()
  }

  /** From head to tail, one after the other; stops when the operators are being closed. */
  async commit(id: number): Promise<void> {
    this.#checkpoints?.dropBefore(id)
    const chain = this.#chain
    for (let i = 0; i < chain.operators.length && !this.#disconnected; i++) {
      await chain.guard(i, (operator) => operator.onCheckpointComplete(id))
    }
  }

  // ---- the gate tells ----

  onWatermark(watermark: number): void {
    if (!this.#polls) this.#chain.onWatermark(watermark)
  }

  onIdle(idle: boolean): void {
    if (!this.#polls) this.#chain.onIdle(idle)
  }

  onAligned(barrier: FrameBarrier, timing: AlignmentTiming): void {
    assert(!this.#chain.bursting, 'nothing is read during a burst')
    present(this.#checkpoints, 'checkpoints of the task').take(barrier, timing)
  }

  onSuperseded(checkpointIds: readonly number[]): void {
    for (const id of checkpointIds) {
      const text = `checkpoint ${id} was overtaken by a newer one`
      const error = new WeirError(CODE_SUPERSEDED, text, { domain: 'internal', retry: 'backoff' })
      this.#checkpoints?.decline(checkpointId(id), failureOf(error))
    }
  }

  onEndOfData(): void {
    const chain = this.#chain
    if (!this.#polls || chain.ended(0)) {
      this.#endOfInput()
      return
    }
    chain.each((operator, index) => {
      if (index === 0) operator.onInputEnd()
    })
    this.#pollDue = true
  }

  // ---- channels and operators tell ----

  wake(): void {
    this.#host.wake()
  }

  lost(failure: Failure): void {
    this.#host.post({ type: 'fail', error: fromFailure(failure) })
  }

  hinted(operator: number, subtask: number): void {
    this.#host.post({ type: 'hint', operator, subtask })
  }

  onHint(operator: number, subtask: number): void {
    this.#chain.each((each, index) => {
      if (index === operator) each.onDownstreamHint(subtask)
    })
    this.wakeOperator()
  }

  wakeOperator(): void {
    this.#pollDue = true
    this.#host.wake()
  }

  emitWatermark(watermark: number): void {
    this.#chain.emitWatermark(watermark)
  }

  emitIdle(idle: boolean): void {
    this.#chain.onIdle(idle)
  }

  hintUpstream(): void {
    this.#gate?.hint()
  }

  fail(error: unknown): void {
    this.#host.post({ type: 'fail', error })
  }
}
