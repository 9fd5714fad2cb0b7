// The operators of one vertex in one subtask: a tree wired by direct calls. What an operator emits is processed by the
// next one before `emit` returns; what leaves the chain goes to the edges. Watermarks and the end of data pass through
// the operators in topological order, so what an operator emits on such an occasion comes before the event itself.

import { assert, present } from '@weirjs/common/core/assert'
import type { OperatorRestore } from '@weirjs/common/core/checkpoint/handles'
import type { PlanOperator } from '@weirjs/common/core/graph/physical-plan'
import type { EdgeId } from '@weirjs/common/core/ids'
import { MAX_WATERMARK, MIN_WATERMARK } from '@weirjs/common/core/time-constants'
import { blame } from '../operators/blame.ts'
import type { OperatorError } from '../operators/blame.ts'
import type { Operator, PollResult } from '../operators/operator.ts'
import { FreezingOutput } from './freeze.ts'
import { FanOutput, NoOutput } from './task-output.ts'
import type { CountingOutput, TaskOutputs } from './task-output.ts'

/** The direct call from one operator of the chain to the next. */
class ChainedOutput implements CountingOutput {
  count = 0
  readonly node: PlanOperator
  readonly #operators: readonly Operator[]
  readonly #index: number
  readonly #onThrown: (error: OperatorError) => void
  #next: Operator | null = null

  constructor(
    node: PlanOperator,
    operators: readonly Operator[],
    index: number,
    onThrown: (error: OperatorError) => void,
  ) {
    this.node = node
    this.#operators = operators
    this.#index = index
    this.#onThrown = onThrown
  }

  emit(value: unknown, timestamp: number): void {
    this.count += 1
    const next = this.#next ?? this.#connect()
    try {
      next.process(value, timestamp)
    } catch (error) {
      const blamed = blame(error, this.node)
      this.#onThrown(blamed)
      throw blamed
    }
  }

  /** The next operator is made after the one that holds this output. */
  #connect(): Operator {
    this.#next = present(this.#operators[this.#index], `operator ${this.node.uid}`)
    return this.#next
  }
}

export interface OperatorChainOptions {
  readonly nodes: readonly PlanOperator[]
  /** Outputs of an edge that leaves the chain. */
  readonly edgeOutputs: (edge: EdgeId) => readonly CountingOutput[]
  readonly outputs: TaskOutputs
  /** Freeze every record that is emitted (see freeze). */
  readonly freeze: boolean
  /** An operator has failed; it comes as an exception, too, unless the code of the one before has caught it. */
  readonly fail: (error: unknown) => void
  /** Makes operator `index`; its outputs are ready to be asked for, not yet to be used. */
  readonly create: (
    index: number,
    node: PlanOperator,
    output: (tag: string) => CountingOutput,
  ) => Operator
}

export class OperatorChain {
  readonly nodes: readonly PlanOperator[]
  readonly operators: readonly Operator[]
  readonly #outputs: TaskOutputs
  readonly #headOutput: CountingOutput
  /**
   * `finish` ran, here or before the restored checkpoint: nothing of the operator runs any more but its commits. What a timer
   * or a watermark made it emit would be output that a run without a failure never has.
   */
  readonly #ended: boolean[]
  /** Operators whose `open` was called: only those are closed. */
  #opened = 0
  #watermark = MIN_WATERMARK
  /** The operator that is to see the watermark next, while it is on its way through the chain. */
  #rising: number | null = null
  /** Whom to tell behind the end of the input, from its begin on. */
  #onEnded: (() => void) | null = null
  #idle = false
  /** What was thrown behind an operator, who may have caught it: by another one, or half sent. The task fails all the same. */
  #thrown: OperatorError | null = null

