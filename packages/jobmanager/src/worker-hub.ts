// What one job may ask of the cluster: a worker's gateway, and seats. Implemented by the JobManager, which sees all jobs.

import type { Failure } from '@weirjs/common/core/errors'
import type { WorkerGateway } from '@weirjs/common/core/gateways'
import type { JobId, SlotRef, WorkerId } from '@weirjs/common/core/ids'
import type { SeatName, SeatsWanted } from './core/plan/slot-allocator.ts'

export interface WorkerHub {
  /** Null: the worker is not (or no more) registered. */
  gateway(worker: WorkerId): WorkerGateway | null
  /**
   * Newer requests of a job replace older ones. `granted` is called when there is room for some of the batches, perhaps at once,
   * perhaps more than once, perhaps never. Until all are there, the job holds on to what it had.
   */
  requestSeats(
    job: JobId,
    wanted: SeatsWanted,
    granted: (seats: ReadonlyMap<SeatName, SlotRef>) => void,
  ): void
  freeSeats(job: JobId): void
  /** A call by `gateway` found nobody there: the worker is given up, unless it has come back by another way since. */
  unreachable(worker: WorkerId, gateway: WorkerGateway, failure: Failure): void
}
