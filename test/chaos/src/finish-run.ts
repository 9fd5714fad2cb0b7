// One bounded job from its submission to its end, with or without a kill about the time of its final checkpoint. What
// lay behind the last barrier is told by the files: those of an earlier checkpoint were sealed before it was complete.

import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Prng } from '@weirjs/common/core/prng'
import type { CheckpointView } from '@weirjs/common/job-client'
import {
  CommittedOutput,
  readRows,
  stagedFiles,
  visibleFiles,
} from '../../processes/src/committed-output.ts'
import { submitCounting } from '../../processes/src/counting-run.ts'
import { JobWatch } from '../../processes/src/job-watch.ts'
import type { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { cameTrue, until } from '../../processes/src/until.ts'
import type { Violation } from '../../processes/src/violation.ts'
import type { Killer, KillKind } from './kills.ts'

const RECORDS = { low: 24, high: 40 }
/** Some five records come between two barriers of a quiet machine, so few jobs end with nothing behind the last. */
const RECORDS_PER_SECOND = 15
const CHECKPOINT_EACH = '300ms'
const KEYS = 7
const PARALLELISM = 2
const LOOK_MS = 15
const ENDED_MS_MAX = 90_000
const ANSWER_MS_MAX = 30_000
/** Half of the kills come by the clock, so long before the input should end or after it … */
const AIMED_MS = { low: -250, high: 250 }
/** … the others so long after the job has been seen to finish. */
const FINISHING_JITTER_MS = 40

export interface FinishRunOptions {
  readonly cluster: ProcessCluster
  readonly killer: Killer
  readonly prng: Prng
  /** null: nobody. */
  readonly kill: KillKind | null
  /** Its output stays also when nothing is wrong with it. */
  readonly keep: boolean
}

export interface FinishOutcome {
  /** null also when the job had ended before. */
  readonly killed: KillKind | null
  readonly restarts: number
  readonly records: number
  /** That were completed, the final one among them. */
  readonly checkpoints: number
  /** Records behind the last barrier before the final checkpoint; null: no earlier checkpoint is known. */
  readonly tail: number | null
  readonly failures: readonly Violation[]
}

let count = 0

export class FinishRun {
  readonly #options: FinishRunOptions
  readonly #directory: string
  readonly #out: string
  readonly #alerts: string
  readonly #records: number
  readonly #output: CommittedOutput

  constructor(options: FinishRunOptions) {
    this.#options = options
    this.#directory = options.cluster.path(`run-${++count}`)
    this.#out = join(this.#directory, 'out')
    this.#alerts = join(this.#directory, 'alerts')
    this.#records = Math.round(options.prng.between(RECORDS.low, RECORDS.high))
    this.#output = new CommittedOutput({
      directory: this.#out,
      records: this.#records,
      keys: KEYS,
    })
  }

  async play(): Promise<FinishOutcome> {
    const { cluster, killer } = this.#options
    const jobId = await submitCounting(cluster, {
      records: this.#records,
      perSecond: RECORDS_PER_SECOND,
      checkpointEach: CHECKPOINT_EACH,
      keys: KEYS,
      parallelism: PARALLELISM,
      out: this.#out,
      alerts: this.#alerts,
    })
    const watch = new JobWatch(cluster, jobId)
    const looking = this.#lookAllTheTime(watch)
    let killed: KillKind | null = null
    try {
      killed = await this.#kill(watch)
      await cameTrue({ withinMs: ENDED_MS_MAX }, () => watch.ended)
    } finally {
      await watch.stop()
      await looking
    }
    if (killed !== null) {
      await killer.heal()
      await cluster.ready()
    }
    return this.#judge(watch, killed)
  }

  async #lookAllTheTime(watch: JobWatch): Promise<void> {
    while (!watch.stopped) {
      this.#output.look()
      await sleep(LOOK_MS)
    }
  }

  /** About the time of the final checkpoint. Answers who was killed. */
  async #kill(watch: JobWatch): Promise<KillKind | null> {
    const { kill, killer, prng } = this.#options
    if (kill === null) return null
    const within = { withinMs: ENDED_MS_MAX, everyMs: 5 }
    await cameTrue(within, () => watch.runningAfter(0) !== null || watch.ended)
    if (prng.chance(0.5)) {
      const endMs = (watch.runningAfter(0) ?? 0) + (this.#records * 1_000) / RECORDS_PER_SECOND
      const dueMs = endMs + prng.between(AIMED_MS.low, AIMED_MS.high)
      await sleep(Math.max(0, dueMs - performance.now()))
    } else {
      await cameTrue(within, () => watch.job?.state === 'FINISHING' || watch.ended)
      await sleep(prng.between(0, FINISHING_JITTER_MS))
    }
    if (watch.ended) return null
    return (await killer.kill(kill)) === null ? null : kill
  }

  async #judge(watch: JobWatch, killed: KillKind | null): Promise<FinishOutcome> {
    const { cluster, keep } = this.#options
    const about = await until('an answer', { withinMs: ANSWER_MS_MAX }, () =>
      cluster.ask(async (client) => ({
        checkpoints: await client.checkpoints(watch.jobId),
        restarts: (await client.describe(watch.jobId)).restarts,
      })),
    )
    const completed = about.checkpoints.filter(({ state }) => state === 'COMPLETED')
    const found: Violation[] = [
      ...watch.violations,
      ...this.#output.judge(),
      ...readRows<unknown>(this.#alerts).map((row) => ({
        oracle: 'alerts' as const,
        message: JSON.stringify(row),
      })),
      ...[this.#out, this.#alerts].flatMap(stagedFiles).map((file) => ({
        oracle: 'staging' as const,
        message: `${file} was left`,
      })),
      ...this.#judgeEnd(watch, completed),
    ]
    const outcome = {
      killed,
      restarts: about.restarts,
      records: this.#output.records,
      checkpoints: completed.length,
      tail: tailIn(this.#out, completed),
      failures: found.map(({ oracle, message }) => ({
        oracle,
        message: `job ${watch.jobId}, killed: ${killed ?? 'nobody'}: ${message}`,
      })),
    }
    if (found.length === 0 && !keep) rmSync(this.#directory, { recursive: true, force: true })
    return outcome
  }

  #judgeEnd({ job }: JobWatch, completed: readonly CheckpointView[]): readonly Violation[] {
    const said: string[] = []
    if (job?.state !== 'FINISHED') said.push(`it is ${job?.state ?? 'not there'}`)
    const finals = completed.filter(({ kind }) => kind === 'final').length
    if (finals !== 1) said.push(`${finals} final checkpoints were completed`)
    return said.map((message) => ({ oracle: 'job', message }))
  }
}

function tailIn(directory: string, completed: readonly CheckpointView[]): number | null {
  const ends = completed.flatMap(({ kind, endedAtMs }) =>
    kind === 'final' ? [] : (endedAtMs ?? []),
  )
  if (ends.length === 0) return null
  const lastMs = Math.max(...ends)
  return visibleFiles(directory)
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).mtimeMs > lastMs)
    .reduce((lines, path) => lines + readFileSync(path, 'utf8').split('\n').length - 1, 0)
}
