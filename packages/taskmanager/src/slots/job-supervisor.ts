// The main thread of a job process: keeps the slot threads, relays commands and events between them and the TaskManager,
// answers probes, and ends the process when one thread ends by itself: tasks of one attempt live and die together. It
// never runs user code, so that it always answers. Threads are started ahead of the job (a prepared process) and each
// serves one slot of one job once.

import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import { assert, present, unreachable } from '@weirjs/common/core/assert'
import type { Scheduler } from '@weirjs/common/core/clock'
import { type Failure, toFailure } from '@weirjs/common/core/errors'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import type { Fence } from '@weirjs/common/core/ids'
import { withUserLocation } from '@weirjs/common/core/user-location'
import { ownDirectory } from '@weirjs/common/node/runtime-modules'
import { isTerminal } from '../core/task-states.ts'
import { OutputBuffer } from './output-buffer.ts'
import type {
  GroupStart,
  HostCommand,
  HostEvent,
  ProbeResult,
  Reply,
  SlotEvent,
  StartResult,
} from './protocol.ts'
import { SupervisedThread } from './supervised-thread.ts'

export interface JobSupervisorOptions {
  readonly threads: number
  readonly threadEntry: URL
  readonly heapBytesMax: number
  readonly scheduler: Scheduler
  readonly rssBytes: () => number
  /** Sends to the TaskManager; `sent` is called when the message has left this process. */
  readonly send: (event: HostEvent, sent: () => void) => void
  /** Ends the process at once. */
  readonly exit: () => void
}

/** Threads end by themselves after `close`; who lingers (a timer of the job's code) is not waited for longer. */
const LINGER_MS = 200
/** So long is waited for what slots say of their memory. */
const MEASURE_MS_MAX = 50

export class JobSupervisor {
  readonly #options: JobSupervisorOptions
  readonly #threads: SupervisedThread[] = []
  readonly #bySlot = new Map<number, SupervisedThread>()
  readonly #console: OutputBuffer
  #fence: Fence | null = null
  /** Of Weir's packages: frames below it are not the user's. */
  #ownDirectory: string | null = null
  #prepared = 0
  #ending = false

