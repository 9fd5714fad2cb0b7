// What code in a slot thread prints waits in that thread until the main thread of its process has taken it. A loop that
// prints faster than that would fill the slot's own heap with it; and one whose lines are taken as fast as it prints them
// fills the process with what the main thread has cut into lines and not collected yet, only for them to be dropped behind
// it. Beyond a bound of what waits, and of what comes in a second, it is dropped here, counted, and told.

import type { Writable } from 'node:stream'
import type { Clock } from '@weirjs/common/core/clock'
import { CHARS_PER_GATHER_MAX, CHARS_WAITING_MAX, GATHER_MS } from './output-buffer.ts'

export const WRITES_WAITING_BYTES_MAX: number = 4 * 1_024 * 1_024
/** Twice what may leave the process in that time. */
export const WRITES_BYTES_PER_MS_MAX: number = (2 * CHARS_PER_GATHER_MAX) / GATHER_MS
/** At once, after a while without any. The main thread has room for as much. */
export const WRITES_BURST_BYTES_MAX: number = CHARS_WAITING_MAX

type Write = Writable['write']

/** From now on `stream` drops what is written while more than WRITES_WAITING_BYTES_MAX wait in it, or comes too fast. */
export function dropWhenFull(stream: Writable, clock: Clock): void {
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  let dropped = 0
  let allowance = WRITES_BURST_BYTES_MAX
  let allowedAtMs = clock.nowMs()
  const tooFast = (): boolean => {
    const nowMs = clock.nowMs()
    const earned = (nowMs - allowedAtMs) * WRITES_BYTES_PER_MS_MAX
    allowance = Math.min(WRITES_BURST_BYTES_MAX, allowance + earned)
    allowedAtMs = nowMs
    return allowance <= 0
  }
  const bounded = (...args: readonly unknown[]): boolean => {
    if (stream.writableLength > WRITES_WAITING_BYTES_MAX || tooFast()) {
      dropped++
      const done = args.findLast((arg) => typeof arg === 'function') as (() => void) | undefined
      if (done !== undefined) process.nextTick(done)
      return false
    }
    if (dropped > 0) {
      write(`… ${dropped} writes dropped\n`)
      dropped = 0
    }
    allowance -= lengthOf(args[0])
    return write(...args)
  }
  stream.write = bounded as Write
}

/** Of text in UTF-16 units, which is near enough. */
function lengthOf(chunk: unknown): number {
  if (typeof chunk === 'string') return chunk.length
  return ArrayBuffer.isView(chunk) ? chunk.byteLength : 0
}
