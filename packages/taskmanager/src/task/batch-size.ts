// How many records between two looks at the clock. Cheap records come in full batches; when a batch takes long, because
// the job's functions do, the next ones are smaller, down to a single record, so that a turn stays short.

/** Records between two looks at the clock, at most. */
export const BATCH_RECORDS_MAX = 128
/** A batch that took longer is halved … */
const BATCH_SLOW_MS = 0.5
/** … and one that took less is doubled. */
const BATCH_FAST_MS = 0.1

export class BatchSize {
  records: number = BATCH_RECORDS_MAX

  /** The last batch took so long. */
  adapt(elapsedMs: number): void {
    if (elapsedMs > BATCH_SLOW_MS) this.records = Math.max(1, this.records >> 1)
    else if (elapsedMs < BATCH_FAST_MS && this.records < BATCH_RECORDS_MAX) this.records *= 2
  }
}
