// The generator, with a clock that ticks coarsely: it looks for what its rate allows every `tickMs` instead of every few
// milliseconds, so that records come in bursts and a simulated second costs fewer events.

import type { Source } from '@weirjs/api/connector'
import type { Scheduler } from '@weirjs/common/core/clock'
import { type GeneratorOptions, generator } from '@weirjs/connectors/generator/generator'

export function paced<T>(tickMs: number, options: GeneratorOptions<T>): Source<T> {
  const source = generator(options)
  return {
    ...source,
    createReader: ({ subtask, parallelism, scheduler, wake }) =>
      source.createReader({
        subtask,
        parallelism,
        scheduler: coarse(scheduler, tickMs),
        wake: () => wake(),
      }),
  } as Source<T>
}

function coarse(scheduler: Scheduler, tickMs: number): Scheduler {
  return {
    nowMs: () => scheduler.nowMs(),
    wallMs: () => scheduler.wallMs(),
    timer: (delayMs, fn) => scheduler.timer(Math.max(delayMs, tickMs), fn),
    nextTurn: (fn) => scheduler.nextTurn(fn),
  }
}
