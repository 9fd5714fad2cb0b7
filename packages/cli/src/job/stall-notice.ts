// A job of `weir dev` has the process's only loop: code that never comes back takes Ctrl-C with it, and nothing would say so.
// A thread of its own hears the loop beat.

import { url as inspectorUrl } from 'node:inspector'
import { Worker } from 'node:worker_threads'

export interface StallWatch {
  readonly beat: Int32Array
  readonly noticeMs: number
  readonly pid: number
}

const NOTICE_MS = 5_000
const BEAT_MS = 500
const SOURCE = import.meta.url.endsWith('.ts')

/** Undefined under a debugger, where whoever is at a breakpoint blocks the loop and knows it. */
export function noticeStalls(): AsyncDisposable | undefined {
  if (inspectorUrl() !== undefined) return undefined
  const beat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  const workerData: StallWatch = { beat, noticeMs: NOTICE_MS, pid: process.pid }
  const entry = new URL(`./stall-notice-entry.${SOURCE ? 'ts' : 'js'}`, import.meta.url)
  const thread = new Worker(entry, { workerData })
  thread.unref()
  const beating = setInterval(() => {
    Atomics.add(beat, 0, 1)
    Atomics.notify(beat, 0)
  }, BEAT_MS)
  beating.unref()
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(beating)
      await thread.terminate()
    },
  }
}
