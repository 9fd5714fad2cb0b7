// What code in a slot thread prints waits in that thread until the main thread of its process has taken it. A loop that
// prints faster than that would fill the slot's own heap with it; beyond a bound it is dropped, counted, and told.

import type { Writable } from 'node:stream'

export const WRITES_WAITING_BYTES_MAX: number = 4 * 1_024 * 1_024

type Write = Writable['write']

/** From now on `stream` drops what is written while more than WRITES_WAITING_BYTES_MAX wait in it. */
export function dropWhenFull(stream: Writable): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  let dropped = 0
  const bounded = (...args: readonly unknown[]): boolean => {
    if (stream.writableLength > WRITES_WAITING_BYTES_MAX) {
      dropped++
      const done = args.findLast((arg) => typeof arg === 'function') as (() => void) | undefined
      if (done !== undefined) process.nextTick(done)
      return false
    }
    if (dropped > 0) {
      write(`… ${dropped} writes dropped\n`)
      dropped = 0
    }
    return write(...args)
  }
  stream.write = bounded as Write
}
