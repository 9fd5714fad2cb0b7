// The world of one operator without a task: collects what it emits, gives it virtual time,
// remembers what it asks for.

import type { Scheduler } from '@weirjs/common/core/clock'
import { attempt, jobId, leaderEpoch, operatorUid, vertexId } from '@weirjs/common/core/ids'
import type { Fence, OperatorUid, TaskId } from '@weirjs/common/core/ids'
import { MIN_WATERMARK } from '@weirjs/common/core/time-constants'
import type { KeyedStateBackend } from '../state/state-backend.ts'
import type { OperatorContext, Output, RestoredLists } from './operator.ts'

export interface Emitted<T = unknown> {
  readonly value: T
  readonly timestamp: number
}

/** What operators have emitted; shared by all incarnations of an operator under test. */
export class Collected {
  readonly main: Emitted[] = []
  readonly sides: Map<string, Emitted[]> = new Map()
  readonly printed: string[] = []
  readonly errors: unknown[] = []
  watermark: number = MIN_WATERMARK
  idle = false
  hints = 0
  wakes = 0

  side(tag: string): Emitted[] {
    let side = this.sides.get(tag)
    if (side === undefined) {
      side = []
      this.sides.set(tag, side)
    }
    return side
  }
}

export interface HarnessContextOptions {
  readonly collected: Collected
  readonly scheduler: Scheduler
  readonly keyed: KeyedStateBackend | null
  readonly restored: RestoredLists
  readonly outputReady?: () => boolean
  readonly subtask?: number
  readonly parallelism?: number
  /** Readers of an enumerator. */
  readonly consumers?: number
  readonly attempt?: number
}

export class HarnessContext implements OperatorContext {
  readonly fence: Fence
  readonly task: TaskId
  readonly uid: OperatorUid = operatorUid('under-test')
  readonly name: string = 'under test'
  readonly jobName: string = 'harness'
  readonly parallelism: number
  readonly consumers: number
  readonly scheduler: Scheduler
  readonly output: Output
  readonly keyed: KeyedStateBackend | null
  readonly restored: RestoredLists
  readonly outputReady: () => boolean
  readonly #collected: Collected

  constructor(options: HarnessContextOptions) {
    this.fence = {
      jobId: jobId('0'.repeat(32)),
      epoch: leaderEpoch(1),
      attempt: attempt(options.attempt ?? 1),
    }
    this.task = { vertexId: vertexId('v0'), subtask: options.subtask ?? 0 }
    this.parallelism = options.parallelism ?? 1
    this.consumers = options.consumers ?? 0
    this.scheduler = options.scheduler
    this.keyed = options.keyed
    this.restored = options.restored
    this.outputReady = options.outputReady ?? ((): boolean => true)
    this.#collected = options.collected
    this.output = collector(options.collected.main)
  }

  side(tag: string): Output {
    return collector(this.#collected.side(tag))
  }

  wake(): void {
    this.#collected.wakes += 1
  }

  emitWatermark(watermark: number): void {
    if (watermark > this.#collected.watermark) this.#collected.watermark = watermark
  }

  emitIdle(idle: boolean): void {
    this.#collected.idle = idle
  }

  hintUpstream(): void {
    this.#collected.hints += 1
  }

  print(text: string): void {
    this.#collected.printed.push(text)
  }

  fail(error: unknown): void {
    this.#collected.errors.push(error)
  }
}

const collector = (into: Emitted[]): Output => ({
  emit: (value, timestamp) => {
    into.push({ value, timestamp })
  },
})
