// A job of `weir dev` has the process's only loop: code that never comes back takes Ctrl-C with it, and nothing would say so.
// A thread of its own hears the loop beat.

import { url as inspectorUrl } from 'node:inspector'
import { Worker } from 'node:worker_threads'

export interface StallWatch {
  /** How often the loop has come round; and 1 when a debugger could be attached as it last did. */
  readonly beat: Int32Array
  readonly standsMs: number
  /** For how long it must still stand when it was seen to. */
  readonly againMs: number
  readonly pid: number
}

const BEAT_MS = 500
const AGAIN_MS = 2 * BEAT_MS
const STANDS_MS = 5_000 - AGAIN_MS
const SOURCE = import.meta.url.endsWith('.ts')

/** Undefined under a debugger, where whoever is at a breakpoint blocks the loop and knows it. */
export function noticeStalls(): AsyncDisposable | undefined {
  if (inspectorUrl() !== undefined) return undefined
  const beat = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  const workerData: StallWatch = {
    beat,
    standsMs: STANDS_MS,
    againMs: AGAIN_MS,
    pid: process.pid,
  }
  const entry = new URL(`./stall-notice-entry.${SOURCE ? 'ts' : 'js'}`, import.meta.url)
  const thread = new Worker(entry, { workerData })
  thread.unref()
  const come = (): void => {
    // It may have been opened since (kill -USR1), and only this thread can know.
    Atomics.store(beat, 1, inspectorUrl() === undefined ? 0 : 1)
    Atomics.add(beat, 0, 1)
    Atomics.notify(beat, 0)
  }
  come()
  const beating = setInterval(come, BEAT_MS)
  beating.unref()
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(beating)
      await thread.terminate()
    },
  }
}
