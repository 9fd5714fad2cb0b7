// One run: a cluster, a job, kills, healing, judgement. The job's input is bounded, so that it has a result; it is long
// enough that the job works through the kills and ends after them.

import { setTimeout as sleep } from 'node:timers/promises'
import { Prng } from '@weirjs/common/core/prng'
import { CommittedOutput, readRows, stagedFiles } from '../../processes/src/committed-output.ts'
import { submitCounting } from '../../processes/src/counting-run.ts'
import { JobWatch } from '../../processes/src/job-watch.ts'
import {
  ABSENCE_EXPLAINS,
  type Bag,
  type Gap,
  gapBag,
  type Kill,
  type KillKind,
  killBag,
  Killer,
} from './kills.ts'
import { networkHere, placed } from './chaos-network.ts'
import type { ChaosOptions, ChaosProfile, ChaosResult } from './chaos-result.ts'
import type { Network } from '../../processes/src/network.ts'
import { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { completedCheckpoints, judgeLogs } from '../../processes/src/process-logs.ts'
import { danglingReferences } from '../../processes/src/fsck.ts'
import { GrowthWatch } from '../../processes/src/growth.ts'
import { JOB_THREAD, judgeQuiet, type QuietTail, watchQuiet } from './quiet-tail.ts'
import { Recoveries } from './recoveries.ts'
import { cameTrue } from '../../processes/src/until.ts'
import type { Violation } from '../../processes/src/violation.ts'

const TASK_MANAGERS = 3
const SLOTS = 2
const PARALLELISM = 4
const RECORDS_PER_SECOND = 2_000
/** Records for so much of the time; the rest is lost to recovery, more where kills come in bursts. */
const WORKING_SHARE: Readonly<Record<ChaosProfile, number>> = { pr: 0.65, nightly: 0.5 }
/** What lives through the time without faults. */
const QUIET_LIVES = { JobManager: 1, TaskManager: TASK_MANAGERS, [JOB_THREAD]: PARALLELISM }
/** Kills end when so much of the output is visible. */
const KILLS_UNTIL_SHARE = 0.95
const KILLS_PER_MINUTE_MIN = 6
const GAPS_WITH_CHECKPOINT_MIN = 0.8
const LOOK_MS = 15
const SPARED_SHARE = 1 / 3
const BURST_KILLS = 20
const BURST_EACH_MS = 300_000
/** With all processes up, a checkpoint must complete within so much time. */
const PROGRESS_MS_MAX = 60_000
const FINISH_MS_MAX = 60_000
/** The last kill comes so long before the end of the input, or up to the other later than that. */
const LAST_KILL_MS = 800
const LAST_KILL_JITTER_MS = 600
const QUICK_MS = { low: 20, high: 800 }
const CALM_MS = { low: 0, high: 3_000 }
/** Share of kills that wait for the next publication, to hit commits under way. */
const AIMED_SHARE = 0.4
const AIM_MS_MAX = 1_500
const AIM_JITTER_MS = 30

export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const startedMs = performance.now()
  const { echo } = options
  using network = networkHere()
  await using cluster = await ProcessCluster.start({
    taskManagers: TASK_MANAGERS,
    slots: SLOTS,
    echo,
    ...placed(network),
  })
  if (options.keep) cluster.keep()
  await using run = new ChaosRun(cluster, network, options)
  try {
    const judged = await run.play()
    const failed = judged.failures.length > 0
    if (failed) cluster.keep()
    return {
      ...judged,
      wallSeconds: Math.round((performance.now() - startedMs) / 100) / 10,
      directory: failed || options.keep ? cluster.directory : null,
      history: failed ? cluster.history() : [],
    }
  } catch (error) {
    cluster.keep()
    process.stderr.write(`${cluster.lastWords()}\nkept: ${cluster.directory}\n`)
    throw error
  }
}

type Judged = Omit<ChaosResult, 'wallSeconds' | 'directory' | 'history'>

class ChaosRun implements AsyncDisposable {
  readonly #cluster: ProcessCluster
  readonly #network: Network | null
  readonly #options: ChaosOptions
  readonly #prng: Prng
  /** Faults end when so many are visible. */
  readonly #recordsForKills: number
  readonly #records: number
  readonly #keys: number
  readonly #output: CommittedOutput
  readonly #killer: Killer
  readonly #growth: GrowthWatch
  readonly #recoveries = new Recoveries()
  readonly #kills: Kill[] = []
  readonly #violations: Violation[] = []
  #quiet: QuietTail | null = null
  #gaps = { all: 0, withCheckpoint: 0 }

