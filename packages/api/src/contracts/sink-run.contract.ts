// Runs a sink the way the engine does, without the engine: attempts of several subtasks, barriers, commits, crashes.
// Everything that lies in a checkpoint is taken through its codec.

import { assert } from '@weirjs/common/core/assert'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import type { Sink, SinkCommitter, SinkContext, SinkWriter } from '../connector.ts'
import { throughCodec } from './source-run.contract.ts'

const JOB = '0123456789abcdef0123456789abcdef'
const SILENCE_MS_MAX = 45_000
const scheduler = systemScheduler()

/** What one checkpoint holds of the sink, over all subtasks. */
export interface SinkCheckpoint {
  readonly id: number
  readonly committables: readonly unknown[]
  readonly states: readonly unknown[]
}

let writersMade = 0

/** One attempt of all subtasks of a sink. */
export class SinkAttempt<T> {
  readonly attempt: number
  readonly epoch: number
  readonly printed: string[] = []
  readonly #sink: Sink<T>
  readonly #writers: SinkWriter<T, unknown, unknown>[] = []
  readonly #committers: (SinkCommitter<unknown> | null)[] = []
  readonly #onWake: (() => void)[] = []

  /** `restored`: the checkpoint that the attempt goes on from; its writer states are dealt out in turn. */
  constructor(
    sink: Sink<T>,
    options: { attempt: number; epoch?: number; subtasks: number; restored?: SinkCheckpoint },
  ) {
    this.#sink = sink
    this.attempt = options.attempt
    this.epoch = options.epoch ?? 1
    for (let subtask = 0; subtask < options.subtasks; subtask++) {
      const context = this.#context(subtask, options.subtasks)
      const states = (options.restored?.states ?? []).filter(
        (_, i) => i % options.subtasks === subtask,
      )
      this.#committers.push(sink.createCommitter(context))
      this.#writers.push(
        sink.createWriter({ ...context, wake: () => this.#onWake[subtask]?.() }, states),
      )
    }
  }

  /** Record to the writer of `subtask`, waiting while it is not ready. */
  async write(subtask: number, ...values: readonly T[]): Promise<void> {
    const writer = this.#writer(subtask)
    for (const value of values) {
      if (!writer.ready) await this.#ready(subtask, writer)
      writer.write(value, 0)
    }
  }

  finish(): void {
    for (const writer of this.#writers) writer.finish()
  }

  /** The barrier in every subtask, and everything durable. */
  async snapshot(id: number): Promise<SinkCheckpoint> {
    const taken = this.#writers.map((writer) => writer.snapshot(id))
    const { committableCodec, stateCodec } = this.#sink
    const committables = (await Promise.all(taken.map((each) => each.committables))).flat()
    const states = taken.flatMap((each) => each.state)
    assert(committables.length === 0 || committableCodec !== null, 'committables need a codec')
    assert(states.length === 0 || stateCodec !== null, 'states need a codec')
    return {
      id,
      committables: committables.map((each) =>
        committableCodec === null ? each : throughCodec(committableCodec, each),
      ),
      states: states.map((each) => (stateCodec === null ? each : throughCodec(stateCodec, each))),
    }
  }

  /** The barrier, without waiting for it to become durable. */
  beginSnapshot(id: number): void {
    for (const writer of this.#writers) {
      writer.snapshot(id).committables.then(
        () => {},
        () => {}, // the attempt crashes: nobody is left to hear that it failed
      )
    }
  }

  /** The checkpoint is complete: every subtask commits its share. */
  async commit(...checkpoints: readonly SinkCheckpoint[]): Promise<void> {
    const all = checkpoints.flatMap((checkpoint) => checkpoint.committables)
    for (const [subtask, committer] of this.#committers.entries()) {
      const share = all.filter((_, i) => i % this.#committers.length === subtask)
      if (share.length > 0) await committer?.commit(share)
    }
  }

  async cleanUp(): Promise<void> {
    await this.#committers[0]?.cleanUp()
  }

  /** Ends the attempt, as after a failure: what was not checkpointed is lost. */
  async close(): Promise<void> {
    for (const writer of this.#writers) await writer.close()
    for (const committer of this.#committers) await committer?.close()
  }

  ready(subtask: number): boolean {
    return this.#writer(subtask).ready
  }

  #writer(subtask: number): SinkWriter<T, unknown, unknown> {
    const writer = this.#writers[subtask]
    assert(writer !== undefined, `there is no writer ${subtask}`)
    return writer
  }

  async #ready(subtask: number, writer: SinkWriter<T, unknown, unknown>): Promise<void> {
    while (!writer.ready) {
      await new Promise<void>((resolve, reject) => {
        const cancel = scheduler.timer(SILENCE_MS_MAX, () =>
          reject(new Error('the writer never woke the engine')),
        )
        this.#onWake[subtask] = () => {
          cancel()
          resolve()
        }
      })
    }
  }

  #context(subtask: number, parallelism: number): SinkContext {
    writersMade += 1
    return {
      subtask,
      parallelism,
      writerId: `w${writersMade}`,
      jobId: JOB,
      uid: 'out',
      epoch: this.epoch,
      attempt: this.attempt,
      scheduler,
      print: (text) => this.printed.push(text),
    }
  }
}
