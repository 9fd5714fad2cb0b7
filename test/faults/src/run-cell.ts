// One cell from its world to its verdict: a cluster of its own, the counting job, the fault at its moment, healing, the
// end of the job, judgement. The reader of the committed output looks all the time.

import { setTimeout as sleep } from 'node:timers/promises'
import { CommittedOutput, isNewer } from '../../processes/src/committed-output.ts'
import { submitCounting } from '../../processes/src/counting-run.ts'
import { JobWatch } from '../../processes/src/job-watch.ts'
import { ProcessCluster } from '../../processes/src/process-cluster.ts'
import { cameTrue } from '../../processes/src/until.ts'
import { type Cell, durationOf, valueOf, type Words } from './cell.ts'
import { faultOf, momentWithin, withoutMoment } from './faults.ts'
import { judgeCell } from './judge.ts'
import { missing } from './machine.ts'
import { momentOf } from './moments.ts'
import { ResourceWatch } from './resources.ts'
import type { Scene, Strike } from './scene.ts'
import { worldOf } from './world.ts'

export const TASK_MANAGERS = 3
export const SLOTS = 2
const PARALLELISM = 4
const KEYS = 97
const RECORDS_PER_SECOND = 2_000
/** A broken data plane is noticed within two seconds, like everything else. */
const JOB_DEFINES = ['exchange.probe.interval=1s', 'exchange.probe.timeout=1s']
/** The job works so long besides the time that faults last. */
const WORK_SECONDS = 5
const LOOK_MS = 15
/** After the last heal a checkpoint must complete within so much time … */
const LIVE_MS_MAX = 30_000
/** … and the job must end within so much more than its input takes. */
const FINISH_MS_MAX = 60_000

export interface CellResult {
  readonly name: string
  readonly verdict: 'passed' | 'failed' | 'skipped'
  readonly wallMs: number
  /** What shows that the faults hit. */
  readonly proof: string
  /** From the last strike, or from the heal when it lasts longer; null: no output was made afterwards. */
  readonly firstOutputMs: number | null
  readonly restarts: number
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

export async function runCell(cell: Cell, { keep, echo }: RunOptions): Promise<CellResult> {
  const startedMs = performance.now()
  const kind = worldOf(cell.world)
  const lacking = missing([
    ...kind.needs,
    ...cell.faults.flatMap((fault) => faultOf(withoutMoment(fault)).needs),
  ])
  const result = { name: cell.name, proof: '', firstOutputMs: null, restarts: 0, directory: null }
  if (lacking !== null)
    return { ...result, verdict: 'skipped', wallMs: 0, reasons: [lacking], history: [] }
  await using world = await kind.open(cell.world)
  await using cluster = await ProcessCluster.start({
    taskManagers: TASK_MANAGERS,
    slots: SLOTS,
    echo,
    ...world.cluster,
  })
  const run = new CellRun(cell, cluster, world)
  const played = await run.play()
  const failed = played.reasons.length > 0
  if (failed || keep) cluster.keep()
  return {
    ...result,
    ...played,
    verdict: failed ? 'failed' : 'passed',
    wallMs: Math.round(performance.now() - startedMs),
    directory: failed || keep ? cluster.directory : null,
    history: failed ? cluster.history() : [],
  }
}

type Played = Pick<CellResult, 'proof' | 'firstOutputMs' | 'restarts' | 'reasons'>

class CellRun {
  readonly #cell: Cell
  readonly #cluster: ProcessCluster
  readonly #world: Scene['world']
  readonly #records: number
  readonly #output: CommittedOutput
  readonly #strikes: Strike[] = []
  readonly #complaints: string[] = []
  #firstOutputMs: number | null = null

  constructor(cell: Cell, cluster: ProcessCluster, world: Scene['world']) {
    this.#cell = cell
    this.#cluster = cluster
    this.#world = world
    const lastingMs = cell.faults.reduce((sum, fault) => sum + lasting(fault), 0)
    this.#records = RECORDS_PER_SECOND * (WORK_SECONDS + Math.ceil(lastingMs / 1_000))
    this.#output = new CommittedOutput({
      directory: cluster.path('out'),
      records: this.#records,
      keys: KEYS,
    })
  }

  async play(): Promise<Played> {
    const resources = new ResourceWatch(this.#cluster)
    const jobId = await submitCounting(this.#cluster, {
      records: this.#records,
      perSecond: RECORDS_PER_SECOND,
      keys: KEYS,
      parallelism: PARALLELISM,
      defines: JOB_DEFINES,
    })
    const watch = new JobWatch(this.#cluster, jobId)
    const scene: Scene = {
      cluster: this.#cluster,
      world: this.#world,
      watch,
      output: this.#output,
      records: this.#records,
    }
    const looking = this.#lookAllTheTime(watch, resources)
    try {
      await this.#treat(scene)
      await this.#finish(watch)
    } catch (error) {
      this.#complaints.push(error instanceof Error ? error.message : String(error))
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
    const alive = await cameTrue({ withinMs: LIVE_MS_MAX }, () => made() || watch.ended)
    if (alive) this.#firstOutputMs = Math.round(performance.now() - sinceMs)
    else
      this.#complaints.push(`no output for ${LIVE_MS_MAX} ms after all was healed: ${state(watch)}`)
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
    const withinMs = FINISH_MS_MAX + (2_000 * left) / RECORDS_PER_SECOND
    if (await cameTrue({ withinMs }, () => watch.ended)) return
    this.#complaints.push(`not ended ${withinMs} ms after all was healed: ${state(watch)}`)
  }

  async #judge(watch: JobWatch, resources: ResourceWatch): Promise<Played> {
    const restarts = (await this.#cluster.ask((client) => client.describe(watch.jobId)))?.restarts
    const proofs: string[] = []
    for (const [i, strike] of this.#strikes.entries()) {
      const proof = await strike.proof()
      if (proof === null)
        this.#complaints.push(`nothing shows that ${this.#cell.faults[i]?.join(' ')} has hit`)
      else proofs.push(proof)
    }
    const reasons = await judgeCell(this.#cell, {
      cluster: this.#cluster,
      output: this.#output,
      watch,
      resources,
      restarts: restarts ?? -1,
      firstOutputMs: this.#firstOutputMs,
    })
    return {
      proof: proofs.join('; '),
      firstOutputMs: this.#firstOutputMs,
      restarts: restarts ?? -1,
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

function lasting(fault: Words): number {
  return fault.includes('for') ? durationOf(valueOf(fault, 'for')) : 0
}