  constructor(cluster: ProcessCluster, network: Network | null, options: ChaosOptions) {
    this.#cluster = cluster
    this.#network = network
    this.#options = options
    this.#prng = new Prng(options.seed)
    this.#keys = this.#prng.pick([1, 97, 5_000])
    const working = options.minutes * WORKING_SHARE[options.profile]
    this.#recordsForKills = Math.ceil(working * 60 * RECORDS_PER_SECOND)
    this.#records = this.#recordsForKills + options.quietMinutes * 60 * RECORDS_PER_SECOND
    this.#output = new CommittedOutput({
      directory: cluster.path('out'),
      records: this.#records,
      keys: this.#keys,
    })
    this.#growth = new GrowthWatch(cluster)
    this.#killer = new Killer({
      cluster,
      network,
      prng: this.#prng.fork(),
      lookAtRuins: () => danglingReferences(cluster.checkpointDirectory),
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#killer[Symbol.asyncDispose]()
  }

  async play(): Promise<Judged> {
    const watch = new JobWatch(this.#cluster, await this.#submit())
    const looking = this.#lookAllTheTime(watch)
    try {
      const kinds = killBag(this.#prng.fork(), this.#killer.kinds)
      await this.#killAllTheTime(watch, kinds)
      await this.#killer.heal()
      this.#recoveries.forget()
      await this.#restFromKills(watch)
      await this.#killTheEnd(watch, kinds)
      await this.#killer.heal()
      this.#cluster.timeline.note('no more kills')
      await this.#finish(watch)
    } finally {
      await watch.stop()
      await looking
    }
    return this.#judge(watch)
  }

  #submit(): Promise<string> {
    return submitCounting(this.#cluster, {
      records: this.#records,
      perSecond: RECORDS_PER_SECOND,
      keys: this.#keys,
      parallelism: PARALLELISM,
      mode: this.#options.mode,
    })
  }

  /** Until the watch is stopped. */
  async #lookAllTheTime(watch: JobWatch): Promise<void> {
    while (!watch.stopped) {
      this.#output.look()
      this.#growth.look()
      this.#recoveries.look(watch, this.#output.newestLife)
      await sleep(LOOK_MS)
    }
  }

  async #killAllTheTime(watch: JobWatch, kinds: Bag<KillKind>): Promise<void> {
    const gaps = gapBag(this.#prng.fork())
    const forMs = this.#options.minutes * 60_000
    const untilMs = performance.now() + forMs
    const spareAtMs = this.#options.spareJobManager ? untilMs - forMs * SPARED_SHARE : untilMs
    const enough = (): boolean =>
      watch.ended ||
      performance.now() > untilMs ||
      this.#output.records > this.#recordsForKills * KILLS_UNTIL_SHARE
    await this.#gap('calm', 0, watch)
    let burstAtMs = performance.now() + BURST_EACH_MS
    while (!enough()) {
      if (performance.now() >= spareAtMs) this.#spareJobManager()
      if (this.#options.profile === 'nightly' && performance.now() > burstAtMs) {
        await this.#burst(kinds, watch)
        burstAtMs = performance.now() + BURST_EACH_MS
      }
      const checkpointBefore = watch.checkpointId
      const life = { attempt: watch.attempt, writer: this.#output.newestLife }
      const kill = await this.#killer.kill(kinds.draw())
      if (kill === null) continue
      this.#kills.push(kill)
      this.#recoveries.begin(kill, life)
      await this.#gap(gaps.draw(), checkpointBefore, watch)
      this.#gaps.all += 1
      if (watch.checkpointId > checkpointBefore) this.#gaps.withCheckpoint += 1
    }
  }

  #spareJobManager(): void {
    if (this.#killer.sparesJobManager) return
    this.#cluster.timeline.note('from now on the JobManager is spared')
    this.#killer.sparesJobManager = true
  }

  /** Kills without time to recover; then the job has to. */
  async #burst(kinds: Bag<KillKind>, watch: JobWatch): Promise<void> {
    this.#cluster.timeline.note(`a burst of ${BURST_KILLS} kills`)
    this.#recoveries.forget()
    for (let i = 0; i < BURST_KILLS; i++) {
      const kill = await this.#killer.kill(kinds.draw())
      if (kill !== null) this.#kills.push(kill)
      await this.#gap('quick', 0, watch)
    }
    await this.#killer.heal()
    await this.#gap('calm', watch.checkpointId, watch)
  }

  /** Time passes until the next kill. */
  async #gap(gap: Gap, checkpointBefore: number, watch: JobWatch): Promise<void> {
    if (gap === 'quick') return sleep(this.#prng.between(QUICK_MS.low, QUICK_MS.high))
    const progressed = await cameTrue(
      { withinMs: PROGRESS_MS_MAX },
      () => watch.checkpointId > checkpointBefore || watch.ended,
    )
    if (!progressed) {
      const message = `no checkpoint for ${PROGRESS_MS_MAX} ms; the job is ${watch.job?.state}`
      this.#violations.push({ oracle: 'job', message })
    }
    await sleep(this.#prng.between(CALM_MS.low, CALM_MS.high))
    if (!this.#prng.chance(AIMED_SHARE)) return
    const { files } = this.#output
    await cameTrue({ withinMs: AIM_MS_MAX, everyMs: 2 }, () => this.#output.files > files)
    await sleep(this.#prng.int(AIM_JITTER_MS))
  }

  async #restFromKills(watch: JobWatch): Promise<void> {
    const { quietMinutes } = this.#options
    if (quietMinutes > 0) this.#quiet = await watchQuiet(this.#cluster, watch, quietMinutes)
  }

  /** One more kill about the time of the final checkpoint, when the input has come to its end. */
  async #killTheEnd(watch: JobWatch, kinds: Bag<KillKind>): Promise<void> {
    const nearly = this.#records - (RECORDS_PER_SECOND * LAST_KILL_MS) / 1_000
    const withinMs = this.#finishMs()
    await cameTrue({ withinMs }, () => watch.ended || this.#output.records >= nearly)
    await sleep(this.#prng.int(LAST_KILL_MS + LAST_KILL_JITTER_MS))
    if (watch.ended) return
    const kill = await this.#killer.kill(kinds.draw())
    if (kill !== null) this.#kills.push(kill)
  }

  /** Time for what is left. */
  #finishMs(): number {
    const left = this.#records - this.#output.records
    return FINISH_MS_MAX + (2 * left * 1_000) / RECORDS_PER_SECOND
  }

  async #finish(watch: JobWatch): Promise<void> {
    const withinMs = this.#finishMs()
    if (await cameTrue({ withinMs }, () => watch.ended)) return
    const message = `${withinMs} ms after healing the job is ${watch.job?.state ?? 'not there'}`
    this.#violations.push({ oracle: 'job', message })
  }

  async #judge(watch: JobWatch): Promise<Judged> {
    const described = await this.#cluster.json<{ state: string; restarts: number }>(
      'job',
      'describe',
      watch.jobId,
    )
    const badEnds = await this.#cluster.stop()
    const failures: Violation[] = [
      ...this.#violations,
      ...this.#killer.violations,
      ...watch.violations,
      ...(described.state === 'FINISHED'
        ? []
        : [{ oracle: 'job' as const, message: `the job is ${described.state}` }]),
      ...this.#output.judge(),
      ...readRows<unknown>(this.#cluster.path('alerts'))
        .slice(0, 5)
        .map((row) => ({ oracle: 'alerts' as const, message: JSON.stringify(row) })),
      ...['out', 'alerts']
        .flatMap((name) => stagedFiles(this.#cluster.path(name)))
        .map((file) => ({ oracle: 'staging' as const, message: `${file} was left` })),
      ...[...this.#cluster.surprises(), ...badEnds].map((message) => ({
        oracle: 'processes' as const,
        message,
      })),
      ...judgeLogs(this.#cluster.logDirectory, ABSENCE_EXPLAINS, (entry) =>
        this.#killer.excuses(entry),
      ),
      ...this.#growth.judge(),
      ...this.#judgeQuiet(),
      ...this.#judgeHits(),
    ]
    return {
      seed: this.#options.seed,
      minutes: this.#options.minutes,
      profile: this.#options.profile,
      mode: this.#options.mode,
      kills: this.#kills.length,
      pauses: this.#killsOf('pause'),
      droppedPackets: this.#network === null ? null : this.#killer.droppedPackets,
      killsByKind: this.#killsByKind(),
      processRestarts: this.#killer.restarts,
      restarts: described.restarts,
      checkpoints: completedCheckpoints(this.#cluster.jobManager.log).length,
      records: this.#output.records,
      files: this.#output.files,
      gapsWithCheckpoint: this.#share(),
      growth: this.#growth.growth()?.perMinute ?? null,
      growthMax: this.#growth.growth()?.max ?? null,
      quiet: this.#quiet,
      recovery: this.#recoveries.summary(),
      failures,
    }
  }

  #judgeQuiet(): readonly Violation[] {
    if (this.#quiet === null) return []
    const { quietMinutes: minutes } = this.#options
    return judgeQuiet(this.#quiet, { minutes, lives: QUIET_LIVES })
  }

  /** A run in which little happened proves little. */
  #judgeHits(): readonly Violation[] {
    const wanted = Math.floor(KILLS_PER_MINUTE_MIN * this.#options.minutes)
    const said: string[] = []
    if (this.#kills.length < wanted) said.push(`${this.#kills.length} kills, ${wanted} were wanted`)
    if (this.#share() < GAPS_WITH_CHECKPOINT_MIN)
      said.push(`only ${this.#gaps.withCheckpoint} of ${this.#gaps.all} gaps had a checkpoint`)
    for (const kind of this.#killer.kinds)
      if (this.#killsOf(kind) === 0) said.push(`no kill of ${kind}`)
    if (this.#network !== null && this.#killer.droppedPackets === 0)
      said.push('no partition dropped a packet')
    return said.map((message) => ({ oracle: 'vacuity', message }))
  }

  #share(): number {
    const { all, withCheckpoint } = this.#gaps
    return all === 0 ? 0 : Math.round((withCheckpoint / all) * 100) / 100
  }

  #killsByKind(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#killer.kinds.map((kind) => [kind, this.#killsOf(kind)]))
  }

  #killsOf(kind: KillKind): number {
    return this.#kills.filter((kill) => kill.kind === kind).length
  }
}
