// Order, partitions and time of the benchmark's streams (SPEC §1).

/** Milliseconds since 1970 of event 0. */
export const BASE_TIME_MS = 1_436_918_400_000
/** Stream positions that lie together in one partition. */
export const BLOCK_EVENTS = 1_000

export interface StreamShape {
  /** A multiple of 1,000. */
  readonly events: number
  readonly seed: number
  /** Events within so many positions are out of order: 1 (in order) or 1,000. */
  readonly group: number
  readonly partitions: number
}

/** Number of the event at stream position `position`. */
export function eventNumber(position: number, group: number): number {
  return Math.floor(position / group) * group + ((position * 953) % group)
}

/** Stream position of the k-th record of `partition`. */
export function positionOf(k: number, partition: number, partitions: number): number {
  return (Math.floor(k / BLOCK_EVENTS) * partitions + partition) * BLOCK_EVENTS + (k % BLOCK_EVENTS)
}

/** Records in `partition`. */
export function partitionEvents(events: number, partition: number, partitions: number): number {
  const blocks = events / BLOCK_EVENTS
  return (
    (Math.floor(blocks / partitions) + (blocks % partitions > partition ? 1 : 0)) * BLOCK_EVENTS
  )
}

/** Event time of event `n`, in ms since 1970. */
export function eventTimeMs(n: number): number {
  return BASE_TIME_MS + Math.floor(n / 100)
}

/** Throws RangeError for what the SPEC does not allow. */
export function checkShape({ events, seed, group, partitions }: StreamShape): void {
  if (!Number.isSafeInteger(events) || events < 0 || events % BLOCK_EVENTS !== 0) {
    throw new RangeError(`events: a multiple of ${BLOCK_EVENTS} is needed, not ${events}`)
  }
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`seed: 0 to 2^53 - 1 is needed, not ${seed}`)
  if (group !== 1 && group !== BLOCK_EVENTS)
    throw new RangeError(`out-of-order: 1 or 1000 is needed, not ${group}`)
  if (!Number.isSafeInteger(partitions) || partitions < 1)
    throw new RangeError(`partitions: at least 1, not ${partitions}`)
}