  constructor(options: JobSupervisorOptions) {
    this.#options = options
    this.#console = new OutputBuffer(options.scheduler, (lines) => {
      const slot = this.#bySlot.keys().next().value ?? 0
      options.send({ type: 'slot', slot, event: { type: 'output', lines } }, () =>
        this.#console.taken(),
      )
    })
    while (this.#threads.length < options.threads) this.#addThread()
  }

  take(command: HostCommand): void {
    switch (command.type) {
      case 'start':
        return this.#answer(command.id, this.#start(command.start))
      case 'slot':
        // Commands to a slot whose group has failed to start have no addressee.
        return this.#bySlot.get(command.slot)?.send({ type: 'slot', command: command.command })
      case 'probe':
        return this.#answer(command.id, this.#probe())
      case 'close':
        return this.#close(command.id)
      default:
        unreachable(command)
    }
  }

  #addThread(): void {
    const thread: SupervisedThread = new SupervisedThread({
      entry: this.#options.threadEntry,
      heapBytesMax: this.#options.heapBytesMax,
      clock: this.#options.scheduler,
      onPrepared: () => {
        this.#prepared++
        if (this.#prepared === this.#options.threads) this.#send({ type: 'prepared' })
      },
      onEvent: (event) => this.#relay(thread, event),
      onLine: (stream, text) => {
        const fence = this.#fence
        if (fence !== null) this.#console.push({ fence, task: null, stream, text })
      },
      onLost: (failure) => this.#lost(failure),
    })
    this.#threads.push(thread)
  }

  // ---- start ----

  async #start(start: GroupStart): Promise<StartResult> {
    assert(this.#fence === null, 'a job process serves one attempt of one job')
    this.#fence = start.request.fence
    this.#ownDirectory = ownDirectory(start.runtimeRoot)
    const { slots } = start.request
    while (this.#threads.length < slots.length) this.#addThread()
    slots.forEach((slot, i) =>
      this.#bySlot.set(slot, present(this.#threads[i], 'a thread for each slot')),
    )
    this.#closeSpareThreads()
    const ports = connectAll(slots)
    const opening = slots.map((slot): Promise<SlotEndpoint> => {
      const siblings = [...(ports.get(slot) ?? [])].map(([sibling, port]) => ({
        slot: sibling,
        port,
      }))
      return present(this.#bySlot.get(slot), 'the thread of a slot').open({ slot, start, siblings })
    })
    return { endpoints: await Promise.all(opening) }
  }

  #closeSpareThreads(): void {
    const used = new Set(this.#bySlot.values())
    for (const thread of this.#threads) {
      // Cannot reject: both outcomes are handled; a spare thread that is gone already is no loss.
      if (!used.has(thread)) void thread.close().then(noteNothing, noteNothing)
    }
  }

  // ---- relays ----

  #relay(thread: SupervisedThread, event: SlotEvent): void {
    for (const [slot, candidate] of this.#bySlot) {
      if (candidate !== thread) continue
      if (isEnd(event)) return this.#relayEnd(slot, event)
      const isOutput = event.type === 'output'
      this.#options.send({ type: 'slot', slot, event }, () => {
        if (isOutput && !this.#ending) thread.send({ type: 'output-taken' })
      })
      return
    }
  }

  /** Behind what the task wrote to the console, which comes another way: a turn later it is here. */
  #relayEnd(slot: number, event: SlotEvent): void {
    this.#options.scheduler.nextTurn(() => {
      this.#console.flush()
      this.#options.send({ type: 'slot', slot, event }, noteNothing)
    })
  }

  async #probe(): Promise<ProbeResult> {
    const threads = [...this.#bySlot.values()]
    const slotLoopAgesMs = threads.map((thread) => thread.loopAgeMs())
    // A thread in native code does not answer; what it said before does.
    await Promise.race([
      Promise.all(threads.map((thread) => thread.measure())),
      new Promise<void>((resolve) => this.#options.scheduler.timer(MEASURE_MS_MAX, resolve)),
    ])
    return {
      rssBytes: this.#options.rssBytes(),
      slotLoopAgesMs,
      slotMemory: threads.map(({ memory }) => memory),
    }
  }

  #answer(id: number, work: Promise<unknown>): void {
    const reply = (outcome: Reply['outcome']): void => this.#send({ type: 'reply', id, outcome })
    // Cannot reject: both outcomes are handled.
    void work.then(
      (ok) => reply({ ok }),
      (error: unknown) => reply({ failure: toFailure(error) }),
    )
  }

  #send(event: HostEvent): void {
    this.#options.send(event, noteNothing)
  }

  // ---- the end ----

  #lost(failure: Failure): void {
    if (this.#ending) return
    this.#ending = true
    this.#console.flush()
    const located =
      this.#ownDirectory === null ? failure : withUserLocation(failure, [this.#ownDirectory])
    this.#options.send({ type: 'lost', failure: located }, this.#options.exit)
  }

  #close(id: number): void {
    this.#ending = true
    const gone = Promise.allSettled(this.#threads.map((thread) => thread.exited))
    // Cannot reject: allSettled never does.
    void Promise.allSettled(this.#threads.map((thread) => thread.close())).then(async () => {
      await Promise.race([
        gone,
        new Promise<void>((resolve) => this.#options.scheduler.timer(LINGER_MS, resolve)),
      ])
      this.#console.flush()
      this.#options.send({ type: 'reply', id, outcome: { ok: null } }, this.#options.exit)
    })
  }
}

const isEnd = (event: SlotEvent): boolean =>
  event.type === 'task-update' && isTerminal(event.update.change.state)

function noteNothing(): void {}

/** A channel between every two slots: slot → (sibling → this slot's end). */
function connectAll(
  slots: readonly number[],
): ReadonlyMap<number, ReadonlyMap<number, MessagePort>> {
  const ends = new Map(slots.map((slot) => [slot, new Map<number, MessagePort>()]))
  slots.forEach((a, i) => {
    for (const b of slots.slice(i + 1)) {
      const { port1, port2 } = new MessageChannel()
      ends.get(a)?.set(b, port1)
      ends.get(b)?.set(a, port2)
    }
  })
  return ends
}
