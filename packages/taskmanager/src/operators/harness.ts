// Runs one operator alone, for tests: records, watermarks and time go in by hand, what it emits is
// collected. The same test can be run in several modes, each of which must give the same output:
// plainly; with a snapshot and a restore into a fresh operator after every single call; with
// outputs that say "not now" every other time they are asked.

import { createOperator } from './registry.ts'
import type { NodeRuntime } from '@weirjs/api/functions'
import { keyCodec } from '@weirjs/common/codec/key-codec'
import { assert, present } from '@weirjs/common/core/assert'
import type { Key } from '@weirjs/common/core/codec'
import { keyHashOf } from '@weirjs/common/core/graph/key-groups'
import { operatorUid } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { MAX_WATERMARK, NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { declaredStates } from '../state/declared-states.ts'
import { HeapBackend } from '../state/heap-backend.ts'
import type { KeyedStateBackend } from '../state/state-backend.ts'
import { Collected, HarnessContext } from './harness-context.ts'
import type { Emitted } from './harness-context.ts'
import { dealLists, restoreKeyed, snapshotNow } from './harness-snapshot.ts'
import type { OperatorSnapshotInMemory } from './harness-snapshot.ts'
import type { Operator } from './operator.ts'

export const HARNESS_MODES = [
  'plain',
  'restore-after-each-call',
  'refuse-every-other-call',
] as const
export type HarnessMode = (typeof HARNESS_MODES)[number]

const KEY_GROUPS = 128

export interface HarnessOptions {
  readonly runtime: NodeRuntime
  /** Key of a record of input 0; absent: the step is not keyed, or `push` names the key. */
  readonly keyOf?: (value: never) => Key
  /** Key of a record of input 1. */
  readonly secondKeyOf?: (value: never) => Key
  readonly keyed?: boolean
  readonly mode?: HarnessMode
  readonly scheduler?: ManualScheduler
  readonly subtask?: number
  readonly parallelism?: number
  /** Start from these instead of empty. */
  readonly restore?: readonly OperatorSnapshotInMemory[]
}

export interface PushOptions {
  readonly timestamp?: number
  readonly key?: Key
}

export class OperatorHarness {
  readonly collected: Collected = new Collected()
  readonly scheduler: ManualScheduler
  readonly #options: HarnessOptions
  #operator: Operator
  #keyed: KeyedStateBackend | null = null
  #checkpoints = 0
  #watermark: number | null = null
  #asked = 0

  /**
   * The operator's `open` must be synchronous; for others drive the operator yourself with a
   * HarnessContext.
   */
  constructor(options: HarnessOptions) {
    this.#options = options
    this.scheduler = options.scheduler ?? new ManualScheduler()
    this.#operator = this.#make(options.restore ?? [])
  }

  get operator(): Operator {
    return this.#operator
  }

  get keyed(): KeyedStateBackend | null {
    return this.#keyed
  }

  /** Values of the main output so far. */
  get output(): readonly unknown[] {
    return this.collected.main.map(({ value }) => value)
  }

  get records(): readonly Emitted[] {
    return this.collected.main
  }

  side(tag: string): readonly unknown[] {
    return this.collected.side(tag).map(({ value }) => value)
  }

  push(value: unknown, options: PushOptions = {}): void {
    const { keyOf } = this.#options
    if (this.#keyed !== null) {
      this.#setKey(present(options.key ?? keyOf?.(value as never), 'the key of a record'))
    }
    this.#operator.process(value, options.timestamp ?? NO_TIMESTAMP)
    this.#called()
  }

  pushSecond(value: unknown, options: PushOptions = {}): void {
    const key = options.key ?? this.#options.secondKeyOf?.(value as never)
    if (key !== undefined) this.#setKey(key)
    this.#operator.processSecond(value, options.timestamp ?? NO_TIMESTAMP)
    this.#called()
  }

  advanceWatermark(watermark: number): void {
    this.#watermark = watermark
    while (this.#operator.onWatermark(watermark) === 'more') continue
    this.#called()
  }

  /** Moves processing time on, firing what becomes due in the order of its times. */
  advanceTime(ms: number): void {
    const untilMs = this.scheduler.nowMs() + ms
    for (;;) {
      const next = this.#operator.nextProcessingTimer()
      const inMs =
        next === null ? Number.POSITIVE_INFINITY : Math.max(0, next - this.scheduler.wallMs())
      if (this.scheduler.nowMs() + inMs > untilMs) break
      this.scheduler.advance(inMs)
      this.#operator.onProcessingTime(this.scheduler.wallMs())
      this.#called()
    }
    this.scheduler.advance(untilMs - this.scheduler.nowMs())
  }

  /** The end of the input: the last watermark, then `finish`. */
  finish(): void {
    this.advanceWatermark(MAX_WATERMARK)
    while (this.#operator.finish() === 'more') continue
  }

  snapshot(): OperatorSnapshotInMemory {
    this.#checkpoints += 1
    return snapshotNow({
      operator: this.#operator,
      keyed: this.#keyed,
      checkpointId: this.#checkpoints,
    })
  }

  close(): void {
    void this.#operator.close()
    this.#keyed?.close()
  }

  #called(): void {
    if (this.#options.mode === 'restore-after-each-call') this.restart([this.snapshot()])
  }

  /** A fresh operator from snapshots, as after a failure. */
  restart(snapshots: readonly OperatorSnapshotInMemory[]): void {
    this.close()
    this.#operator = this.#make(snapshots)
    if (this.#watermark !== null) this.#operator.onWatermark(this.#watermark)
  }

  #make(snapshots: readonly OperatorSnapshotInMemory[]): Operator {
    const { runtime, subtask = 0, parallelism = 1 } = this.#options
    this.#keyed = this.#isKeyed() ? this.#makeBackend(snapshots) : null
    const context = new HarnessContext({
      collected: this.collected,
      scheduler: this.scheduler,
      keyed: this.#keyed,
      restored: dealLists(snapshots, subtask, parallelism),
      outputReady: () =>
        this.#options.mode !== 'refuse-every-other-call' || ++this.#asked % 2 === 0,
      subtask,
      parallelism,
    })
    const node = {
      uid: operatorUid('under-test'),
      name: 'under test',
      kind: runtime.kind,
      state: [],
      outputs: [],
    }
    const operator = createOperator(node, runtime, context)
    operator.restore()
    const opened = operator.open()
    assert(!(opened instanceof Promise), 'the harness opens operators synchronously')
    return operator
  }

  #makeBackend(snapshots: readonly OperatorSnapshotInMemory[]): KeyedStateBackend {
    const { runtime, subtask = 0, parallelism = 1 } = this.#options
    const keyGroups = {
      first: Math.ceil((subtask * KEY_GROUPS) / parallelism),
      end: Math.ceil(((subtask + 1) * KEY_GROUPS) / parallelism),
    }
    const keyed = new HeapBackend({
      maxParallelism: KEY_GROUPS,
      keyGroups,
      keyCodec,
      states: declaredStates(runtime),
      clock: this.scheduler,
    })
    restoreKeyed(keyed, snapshots, keyGroups)
    return keyed
  }

  #isKeyed(): boolean {
    const { keyed, keyOf, runtime } = this.#options
    return (
      keyed ??
      (keyOf !== undefined || runtime.kind === 'keyed-process' || runtime.kind === 'reduce')
    )
  }

  #setKey(key: Key): void {
    this.#keyed?.setKey(key, keyHashOf(key))
  }
}
