// One slot thread as the job process's main thread sees it: starts it, talks to it, hears how it ends. Two ends exist:
// the one that was asked for, and every other one, which is a failure of the job (its code threw outside of a task,
// called process.exit, or filled the heap).

import { Worker } from 'node:worker_threads'
import type { MessagePort, TransferListItem } from 'node:worker_threads'
import { unreachable } from '@weirjs/common/core/assert'
import type { Clock } from '@weirjs/common/core/clock'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import { badMessage, isAnything, isEndpoint, isThreadEvent } from './host-event-check.ts'
import { LineSplitter } from './line-splitter.ts'
import { PendingReplies } from './pending-replies.ts'
import type {
  SlotEvent,
  SlotMemory,
  SlotOpen,
  ThreadCommand,
  ThreadData,
  ThreadEvent,
} from './protocol.ts'

export interface SupervisedThreadOptions {
  readonly entry: URL
  readonly heapBytesMax: number
  readonly clock: Clock
  readonly onPrepared: () => void
  readonly onEvent: (event: SlotEvent) => void
  readonly onLine: (stream: 'stdout' | 'stderr', text: string) => void
  /** It ended although nobody asked it to. */
  readonly onLost: (failure: Failure) => void
}

const MEBIBYTE = 1_048_576

export class SupervisedThread {
  readonly #options: SupervisedThreadOptions
  readonly #worker: Worker
  readonly #turns = new Int32Array(new SharedArrayBuffer(4))
  readonly #replies = new PendingReplies()
  /** Settles when the thread is gone, for whatever reason. */
  readonly exited: Promise<void>
  #thrown: unknown = null
  #closing = false
  #memory: SlotMemory = { heapBytes: 0, externalBytes: 0 }
  #measuring: Promise<void> | null = null
  #turnsSeen = 0
  #turnedAtMs: number

  constructor(options: SupervisedThreadOptions) {
    this.#options = options
    this.#turnedAtMs = options.clock.nowMs()
    const data: ThreadData = { turns: this.#turns }
    this.#worker = new Worker(options.entry, {
      workerData: data,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(options.heapBytesMax / MEBIBYTE) },
    })
    this.#worker.on('message', (message: unknown) => this.#hear(message))
    this.#worker.on('error', (error) => {
      this.#thrown ??= error
    })
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#ended(code)
        resolve()
      })
    })
    this.#capture('stdout')
    this.#capture('stderr')
  }

  /** Resolves with the endpoint when the job is loaded and the slot listens. */
  open(open: SlotOpen): Promise<SlotEndpoint> {
    const ports: MessagePort[] = open.siblings.map(({ port }) => port)
    return this.#replies.request((id) => this.send({ type: 'open', id, open }, ports), isEndpoint)
  }

  /** Resolves when the slot has closed its stores; the thread ends by itself afterwards. */
  async close(): Promise<void> {
    this.#closing = true
    await this.#replies.request((id) => this.send({ type: 'close', id }), isAnything)
  }

  send(command: ThreadCommand, transfer: readonly TransferListItem[] = []): void {
    this.#worker.postMessage(command, transfer)
  }

  /** How long the thread's event loop has not turned, as far as anybody looked. */
  loopAgeMs(): number {
    const turns = Atomics.load(this.#turns, 0)
    const nowMs = this.#options.clock.nowMs()
    if (turns !== this.#turnsSeen) {
      this.#turnsSeen = turns
      this.#turnedAtMs = nowMs
    }
    return nowMs - this.#turnedAtMs
  }

  /** As last measured. */
  get memory(): SlotMemory {
    return this.#memory
  }

  /** Resolves when `memory` is new; V8 interrupts the thread for it, also in a loop. Not while it is in native code. */
  measure(): Promise<void> {
    this.#measuring ??= this.#worker.getHeapStatistics().then(
      ({ used_heap_size: heapBytes, external_memory: externalBytes }) => {
        this.#memory = { heapBytes, externalBytes }
        this.#measuring = null
      },
      // It is ending: what was measured before stays.
      () => {
        this.#measuring = null
      },
    )
    return this.#measuring
  }

  #hear(message: unknown): void {
    const isOurs =
      isThreadEvent(message) && (message.type !== 'reply' || this.#replies.expects(message))
    if (isOurs) return this.#take(message)
    this.#thrown ??= badMessage()
    // Cannot reject: it is ending, or ends now.
    void this.#worker.terminate()
  }

  #take(event: ThreadEvent): void {
    switch (event.type) {
      case 'reply':
        return this.#replies.settle(event)
      case 'prepared':
        return this.#options.onPrepared()
      case 'event':
        return this.#options.onEvent(event.event)
      default:
        unreachable(event)
    }
  }

  #capture(stream: 'stdout' | 'stderr'): void {
    const splitter = new LineSplitter((text) => this.#options.onLine(stream, text))
    this.#worker[stream].on('data', (chunk: Uint8Array) => splitter.write(chunk))
    this.#worker[stream].on('end', () => splitter.end())
  }

  #ended(code: number): void {
    const failure = describeEnd(this.#thrown, code)
    this.#replies.end(
      new WeirError(failure.code, failure.message, {
        domain: failure.domain,
        retry: failure.retry,
      }),
    )
    if (!this.#closing) this.#options.onLost(failure)
  }
}

function describeEnd(thrown: unknown, code: number): Failure {
  if (thrown === null) {
    return toFailure(
      new WeirError('job/process-exit', `the job's code called process.exit(${code})`, {
        domain: 'user',
        retry: 'backoff',
        hint: 'a job ends by the end of its sources or by `weir job cancel`',
      }),
    )
  }
  if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return toFailure(
      new WeirError('job/out-of-memory', 'a slot of the job has filled its heap', {
        domain: 'user',
        retry: 'backoff',
        hint: 'keep less in memory, or raise taskmanager.memory.job-process-heap',
      }),
    )
  }
  return toFailure(thrown, { code: 'job/uncaught-error', domain: 'user', retry: 'backoff' })
}
