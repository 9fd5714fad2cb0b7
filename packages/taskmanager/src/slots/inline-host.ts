// Slots on the caller's own event loop, behind the same interface as job processes: for `weir dev`, where a breakpoint
// just stops, for tests, and for the simulator. It contains nothing: user code that blocks or exits takes its host with
// it.

import type { JobFunctions } from '@weirjs/api/functions'
import type { Scheduler } from '@weirjs/common/core/clock'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { SlotRequest } from '@weirjs/common/core/gateways'
import type { Fence, WorkerId } from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import type { Transport } from '../exchange/exchange.ts'
import type { OperatorFactory, SnapshotFactory } from '../task/factories.ts'
import { withLocations } from './located-listener.ts'
import { SlotRuntime } from './slot-runtime.ts'
import type { Slot, SlotGroup, SlotHost, SlotListener } from './slot.ts'

export interface InlineHostOptions {
  readonly workerId: WorkerId
  readonly scheduler: Scheduler
  readonly prng: Prng
  /** The job's functions, anew for each slot: slots share no closures. Rejects with `job/...`. */
  readonly functions: (request: SlotRequest) => Promise<JobFunctions>
  /** A transport of its own for each slot, answering to `address`. */
  readonly transport: (address: string) => Transport
  readonly operators: OperatorFactory
  readonly snapshots: SnapshotFactory
  /** Directory of Weir's packages: given, failures name the first line of the user's code below them. */
  readonly ownDirectory?: string
}

export class InlineSlotHost implements SlotHost {
  readonly #options: InlineHostOptions

  constructor(options: InlineHostOptions) {
    this.#options = options
  }

  async start(request: SlotRequest, listener: SlotListener): Promise<InlineSlotGroup> {
    const functions = await Promise.all(request.slots.map(() => this.#options.functions(request)))
    const { ownDirectory } = this.#options
    const gate = new ListenerGate(
      ownDirectory === undefined ? listener : withLocations(listener, ownDirectory),
    )
    const slots = request.slots.map((slot, i) =>
      this.#slot(request, slot, functions[i] as JobFunctions, gate),
    )
    return new InlineSlotGroup(request.fence, slots, gate, this.#options.scheduler)
  }

  #slot(request: SlotRequest, slot: number, functions: JobFunctions, listener: SlotListener): Slot {
    const { workerId, scheduler, prng, operators, snapshots, transport } = this.#options
    const { jobId, epoch, attempt } = request.fence
    const dataAddress = `${workerId}/${slot}/${jobId}/${epoch}/${attempt}`
    return new SlotRuntime({
      endpoint: { workerId, slot, dataAddress },
      scheduler,
      functions,
      request,
      listener,
      operators,
      snapshots,
      prng: prng.fork(),
      exchange: transport(dataAddress),
    })
  }
}

/** Passes on what slots say, until their group is dead. */
class ListenerGate implements SlotListener {
  readonly #listener: SlotListener
  closed = false

  constructor(listener: SlotListener) {
    this.#listener = listener
  }

  readonly taskUpdate: SlotListener['taskUpdate'] = (update) => {
    if (!this.closed) this.#listener.taskUpdate(update)
  }
  readonly acknowledge: SlotListener['acknowledge'] = (ack) => {
    if (!this.closed) this.#listener.acknowledge(ack)
  }
  readonly decline: SlotListener['decline'] = (decline) => {
    if (!this.closed) this.#listener.decline(decline)
  }
  readonly output: SlotListener['output'] = (line) => {
    if (!this.closed) this.#listener.output(line)
  }
}

export class InlineSlotGroup implements SlotGroup {
  readonly fence: Fence
  readonly slots: readonly Slot[]
  readonly #gate: ListenerGate
  readonly #scheduler: Scheduler
  #onLost: ((failure: Failure) => void) | null = null
  #over = false

  constructor(fence: Fence, slots: readonly Slot[], gate: ListenerGate, scheduler: Scheduler) {
    this.fence = fence
    this.slots = slots
    this.#gate = gate
    this.#scheduler = scheduler
  }

  onLost(callback: (failure: Failure) => void): void {
    this.#onLost = callback
  }

  /** A slot that does not close within the grace is left behind: there is no force on one's own loop. */
  async close(graceMs: number): Promise<void> {
    if (this.#over) return
    this.#over = true
    let cancel = (): void => {}
    const grace = new Promise<void>((resolve) => {
      cancel = this.#scheduler.timer(graceMs, resolve)
    })
    await Promise.race([Promise.allSettled(this.slots.map((slot) => slot.close())), grace])
    cancel()
    this.#gate.closed = true
  }

  /** Nothing more is heard of the slots; they end as soon as they can. */
  kill(reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#gate.closed = true
    // Cannot reject: allSettled never does. Nobody waits: that is what killing means.
    void Promise.allSettled(this.slots.map((slot) => slot.close()))
    const error = new WeirError('job/process-killed', reason, { domain: 'user', retry: 'backoff' })
    this.#scheduler.nextTurn(() => this.#onLost?.(toFailure(error)))
  }
}
