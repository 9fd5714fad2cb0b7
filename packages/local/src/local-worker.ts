// One TaskManager of a local cluster: the real worker, with slots on the caller's loop. It can be killed as a process
// can, and then it is gone: a new one has another name.

import type { JobFunctions } from '@weirjs/api/functions'
import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { Failure } from '@weirjs/common/core/errors'
import type { CoordinatorGateway, SlotRequest, WorkerGateway } from '@weirjs/common/core/gateways'
import type { WorkerId } from '@weirjs/common/core/ids'
import type { Log } from '@weirjs/common/core/log'
import type { Prng } from '@weirjs/common/core/prng'
import { WEIR_VERSION } from '@weirjs/common/core/version'
import type { Transport } from '@weirjs/taskmanager/exchange/exchange'
import { createOperator } from '@weirjs/taskmanager/operators/registry'
import { InlineSlotHost } from '@weirjs/taskmanager/slots/inline-host'
import { heapSnapshots } from '@weirjs/taskmanager/state/state-factory'
import { Worker } from '@weirjs/taskmanager/worker'

export interface LocalWorkerOptions {
  readonly workerId: WorkerId
  readonly slots: number
  readonly scheduler: Scheduler
  readonly prng: Prng
  readonly storage: CheckpointStorage
  readonly log: Log
  /** As this worker sees the JobManager. */
  readonly coordinator: CoordinatorGateway
  /** A data-plane transport that answers to `address`. */
  readonly transport: (address: string) => Transport
  /** The functions of the job that a request is about, built anew at each call. */
  readonly functions: (request: SlotRequest) => Promise<JobFunctions>
  readonly ownDirectory?: string
  /** The JobManager refuses this worker for good. */
  readonly onRefused: (failure: Failure) => void
}

export class LocalWorker {
  readonly workerId: WorkerId
  readonly #worker: Worker
  #gone = false

  constructor(options: LocalWorkerOptions) {
    const { workerId, slots, scheduler, prng, storage, log, coordinator } = options
    this.workerId = workerId
    const host = new InlineSlotHost({
      workerId,
      scheduler,
      prng: prng.fork(),
      functions: options.functions,
      transport: options.transport,
      operators: createOperator,
      snapshots: heapSnapshots({ storage, clock: scheduler }),
      ...(options.ownDirectory === undefined ? {} : { ownDirectory: options.ownDirectory }),
    })
    this.#worker = new Worker({
      registration: { workerId, controlAddress: workerId, slots, pid: 0, version: WEIR_VERSION },
      coordinator,
      host,
      scheduler,
      prng: prng.fork(),
      log,
      rssBytes: () => 0,
      onRefused: (failure) => {
        log.error({ failure }, 'the JobManager refuses this worker')
        options.onRefused(failure)
      },
    })
  }

  start(): void {
    this.#worker.start()
  }

  /** Null once it is killed or closed. */
  get gateway(): WorkerGateway | null {
    return this.#gone ? null : this.#worker.gateway
  }

  /** It holds slots for some job. */
  get busy(): boolean {
    return this.#worker.groupCount > 0
  }

  get counters(): Worker['counters'] {
    return this.#worker.counters
  }

  /** Its connection to the JobManager broke. */
  connectionLost(reason: string): void {
    if (!this.#gone) this.#worker.connectionLost(reason)
  }

  /** As kill -9 would: nobody hears anything from it any more. */
  kill(): void {
    this.#gone = true
    this.#worker.crash()
  }

  /** Says good-bye and closes its slots. */
  async close(reason: string): Promise<void> {
    if (this.#gone) return
    await this.#worker.close(reason)
    this.#gone = true
  }
}