  constructor(options: OperatorChainOptions) {
    assert(options.nodes.length > 0, 'a chain has a head')
    const operators: Operator[] = []
    this.nodes = options.nodes
    this.operators = operators
    this.#outputs = options.outputs
    this.#ended = options.nodes.map(() => false)
    const byTag = options.nodes.map(() => new Map<string, CountingOutput>())
    const outputOf = (index: number, tag: string): CountingOutput => {
      const known = byTag[index]?.get(tag)
      if (known !== undefined) return known
      const node = present(options.nodes[index], 'a node of the chain')
      const wired = this.#wire(node, tag, options)
      const made = options.freeze ? new FreezingOutput(wired) : wired
      byTag[index]?.set(tag, made)
      return made
    }
    this.#headOutput = outputOf(0, 'main')
    options.nodes.forEach((node, index) => {
      operators.push(options.create(index, node, (tag) => outputOf(index, tag)))
    })
  }

  get head(): Operator {
    return present(this.operators[0], 'the head of the chain')
  }

  /** Output watermark of the whole chain. */
  get watermark(): number {
    return this.#watermark
  }

  /** Records that the head has emitted on its main output. */
  get emittedByHead(): number {
    return this.#headOutput.count
  }

  /** True when every operator accepts input just now. */
  get ready(): boolean {
    for (let i = 0; i < this.operators.length; i++) {
      if (!(this.operators[i] as Operator).ready) return false
    }
    return true
  }

  ended(index: number): boolean {
    return this.#ended[index] === true
  }

  /** Before `open`: what each operator had seen when the restored checkpoint was taken. */
  markRestored(restores: readonly (OperatorRestore | null)[]): void {
    restores.forEach((restore, index) => {
      if (restore?.ended === true) this.#ended[index] = true
    })
  }

  /** Operators take their lists. */
  restore(): void {
    for (let i = 0; i < this.operators.length; i++) this.#call(i, (operator) => operator.restore())
  }

  /** From head to tail. Stops early when `stopped` says so. */
  async open(stopped: () => boolean): Promise<void> {
    for (let i = 0; i < this.operators.length && !stopped(); i++) {
      this.#opened = i + 1
      await this.guard(i, (operator) => operator.open())
    }
  }

  /** After `open`: tells each operator the watermark that it had. */
  restoreWatermarks(restores: readonly (OperatorRestore | null)[]): void {
    restores.forEach((restore, index) => {
      if (restore === null || restore.watermark <= MIN_WATERMARK || this.ended(index)) return
      this.#call(index, (operator) => operator.onWatermark(restore.watermark))
    })
    const head = restores[0]
    if (head !== null && head !== undefined) this.#watermark = head.watermark
  }

