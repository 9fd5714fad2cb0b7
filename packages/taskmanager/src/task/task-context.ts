// What an operator is given: one context object, made once. The chain and the task stand behind it.

import { ownText } from '@weirjs/common/codec/byte-reader'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { PlanOperator } from '@weirjs/common/core/graph/physical-plan'
import type { Fence, OperatorUid, TaskId } from '@weirjs/common/core/ids'
import { OUTPUT_LINE_CHARS_MAX } from '@weirjs/common/core/gateways'
import { blame } from '../operators/blame.ts'
import type { OperatorContext, Output, RestoredLists } from '../operators/operator.ts'
import type { SlotListener } from '../slots/slot.ts'
import type { KeyedStateBackend } from '../state/state-backend.ts'

/** What the task does for its operators. */
export interface ContextHost {
  readonly fence: Fence
  readonly task: TaskId
  readonly jobName: string
  readonly parallelism: number
  readonly consumers: number
  readonly scheduler: Scheduler
  readonly listener: SlotListener
  readonly outputReady: () => boolean
  wakeOperator(): void
  emitWatermark(watermark: number): void
  emitIdle(idle: boolean): void
  hintUpstream(): void
  fail(error: unknown): void
}

export class TaskOperatorContext implements OperatorContext {
  readonly fence: Fence
  readonly task: TaskId
  readonly uid: OperatorUid
  readonly name: string
  readonly jobName: string
  readonly parallelism: number
  readonly consumers: number
  readonly scheduler: Scheduler
  readonly output: Output
  readonly keyed: KeyedStateBackend | null
  readonly restored: RestoredLists
  readonly outputReady: () => boolean
  readonly #host: ContextHost
  readonly #sideOutput: (tag: string) => Output

  constructor(
    host: ContextHost,
    node: PlanOperator,
    parts: {
      readonly output: (tag: string) => Output
      readonly keyed: KeyedStateBackend | null
      readonly restored: RestoredLists
    },
  ) {
    this.fence = host.fence
    this.task = host.task
    this.uid = node.uid
    this.name = node.name
    this.jobName = host.jobName
    this.parallelism = host.parallelism
    this.consumers = host.consumers
    this.scheduler = host.scheduler
    this.output = parts.output('main')
    this.keyed = parts.keyed
    this.restored = parts.restored
    this.outputReady = host.outputReady
    this.#host = host
    this.#sideOutput = parts.output
  }

  side(tag: string): Output {
    return this.#sideOutput(tag)
  }

  wake(): void {
    this.#host.wakeOperator()
  }

  emitWatermark(watermark: number): void {
    this.#host.emitWatermark(watermark)
  }

  emitIdle(idle: boolean): void {
    this.#host.emitIdle(idle)
  }

  hintUpstream(): void {
    this.#host.hintUpstream()
  }

  print(text: string): void {
    const { fence, task } = this
    this.#host.listener.output({
      fence,
      task,
      stream: 'print',
      text: lineOf(text),
    })
  }

  fail(error: unknown): void {
    this.#host.fail(blame(error, this))
  }
}

/** At most a line's worth; a piece that waits must not keep the whole text in memory. */
const lineOf = (text: string): string =>
  text.length <= OUTPUT_LINE_CHARS_MAX ? text : ownText(text.slice(0, OUTPUT_LINE_CHARS_MAX))

/** Nothing was restored. */
export const COLD_START: RestoredLists = { restored: false, list: () => [] }
