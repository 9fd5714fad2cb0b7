// The sink operator: a writer, and for exactly-once the two-phase part beside it. For a writer
// without committer the snapshot is a flush: the acknowledgement waits until everything before the
// barrier has left. Nothing of the connector is made before `open`: until then only state is read.

import type { SinkContext, SinkWriter } from '@weirjs/api/connector'
import type { NodeRuntime } from '@weirjs/api/functions'
import { present } from '@weirjs/common/core/assert'
import type { Codec } from '@weirjs/common/core/codec'
import { Operator } from './operator.ts'
import type { Burst, OperatorContext, SnapshotSink } from './operator.ts'
import { restoredCommittables, TwoPhaseCommits } from './two-phase-sink.ts'
import { promiseOfWriter } from './user-mistakes.ts'

type SinkRuntime = Extract<NodeRuntime, { readonly kind: 'sink' }>

/** Digits of the job's id in the name of a writer: enough that no two jobs of one output share them. */
const WRITER_JOB_CHARS = 12

/** Of the list that only makes the acknowledgement wait: it never has an element. */
const nothing: Codec<never> = {
  descriptor: { name: 'weir/nothing', version: 1 },
  write: () => {},
  read: () => {
    throw new Error('there is nothing to read')
  },
}

export class SinkOperator extends Operator {
  readonly #sink: SinkRuntime['sink']
  readonly #context: OperatorContext
  /** What the restored checkpoint holds, until it is opened. */
  #committables: readonly unknown[] = []
  #commits: TwoPhaseCommits | null = null
  #writer: SinkWriter<unknown, unknown, unknown> | null = null
  /** The writer's, restored, until it is opened. */
  #states: readonly unknown[] = []

  constructor(runtime: SinkRuntime, context: OperatorContext) {
    super()
    this.#sink = runtime.sink
    this.#context = context
  }

  override restore(): void {
    const { restored } = this.#context
    const { stateCodec, committableCodec } = this.#sink
    if (committableCodec !== null)
      this.#committables = restoredCommittables(restored, committableCodec)
    if (stateCodec !== null) this.#states = restored.list('writer', stateCodec)
  }

  override async open(): Promise<void> {
    this.#commits = this.#createCommits()
    await this.#commits?.open(this.#committables)
    this.#committables = []
    const context = { ...sinkContext(this.#context), wake: (): void => this.#context.wake() }
    this.#writer = this.#sink.createWriter(context, this.#states)
    this.#states = []
  }

  process(value: unknown, timestamp: number): void {
    // What is written behind a promise is in no checkpoint.
    const returned: unknown = this.#open().write(value, timestamp)
    if (returned instanceof Promise) throw promiseOfWriter(returned)
  }

  override get ready(): boolean {
    return this.#writer?.ready ?? true
  }

  override finish(): Burst {
    this.#open().finish()
    this.#commits?.finish()
    return 'done'
  }

  override snapshot(sink: SnapshotSink): void {
    const { committables, state } = this.#open().snapshot(sink.checkpointId)
    const { stateCodec } = this.#sink
    if (stateCodec !== null && state.length > 0) sink.list('writer', 'list', stateCodec, state)
    if (this.#commits === null) sink.list('flushed', 'list', nothing, this.#flushed(committables))
    else this.#commits.snapshot(sink, committables)
  }

  override onCheckpointComplete(checkpointId: number): Promise<void> | void {
    return this.#commits?.complete(checkpointId)
  }

  override async close(): Promise<void> {
    try {
      await this.#writer?.close()
    } finally {
      await this.#commits?.close()
    }
  }

  #createCommits(): TwoPhaseCommits | null {
    const context = this.#context
    const committer = this.#sink.createCommitter(sinkContext(context))
    if (committer === null) return null
    return new TwoPhaseCommits({
      committer,
      codec: present(this.#sink.committableCodec, 'committable codec of a sink with a committer'),
      cleansUp: context.task.subtask === 0,
      fail: (error) => context.fail(error),
    })
  }

  #open(): SinkWriter<unknown, unknown, unknown> {
    return present(this.#writer, 'an open writer')
  }

  /**
   * What could not be flushed is lost for every later checkpoint too, so it fails the task and not
   * just this one.
   */
  async #flushed(committables: Promise<readonly unknown[]>): Promise<readonly never[]> {
    try {
      await committables
      return []
    } catch (error) {
      this.#context.fail(error)
      throw error
    }
  }
}

function sinkContext(context: OperatorContext): SinkContext {
  const { fence, task, uid, parallelism, scheduler } = context
  const job = fence.jobId.slice(0, WRITER_JOB_CHARS)
  return {
    subtask: task.subtask,
    parallelism,
    // With the job: the next job that restores this one's checkpoint counts its attempts anew.
    writerId: `${job}-${task.vertexId}-${task.subtask}-${fence.epoch}-${fence.attempt}`,
    jobId: fence.jobId,
    uid,
    epoch: fence.epoch,
    attempt: fence.attempt,
    scheduler,
    print: (text) => context.print(text),
  }
}
