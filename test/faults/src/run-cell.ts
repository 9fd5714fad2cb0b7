// One cell from its world to its verdict: a cluster of its own, the counting job, the fault at its moment, healing, the
// end of the job, judgement. The reader of the committed output looks all the time.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommittedOutput, isNewer } from '../../processes/src/committed-output.ts'
import { submitCounting } from '../../processes/src/counting-run.ts'
import { JobWatch } from '../../processes/src/job-watch.ts'
import { type ClusterOptions, ProcessCluster } from '../../processes/src/process-cluster.ts'
import { cameTrue, until } from '../../processes/src/until.ts'
import { type Cell, durationOf, valueOf, type Words } from './cell.ts'
import { faultOf, momentWithin, withoutMoment } from './faults.ts'
import { judgeCell } from './judge.ts'
import { missing } from '../../processes/src/machine.ts'
import { momentOf } from './moments.ts'
import { ResourceWatch } from './resources.ts'
import type { Scene, Strike } from './scene.ts'
import { complaintsOf, type Played, proofOf } from './verdict.ts'
import { worldOf } from './world.ts'

export const TASK_MANAGERS = 3
export const SLOTS = 2
const PARALLELISM = 4
const KEYS = 97
const RECORDS_PER_SECOND = 2_000
/** So is user code that blocks its slot, a little later. */
const CLUSTER_DEFINES = ['task.progress.timeout=4s', 'taskmanager.memory.job-process-max=1gb']
/** A broken data plane is noticed within two seconds, like everything else. */
const JOB_DEFINES = ['exchange.probe.interval=1s', 'exchange.probe.timeout=1s']
/** The job works so long besides the time that faults last. */
const WORK_SECONDS = 8
const LOOK_MS = 15
/** After the last heal a checkpoint must complete within so much time … */
const LIVE_MS_MAX = 30_000
/** … and the job must end within so much more than its input takes. */
const FINISH_MS_MAX = 60_000
const BROKEN_MS_MAX = 5_000
/** What a start of the cluster, and a submission, take on an idle machine of two cores. */
const CALM_READY_MS = 1_500
const CALM_SUBMIT_MS = 1_500
const ANSWER_MS_MAX = 30_000

export interface CellResult {
  readonly name: string
  readonly verdict: 'passed' | 'failed' | 'skipped'
  readonly wallMs: number
  /** What shows that the faults hit. */
  readonly proof: string
  /** From the last strike, or from the heal when it lasts longer; null: no output was made afterwards. */
  readonly firstOutputMs: number | null
  readonly restarts: number
  /** How many times longer than on an idle machine things took before the fault, at least 1: limits are so much longer. */
  readonly slowness: number
  /** Complaints, or why it was skipped. */
  readonly reasons: readonly string[]
  /** On failure: where everything lies, and what happened. */
  readonly directory: string | null
  readonly history: readonly string[]
}

export interface RunOptions {
  readonly keep: boolean
  readonly echo: boolean
}

/** Never rejects: what goes wrong in a cell is the cell's failure. */
export async function runCell(cell: Cell, options: RunOptions): Promise<CellResult> {
  const startedMs = performance.now()
  try {
    return await openAndRun(cell, options, startedMs)
  } catch (error) {
    return {
      name: cell.name,
      verdict: 'failed',
      wallMs: Math.round(performance.now() - startedMs),
      proof: '',
      firstOutputMs: null,
      restarts: 0,
      slowness: 1,
      reasons: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
      directory: null,
      history: [],
    }
  }
}

async function openAndRun(
  cell: Cell,
  { keep, echo }: RunOptions,
  startedMs: number,
): Promise<CellResult> {
  const kind = worldOf(cell.world)
  const lacking = missing([
    ...kind.needs,
    ...cell.faults.flatMap((fault) => faultOf(withoutMoment(fault)).needs),
  ])
  const nothing = { proof: '', firstOutputMs: null, restarts: 0, slowness: 1, directory: null }
  const result = { name: cell.name, ...nothing }
  if (lacking !== null)
    return { ...result, verdict: 'skipped', wallMs: 0, reasons: [lacking], history: [] }
  await using world = await kind.open(cell.world)
  await using cluster = await ProcessCluster.start({
    taskManagers: TASK_MANAGERS,
    slots: SLOTS,
    defines: CLUSTER_DEFINES,
    echo,
    ...world.cluster,
    place: placeOf(cell, world),
  })
  const run = new CellRun(cell, cluster, world)
  const played = await run.play()
  const complaints = complaintsOf(cell.outcome, played)
  const failed = complaints.length > 0
  if (failed || keep) cluster.keep()
  return {
    ...result,
    ...played,
    proof: proofOf(cell.outcome, played),
    reasons: complaints,
    verdict: failed ? 'failed' : 'passed',
    wallMs: Math.round(performance.now() - startedMs),
    directory: failed || keep ? cluster.directory : null,
    history: failed ? cluster.history() : [],
  }
}

