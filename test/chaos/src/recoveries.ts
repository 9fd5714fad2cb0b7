// How long it took after each kill until all tasks ran again, and until output of a new attempt was visible to readers.
// Kills that cost the job nothing (an idle TaskManager) and those that another one overtook are not counted.

import { isNewer, type WriterLife } from '../../processes/src/committed-output.ts'
import type { JobWatch } from '../../processes/src/job-watch.ts'
import type { Kill, KillKind } from './kills.ts'

export interface RecoverySummary {
  readonly measured: number
  /** Until all tasks ran again. From the kill; where processes had to come back first, from then. */
  readonly runningMs: Spread | null
  /** Until readers saw output that was made after the kill; counted likewise. */
  readonly outputMs: Spread | null
}

export interface Spread {
  readonly median: number
  /** 95 of 100 took at most so long. */
  readonly p95: number
  readonly max: number
}

export interface LifeBefore {
  readonly attempt: number
  readonly writer: WriterLife
}

interface Recovery {
  readonly kill: Kill
  readonly before: LifeBefore
  runningAtMs: number | null
  outputAtMs: number | null
}

export class Recoveries {
  readonly #done: Recovery[] = []
  #current: Recovery | null = null

  /** A kill that is still being recovered from is forgotten. */
  begin(kill: Kill, before: LifeBefore): void {
    this.#current = { kill, before, runningAtMs: null, outputAtMs: null }
  }

  /** What comes now is no answer to the fault before: others strike, or none does. */
  forget(): void {
    this.#current = null
  }

  look(watch: JobWatch, newest: WriterLife): void {
    const recovery = this.#current
    if (recovery === null) return
    recovery.runningAtMs ??= watch.runningAfter(recovery.before.attempt)
    if (!isNewer(newest, recovery.before.writer)) return
    recovery.outputAtMs = performance.now()
    this.#done.push(recovery)
    this.#current = null
  }

  /** Kills that have been recovered from. */
  get count(): number {
    return this.#done.length
  }

  summary(): Readonly<Record<KillKind, RecoverySummary>> {
    return {
      taskmanager: this.#of('taskmanager'),
      'job-process': this.#of('job-process'),
      jobmanager: this.#of('jobmanager'),
      everything: this.#of('everything'),
      pause: this.#of('pause'),
      partition: this.#of('partition'),
    }
  }

  #of(kind: KillKind): RecoverySummary {
    const ours = this.#done.filter(({ kill }) => kill.kind === kind)
    const needsReturn = kind === 'jobmanager' || kind === 'everything'
    const sinceMs = ({ kill }: Recovery): number => (needsReturn ? kill.restartedAtMs : kill.atMs)
    const until = (at: (one: Recovery) => number | null): number[] =>
      ours.flatMap((one) => {
        const atMs = at(one)
        return atMs === null ? [] : [Math.round(atMs - sinceMs(one))]
      })
    return {
      measured: ours.length,
      runningMs: spreadOf(until((one) => one.runningAtMs)),
      outputMs: spreadOf(until((one) => one.outputAtMs)),
    }
  }
}

function spreadOf(times: readonly number[]): Spread | null {
  const sorted = times.toSorted((a, b) => a - b)
  const max = sorted.at(-1)
  const at = (share: number): number | undefined =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  const [median, p95] = [at(0.5), at(0.95)]
  if (max === undefined || median === undefined || p95 === undefined) return null
  return { median, p95, max }
}
