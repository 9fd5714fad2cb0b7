// Job processes of a simulated TaskManager: each group of slots is a process of its own, which can be killed alone. The
// slots inside are the real SlotRuntime with the real operators, heap state and snapshot files.

import type { JobFunctions } from '@weirjs/api/functions'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Clock } from '@weirjs/common/core/clock'
import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { SlotRequest } from '@weirjs/common/core/gateways'
import type { BundleHash, Fence, JobId, WorkerId } from '@weirjs/common/core/ids'
import type { Prng } from '@weirjs/common/core/prng'
import { createOperator } from '@weirjs/taskmanager/operators/registry'
import type { Slot, SlotGroup, SlotHost, SlotListener } from '@weirjs/taskmanager/slots/slot'
import { SlotRuntime } from '@weirjs/taskmanager/slots/slot-runtime'
import { heapSnapshots } from '@weirjs/taskmanager/state/state-factory'
import { copy } from './copy.ts'
import { SimProcess } from './process.ts'
import { SimTransport, type Switchboard } from './sim-transport.ts'
import type { World } from './world.ts'

/** What may pass between two looks at the clock of a snapshot, and how often it does. */
const LOOK_MS_MAX = 3
const LOOK_TAKES_TIME = 0.5

export interface SimSlotHostOptions {
  readonly world: World
  readonly board: Switchboard
  readonly workerId: WorkerId
  /** The TaskManager: its job processes die with it. */
  readonly parent: SimProcess
  /** The checkpoint storage as the job process reaches it. */
  readonly storage: (process: SimProcess) => CheckpointStorage
  /** The job's code, from the JobManager. What it holds is not used: `build` makes the functions. */
  readonly fetch: (jobId: JobId, hash: BundleHash) => Promise<unknown>
  /** Builds the job anew, as each slot does from the bundle. `process` is for what connectors need of it. */
  readonly build: (request: SlotRequest, process: SimProcess) => JobFunctions
}

export class SimSlotHost implements SlotHost {
  readonly #options: SimSlotHostOptions
  readonly processes: Set<SimProcess> = new Set()
  readonly #fetched = new Set<BundleHash>()
  #started = 0

  constructor(options: SimSlotHostOptions) {
    this.#options = options
  }

  async start(request: SlotRequest, listener: SlotListener): Promise<SlotGroup> {
    const { world, parent, workerId, fetch } = this.#options
    const { bundle, fence } = request
    if (!this.#fetched.has(bundle)) await fetch(fence.jobId, bundle)
    this.#fetched.add(bundle)
    const name = `${workerId}-job${this.#started++}`
    const process = new SimProcess(world, name, parent.machine, fence.jobId)
    parent.onKill(() => process.kill())
    this.processes.add(process)
    process.onKill(() => this.processes.delete(process))
    const slots = request.slots.map((slot) => this.#slot(process, request, slot, listener))
    return new SimSlotGroup(world, parent, process, request.fence, slots)
  }

  #slot(process: SimProcess, request: SlotRequest, slot: number, listener: SlotListener): Slot {
    const { world, board, workerId, parent } = this.#options
    const endpoint = { workerId, slot, dataAddress: `${process.name}:${slot}` }
    const storage = this.#options.storage(process)
    // What a slot tells crosses from the job process to the TaskManager.
    const tell =
      <T>(say: (message: T) => void) =>
      (message: T): void => {
        const heard = copy(message)
        world.scheduler.nextTurn(() => parent.run(() => say(heard)))
      }
    const runtime = new SlotRuntime({
      endpoint,
      scheduler: process,
      prng: world.prng.fork(),
      exchange: new SimTransport(board, process, endpoint.dataAddress),
      functions: this.#options.build(request, process),
      request,
      listener: {
        taskUpdate: tell((update) => {
          if (update.change.state === 'failed') noteFailure(world, update.change.failure)
          listener.taskUpdate(update)
        }),
        acknowledge: tell((ack) => listener.acknowledge(ack)),
        decline: tell((decline) => listener.decline(decline)),
        output: tell((line) => listener.output(line)),
      },
      operators: createOperator,
      snapshots: heapSnapshots({ storage, clock: workingClock(process, world.prng.fork()) }),
    })
    return inProcess(runtime, process)
  }
}

/**
 * Time stands while a turn of a simulated loop runs, so that no work in it would ever take its whole slice. To those who
 * measure slices it seems to go on between two looks.
 */
function workingClock(process: SimProcess, prng: Prng): Clock {
  let aheadMs = 0
  return {
    nowMs: () => {
      if (prng.chance(LOOK_TAKES_TIME)) aheadMs += prng.float() * LOOK_MS_MAX
      return process.nowMs() + aheadMs
    },
    wallMs: () => process.wallMs(),
  }
}

/** The functions of simulated jobs never throw, and assertions hold: only the world fails. */
function noteFailure(world: World, failure: Failure): void {
  const { code, message, domain } = failure
  world.trace(`task failed: ${code}`)
  if (domain !== 'external') world.bug(`task failed: ${code}: ${message}`)
}

/** Calls into the job process: heard only while it lives. */
function inProcess(slot: SlotRuntime, process: SimProcess): Slot {
  return {
    endpoint: slot.endpoint,
    deploy: (request) => process.run(() => slot.deploy(request)),
    run: (request) => process.run(() => slot.run(request)),
    cancel: (request) => process.run(() => slot.cancel(request)),
    trigger: (request) => process.run(() => slot.trigger(request)),
    notifyComplete: (notice) => process.run(() => slot.notifyComplete(notice)),
    notifyAborted: (notice) => process.run(() => slot.notifyAborted(notice)),
    report: () => (process.alive ? slot.report() : []),
    // Does not end while it sleeps, nor when it is killed over it.
    close: () =>
      new Promise((resolve, reject) => {
        process.run(() => void slot.close().then(resolve, reject))
      }),
  }
}

class SimSlotGroup implements SlotGroup {
  readonly fence: Fence
  readonly slots: readonly Slot[]
  readonly #parent: SimProcess
  readonly #process: SimProcess
  #onLost: ((failure: Failure) => void) | null = null
  #closed = false

  constructor(
    world: World,
    parent: SimProcess,
    process: SimProcess,
    fence: Fence,
    slots: readonly Slot[],
  ) {
    this.fence = fence
    this.slots = slots
    this.#parent = parent
    this.#process = process
    process.onKill(() => {
      world.scheduler.timer(1, () => parent.run(() => this.#lost()))
    })
  }

  onLost(callback: (failure: Failure) => void): void {
    this.#onLost = callback
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true
    const ended = Promise.all(this.slots.map((slot) => slot.close()))
    // The TaskManager holds the watch, and kills also one that sleeps.
    const over = new Promise<void>((resolve) => {
      this.#parent.timer(graceMs, resolve)
      this.#process.onKill(resolve)
    })
    await Promise.race([ended, over])
    this.#process.kill()
  }

  kill(_reason: string): void {
    this.#process.kill()
  }

  #lost(): void {
    if (this.#closed) return
    const error = new WeirError('job/process-lost', 'the job process was killed', {
      domain: 'external',
      retry: 'immediate',
    })
    this.#onLost?.(toFailure(error))
  }
}
