// The thread beside a job of `weir dev`: says, past the thread that is blocked, why Ctrl-C does nothing.

import { writeSync } from 'node:fs'
import { workerData } from 'node:worker_threads'
import type { StallWatch } from './stall-notice.ts'

const STDERR = 2
const { beat, standsMs, againMs, pid } = workerData as StallWatch

const stands = (seen: number, forMs: number): boolean =>
  Atomics.wait(beat, 0, seen, forMs) === 'timed-out'

for (;;) {
  const seen = Atomics.load(beat, 0)
  // The time in which the whole process was stopped (Ctrl-Z) counts; a loop that is free comes round as soon as it goes on.
  if (!stands(seen, standsMs) || !stands(seen, againMs)) continue
  if (Atomics.load(beat, 1) === 0)
    writeSync(
      STDERR,
      `the job's code has blocked this process for ${(standsMs + againMs) / 1_000} s; until it goes on Ctrl-C is not heard, and only \`kill -9 ${pid}\` ends it\n`,
    )
  Atomics.wait(beat, 0, seen)
}
