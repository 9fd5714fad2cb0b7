// What one job may ask of the cluster: a worker's gateway, and seats. Implemented by the JobManager, which sees all jobs.

import type { Failure } from '@weirjs/common/core/errors'
import type { WorkerGateway } from '@weirjs/common/core/gateways'
import type { JobId, SlotRef, WorkerId } from '@weirjs/common/core/ids'
import type { SeatName, SeatRequest } from './core/plan/slot-allocator.ts'

export interface WorkerHub {
  /** Null: the worker is not (or no more) registered. */
  gateway(worker: WorkerId): WorkerGateway | null
  /** Newer requests of a job replace older ones. `granted` is called once, perhaps at once, perhaps never. */
  requestSeats(
    job: JobId,
    request: SeatRequest,
    granted: (seats: ReadonlyMap<SeatName, SlotRef>) => void,
  ): void
  freeSeats(job: JobId): void
  /** A call by `gateway` found nobody there: the worker is given up, unless it has come back by another way since. */
  unreachable(worker: WorkerId, gateway: WorkerGateway, failure: Failure): void
}
