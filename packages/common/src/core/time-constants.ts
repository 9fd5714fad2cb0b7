// Event-time limits. Timestamps and watermarks are milliseconds since 1970 as doubles, exact up to ±2^53 - 1.

/** A record without time stamp; also the watermark before any was seen. */
export const NO_TIMESTAMP: number = Number.MIN_SAFE_INTEGER
export const MIN_WATERMARK: number = Number.MIN_SAFE_INTEGER
/** No more records will come: closes every window. */
export const MAX_WATERMARK: number = Number.MAX_SAFE_INTEGER
