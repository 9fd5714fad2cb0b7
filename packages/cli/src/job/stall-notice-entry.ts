// The thread beside a job of `weir dev`: says, past the thread that is blocked, why Ctrl-C does nothing.

import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { StallWatch } from './stall-notice.ts'

const STDERR = 2
const { beat, noticeMs, pid } = workerData as StallWatch

for (;;) {
  const seen = Atomics.load(beat, 0)
  if (Atomics.wait(beat, 0, seen, noticeMs) !== 'timed-out') continue
  writeSync(
    STDERR,
    `the job's code has blocked this process for ${noticeMs / 1_000} s; until it goes on Ctrl-C is not heard, and only \`kill -9 ${pid}\` ends it\n`,
  )
  Atomics.wait(beat, 0, seen)
}