  /** Before the first record: consumers begin anew and would wait for a watermark that a silent input never brings. */
  announceWatermark(): void {
    if (this.#watermark > MIN_WATERMARK && this.#watermark < MAX_WATERMARK)
      this.#outputs.watermark(this.#watermark)
  }

  /** One poll of a head that makes records. */
  poll(): PollResult {
    const head = this.head
    assert(head.poll !== undefined, 'only heads that poll are polled')
    try {
      return head.poll()
    } catch (error) {
      throw blame(error, present(this.nodes[0], 'the head'))
    }
  }

  /** The watermark of the inputs rose: through all operators, then out. Steps back are ignored. */
  onWatermark(watermark: number): void {
    this.#advance(watermark, 0)
  }

  /** The head itself says that its records are complete up to here. */
  emitWatermark(watermark: number): void {
    this.#advance(watermark, 1)
  }

  onIdle(idle: boolean): void {
    if (idle === this.#idle) return
    this.#idle = idle
    this.#outputs.status(idle)
  }

  /**
   * Nothing will come any more: last timers, `finish` of each operator, end of data to all consumers. `ended` is called
   * behind all that: at once, or from `resume`.
   */
  endOfInput(ended: () => void): void {
    this.#onEnded = ended
    if (this.#watermark < MAX_WATERMARK) this.#advance(MAX_WATERMARK, 0)
    else if (this.#rising === null) this.#outputs.watermark(MAX_WATERMARK)
    if (this.#rising === null) this.#end()
  }

  /**
   * The head has not emitted all that a watermark or the end brought about, because the outputs were full. Nothing may be
   * read, polled or fired, and no barrier taken, until `resume` has gone on with it.
   */
  get bursting(): boolean {
    return this.#rising !== null || this.#onEnded !== null
  }

  /** Goes on with a burst. May leave another rest of it. */
  resume(): void {
    if (this.#rising !== null && !this.#rise()) return
    if (this.#onEnded !== null) this.#end()
  }

  /** Calls something that may take time, blaming the operator. */
  async guard(index: number, work: (operator: Operator) => Promise<void> | void): Promise<void> {
    const operator = present(this.operators[index], 'an operator of the chain')
    try {
      await work(operator)
    } catch (error) {
      throw blame(error, present(this.nodes[index], 'a node of the chain'))
    }
  }

  /** Calls every operator in order, blaming the one that throws, or has thrown before: no snapshot shows it as sound. */
  each(work: (operator: Operator, index: number) => void): void {
    if (this.#thrown !== null) throw this.#thrown
    for (let i = 0; i < this.operators.length; i++) this.#call(i, (operator) => work(operator, i))
  }

  /** When the earliest processing timer of an operator is due; null: it has none that may fire. */
  nextTimer(index: number): number | null {
    if (this.#ended[index] === true) return null
    return (this.operators[index] as Operator).nextProcessingTimer()
  }

  /** Fires processing timers that are due at `wallMs`; answers the earliest that is left, or null. */
  fireTimers(index: number, wallMs: number): number | null {
    const dueMs = this.nextTimer(index)
    if (dueMs === null || dueMs > wallMs) return dueMs
    this.#call(index, (due) => due.onProcessingTime(wallMs))
    return this.nextTimer(index)
  }

  /** Closes every operator that was to open, whatever the others do; answers what went wrong. */
  async close(): Promise<readonly unknown[]> {
    const errors: unknown[] = []
    for (let i = 0; i < this.#opened; i++) {
      try {
        await this.guard(i, (operator) => operator.close())
      } catch (error) {
        errors.push(error)
      }
    }
    return errors
  }

  #advance(watermark: number, from: number): void {
    if (watermark <= this.#watermark) return
    this.#watermark = watermark
    this.#rising = from
    this.#rise()
  }

  /** Shows the watermark to the operators that have not seen it, then to the consumers; false when one needs more. */
  #rise(): boolean {
    const watermark = this.#watermark
    for (let i = this.#rising ?? 0; i < this.operators.length; i++) {
      this.#rising = i
      if (this.#ended[i] === true) continue
      if (this.#call(i, (operator) => operator.onWatermark(watermark)) === 'more') return false
    }
    this.#rising = null
    this.#idle = false
    this.#outputs.watermark(watermark)
    return true
  }

  #end(): void {
    for (let i = 0; i < this.operators.length; i++) {
      if (this.#ended[i] === true) continue
      if (this.#call(i, (operator) => operator.finish()) === 'more') return
      this.#ended[i] = true
    }
    const ended = this.#onEnded
    this.#onEnded = null
    this.#outputs.endOfData()
    ended?.()
  }

  #call<T>(index: number, work: (operator: Operator) => T): T {
    try {
      return work(this.operators[index] as Operator)
    } catch (error) {
      throw blame(error, this.nodes[index] as PlanOperator)
    }
  }

  #wire(node: PlanOperator, tag: string, options: OperatorChainOptions): CountingOutput {
    const onThrown = (error: OperatorError): void => {
      if (this.#thrown !== null) return
      this.#thrown = error
      options.fail(error)
    }
    const targets = node.outputs.filter((output) => output.tag === tag)
    const outputs = targets.flatMap(({ target }) => {
      if (target.to === 'edge') return options.edgeOutputs(target.edge)
      const next = present(options.nodes[target.index], 'the next operator of the chain')
      return new ChainedOutput(next, this.operators, target.index, onThrown)
    })
    if (outputs.length === 0) return new NoOutput()
    if (outputs.length === 1) return present(outputs[0], 'the only output')
    return new FanOutput(outputs, (error) => {
      const blamed = blame(error, node)
      onThrown(blamed)
      return blamed
    })
  }
}