/** As the world has it, with what the faults want in the environment, of jobs as well. */
function placeOf(cell: Cell, world: Scene['world']): NonNullable<ClusterOptions['place']> {
  const env = Object.assign({}, ...cell.faults.map((one) => faultOf(withoutMoment(one)).env ?? {}))
  const names = Object.keys(env)
  const own: NonNullable<ClusterOptions['place']> = world.cluster.place ?? (() => ({}))
  if (names.length === 0) return own
  return (name) => {
    const place = own(name)
    const seen = `taskmanager.job-environment=${names.join(',')}`
    return { ...place, env: { ...place.env, ...env }, defines: [...(place.defines ?? []), seen] }
  }
}

class CellRun {
  readonly #cell: Cell
  readonly #cluster: ProcessCluster
  readonly #world: Scene['world']
  readonly #records: number
  readonly #output: CommittedOutput
  readonly #strikes: Strike[] = []
  readonly #complaints: string[] = []
  readonly #mishaps: string[] = []
  #firstOutputMs: number | null = null
  #slowness = 1

  constructor(cell: Cell, cluster: ProcessCluster, world: Scene['world']) {
    this.#cell = cell
    this.#cluster = cluster
    this.#world = world
    const lastingMs = cell.faults.reduce((sum, fault) => sum + lasting(fault), 0)
    // A job that had ended before its fault would be no cell at all.
    const workSeconds = WORK_SECONDS * slownessOf(cluster.readyMs, CALM_READY_MS)
    this.#records = RECORDS_PER_SECOND * Math.ceil(workSeconds + lastingMs / 1_000)
    this.#output = new CommittedOutput({
      directory: this.#outputPath('out'),
      records: this.#records,
      keys: KEYS,
    })
  }

  #outputPath(name: string): string {
    return join(this.#world.outputDirectory ?? this.#cluster.directory, name)
  }

  async play(): Promise<Played> {
    const resources = new ResourceWatch(this.#cluster)
    const submittingMs = performance.now()
    const jobId = await submitCounting(this.#cluster, {
      records: this.#records,
      perSecond: RECORDS_PER_SECOND,
      keys: KEYS,
      parallelism: PARALLELISM,
      defines: JOB_DEFINES,
      out: this.#outputPath('out'),
      alerts: this.#outputPath('alerts'),
      ...(this.#cell.faults.some(([kind]) => kind === 'runaway')
        ? { trap: this.#cluster.path('trap') }
        : {}),
    })
    this.#slowness = slownessOf(
      this.#cluster.readyMs + performance.now() - submittingMs,
      CALM_READY_MS + CALM_SUBMIT_MS,
    )
    const watch = new JobWatch(this.#cluster, jobId)
    const scene: Scene = {
      cluster: this.#cluster,
      world: this.#world,
      watch,
      output: this.#output,
      records: this.#records,
      slowness: this.#slowness,
    }
    const looking = this.#lookAllTheTime(watch, resources)
    try {
      await this.#treat(scene)
      await this.#finish(watch)
    } catch (error) {
      this.#mishaps.push(error instanceof Error ? error.message : String(error))
      await this.#heal()
    } finally {
      await watch.stop()
      await looking
    }
    return this.#judge(watch, resources)
  }

  async #lookAllTheTime(watch: JobWatch, resources: ResourceWatch): Promise<void> {
    while (!watch.stopped) {
      this.#output.look()
      resources.look()
      await sleep(LOOK_MS)
    }
  }

  /** All faults, each at its moment; then everything is healed, and lives. */
  async #treat(scene: Scene): Promise<void> {
    const { watch } = scene
    const { timeline } = this.#cluster
    let at = this.#cell.moment
    for (const words of this.#cell.faults) {
      const fault = withoutMoment(words)
      at = momentWithin(words) ?? at
      await momentOf(at)(scene)
      const before = this.#before(watch)
      timeline.note(`${fault.join(' ')} (${at.join(' ')})`)
      const struckMs = performance.now()
      const strike = await faultOf(fault).strike(scene, fault)
      this.#strikes.push(strike)
      const made = (): boolean => this.#madeAfter(before, watch)
      const during = await cameTrue({ withinMs: lasting(fault) }, made)
      const seenMs = performance.now()
      await sleep(Math.max(0, lasting(fault) - (seenMs - struckMs)))
      const healedMs = performance.now()
      const last = words === this.#cell.faults.at(-1)
      if (last) await this.#heal()
      if (during) this.#firstOutputMs = Math.round(seenMs - struckMs)
      else if (last) await this.#lives(watch, made, healedMs)
    }
  }

  async #heal(): Promise<void> {
    this.#cluster.timeline.note('heal')
    for (const strike of this.#strikes.toReversed()) await strike.heal()
  }

  async #lives(watch: JobWatch, made: () => boolean, sinceMs: number): Promise<void> {
    const withinMs = this.#patienceMs(LIVE_MS_MAX)
    const alive = await cameTrue({ withinMs }, () => made() || watch.ended)
    if (alive) this.#firstOutputMs = Math.round(performance.now() - sinceMs)
    else this.#complaints.push(`no output for ${withinMs} ms after all was healed: ${state(watch)}`)
  }

  /** Longer on a slow machine; but nobody waits long for what must not come. */
  #patienceMs(ms: number): number {
    const isBroken = this.#cell.outcome.broken !== null
    return isBroken ? Math.min(ms, BROKEN_MS_MAX) : ms * this.#slowness
  }

  #before(watch: JobWatch): Before {
    const { newestLife: life, files } = this.#output
    return { life, files, checkpointId: watch.checkpointId }
  }

  /** By a later attempt, or with a checkpoint that began after the fault. */
  #madeAfter({ life, files, checkpointId }: Before, watch: JobWatch): boolean {
    if (isNewer(this.#output.newestLife, life)) return true
    return this.#output.files > files && watch.checkpointId > checkpointId + 1
  }

  async #finish(watch: JobWatch): Promise<void> {
    const left = Math.max(0, this.#records - this.#output.records)
    const withinMs = this.#patienceMs(FINISH_MS_MAX) + (2_000 * left) / RECORDS_PER_SECOND
    if (await cameTrue({ withinMs }, () => watch.ended)) return
    this.#complaints.push(`not ended ${withinMs} ms after all was healed: ${state(watch)}`)
  }

  /** Whoever was started again last may not answer yet. */
  async #restarts(jobId: string): Promise<number> {
    try {
      const { restarts } = await until('an answer', { withinMs: ANSWER_MS_MAX }, () =>
        this.#cluster.ask((client) => client.describe(jobId)),
      )
      return restarts
    } catch (error) {
      this.#complaints.push(error instanceof Error ? error.message : String(error))
      return -1
    }
  }

  async #proofs(): Promise<readonly string[]> {
    const proofs: string[] = []
    for (const [i, strike] of this.#strikes.entries()) {
      const proof = await strike.proof()
      if (proof === null)
        this.#mishaps.push(`nothing shows that "${this.#cell.faults[i]?.join(' ')}" has hit`)
      else proofs.push(proof)
      this.#complaints.push(...(strike.found?.() ?? []))
    }
    return proofs
  }

  async #judge(watch: JobWatch, resources: ResourceWatch): Promise<Played> {
    const restarts = await this.#restarts(watch.jobId)
    const proofs = await this.#proofs()
    const reasons = await judgeCell(this.#cell, {
      cluster: this.#cluster,
      output: this.#output,
      watch,
      resources,
      restarts,
      firstOutputMs: this.#firstOutputMs,
      slowness: this.#slowness,
      outputs: ['out', 'alerts'].map((name) => this.#outputPath(name)),
    })
    return {
      proof: proofs.join('; '),
      firstOutputMs: this.#firstOutputMs,
      restarts,
      slowness: this.#slowness,
      mishaps: this.#mishaps,
      reasons: [...this.#complaints, ...reasons],
    }
  }
}

interface Before {
  readonly life: CommittedOutput['newestLife']
  readonly files: number
  readonly checkpointId: number
}

const state = (watch: JobWatch): string => `the job is ${watch.job?.state ?? 'not there'}`

function slownessOf(tookMs: number, calmMs: number): number {
  return Math.max(1, Math.round((10 * tookMs) / calmMs) / 10)
}

function lasting(fault: Words): number {
  return fault.includes('for') ? durationOf(valueOf(fault, 'for')) : 0
}
