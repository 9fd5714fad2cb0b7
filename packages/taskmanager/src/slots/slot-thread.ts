// A slot inside its worker thread: takes commands from the main thread of the job process, makes the slot when it is
// told to, and sends what it says. What kind of slot is passed in. It ends by closing its port: a thread is never
// terminated from outside (D8).

import type { MessagePort } from 'node:worker_threads'
import { assert, unreachable } from '@weirjs/common/core/assert'
import type { Scheduler } from '@weirjs/common/core/clock'
import { toFailure } from '@weirjs/common/core/errors'
import { isTerminal } from '../core/task-states.ts'
import { OutputBuffer } from './output-buffer.ts'
import type {
  Reply,
  SlotCommand,
  SlotEvent,
  SlotOpen,
  ThreadCommand,
  ThreadData,
  ThreadEvent,
} from './protocol.ts'
import type { Slot, SlotListener } from './slot.ts'

/** Loads the job and makes the slot. Rejects with `job/...` when the bundle does not load. */
export type OpenSlot = (open: SlotOpen, listener: SlotListener) => Promise<Slot>

const TURN_MS = 50

export interface SlotThreadOptions {
  readonly port: MessagePort
  readonly data: ThreadData
  readonly scheduler: Scheduler
  readonly openSlot: OpenSlot
}

export class SlotThread {
  readonly #options: SlotThreadOptions
  readonly #output: OutputBuffer
  #slot: Slot | null = null
  #stopReports = (): void => {}
  #stopTurns = (): void => {}

  constructor(options: SlotThreadOptions) {
    this.#options = options
    this.#output = new OutputBuffer(options.scheduler, (lines) =>
      this.#tell({ type: 'output', lines }),
    )
  }

  /** Listens until it is told to close. */
  serve(): void {
    this.#options.port.on('message', (command: ThreadCommand) => this.#take(command))
    this.#countTurns()
    this.#send({ type: 'prepared' })
  }

  #take(command: ThreadCommand): void {
    switch (command.type) {
      case 'open':
        this.#answer(command.id, this.#open(command.open))
        return
      case 'slot':
        this.#pass(command.command)
        return
      case 'output-taken':
        this.#output.taken()
        return
      case 'close':
        this.#answer(command.id, this.#close())
        return
      default:
        unreachable(command)
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

  async #open(open: SlotOpen): Promise<unknown> {
    const slot = await this.#options.openSlot(open, this.#listener())
    this.#slot = slot
    this.#pushReports(open.start.reportIntervalMs)
    return slot.endpoint
  }

  async #close(): Promise<void> {
    this.#stopReports()
    this.#stopTurns()
    try {
      await this.#slot?.close()
    } finally {
      this.#output.flush()
      // Nothing keeps the thread's loop alive after this turn; the answer goes out before.
      this.#options.scheduler.nextTurn(() => this.#options.port.close())
    }
  }

  #pass(command: SlotCommand): void {
    const slot = this.#slot
    assert(slot !== null, 'a command comes after the slot was opened')
    switch (command.type) {
      case 'deploy':
        return slot.deploy(command.request)
      case 'run':
        return slot.run(command.request)
      case 'cancel':
        return slot.cancel(command.request)
      case 'trigger':
        return slot.trigger(command.request)
      case 'notify-complete':
        return slot.notifyComplete(command.notice)
      case 'notify-aborted':
        return slot.notifyAborted(command.notice)
      default:
        unreachable(command)
    }
  }

  #listener(): SlotListener {
    return {
      taskUpdate: (update) => {
        // Nobody listens to a task's output behind its end.
        if (isTerminal(update.change.state)) this.#output.flush()
        // The last numbers arrive before the news that there will be no more.
        if (update.change.state === 'end-of-data') this.#report()
        this.#tell({ type: 'task-update', update })
      },
      acknowledge: (ack) => this.#tell({ type: 'acknowledge', ack }),
      decline: (decline) => this.#tell({ type: 'decline', decline }),
      output: (line) => this.#output.push(line),
    }
  }

  #pushReports(intervalMs: number): void {
    const push = (): void => {
      this.#stopReports = this.#options.scheduler.timer(intervalMs, push)
      this.#report()
    }
    push()
  }

  #report(): void {
    const tasks = this.#slot?.report() ?? []
    if (tasks.length > 0) this.#tell({ type: 'report', tasks })
  }

  /** Moves the shared word with the loop, so that the main thread sees from outside whether it turns. */
  #countTurns(): void {
    const { scheduler, data } = this.#options
    const turn = (): void => {
      Atomics.add(data.turns, 0, 1)
      this.#stopTurns = scheduler.timer(TURN_MS, turn)
    }
    turn()
  }

  #tell(event: SlotEvent): void {
    this.#send({ type: 'event', event })
  }

  #send(event: ThreadEvent): void {
    this.#options.port.postMessage(event)
  }
}
