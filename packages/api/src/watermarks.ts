// How far event time has come, as the source tells it: from the time stamps of records, held back by what may still
// arrive out of order. A strategy is a value, given to `env.from`.

import { type Duration, durationMs } from './durations.ts'
import type { WatermarkRuntime } from './functions.ts'

/** Time stamps and watermarks for records of type T. Made by `outOfOrder`, `monotonous`. */
export interface Watermarks<T> {
  /** Milliseconds since 1970 of a record. */
  readonly timestamp: (record: T) => number
  readonly outOfOrderMs: number
  readonly idleAfterMs: number | null
}

export interface WatermarkOptions {
  /** A split that is silent for so long no longer holds the watermark back. Default: it always does. */
  readonly idleness?: Duration
}

/**
 * Records may arrive up to `bound` later than records with higher time stamps: the watermark is the highest time stamp
 * seen minus `bound` minus 1 ms. Throws WeirError `job/bad-duration`.
 */
export function outOfOrder<T>(
  bound: Duration,
  timestamp: (record: T) => number,
  options: WatermarkOptions = {},
): Watermarks<T> {
  return {
    timestamp,
    outOfOrderMs: durationMs(bound, 'the out-of-order bound'),
    idleAfterMs: options.idleness === undefined ? null : durationMs(options.idleness, 'idleness'),
  }
}

/** Time stamps never fall within a split: the watermark follows 1 ms behind the highest. */
export function monotonous<T>(
  timestamp: (record: T) => number,
  options: WatermarkOptions = {},
): Watermarks<T> {
  return outOfOrder(0, timestamp, options)
}

/** The untyped form that the engine reads. */
export function watermarkRuntime<T>(
  watermarks: Watermarks<T> | undefined,
): WatermarkRuntime | null {
  if (watermarks === undefined) return null
  return {
    timestamp: watermarks.timestamp as (value: unknown) => number,
    outOfOrderMs: watermarks.outOfOrderMs,
    idleAfterMs: watermarks.idleAfterMs,
  }
}
