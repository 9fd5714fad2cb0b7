/**
 * The end of a connection is known at once, in milliseconds; a busy machine, or one that pauses, may take so long. By its own
 * keepalive, the other way to learn of it, gRPC needs twenty seconds.
 */
export const SOON_MS_MAX = 15_000
