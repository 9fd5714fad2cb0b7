// One seed, one run: draw a workload, a cluster and faults; let them happen; heal; want the job to finish; judge.

import { createHash } from 'node:crypto'
import type { CheckpointMode } from '@weirjs/common/core/graph/logical-graph'
import { bundleHash } from '@weirjs/common/core/ids'
import { type JobSummary, type SubmitRequest, TERMINAL_STATES } from '@weirjs/common/job-client'
import { drawFaults, heal, inflict } from './faults.ts'
import { judgeAlerts, judgeHits, judgeLedger, Reader, type Violation } from './oracles.ts'
import { SimCluster } from './sim-cluster.ts'
import {
  ALERTS,
  buildWorkload,
  drawWorkload,
  expectedKey,
  OUTPUT,
  type WorkloadOptions,
} from './workload.ts'
import { World } from './world.ts'

const TASK_MANAGERS = 3
/** After healing, the job must have ended within so much virtual time. */
const LIVENESS_MS = 120_000
const POLL_MS = 100

export interface SeedResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly traceHash: string
  readonly simulatedMs: number
  readonly faults: Readonly<Record<string, number>>
  readonly checkpoints: number
  readonly restarts: number
  readonly description: string
  /** The newest trace lines. */
  readonly trace: readonly string[]
}

export interface SeedOptions {
  /** `at-least-once` is the negative control: the oracles must find what it does. Default `exactly-once`. */
  readonly mode?: CheckpointMode
}

export async function runSeed(
  seed: number,
  { mode = 'exactly-once' }: SeedOptions = {},
): Promise<SeedResult> {
  const world = new World(seed)
  const options = { ...drawWorkload(world.prng.fork()), mode }
  const plan = drawFaults(world.prng.fork())
  const description = `${JSON.stringify(options)} faults ${plan.kinds.join(',')} × ${plan.count} every ${plan.everyMs} ms`
  world.trace(description)
  const slots = Math.ceil(
    Math.max(options.parallelism, options.sinkParallelism) / (TASK_MANAGERS - 1),
  )
  const cluster = new SimCluster({
    world,
    taskManagers: TASK_MANAGERS,
    slots,
    build: (_request, files) => buildWorkload(options, files).functions,
  })
  const reader = new Reader(cluster.files, OUTPUT)
  const client = new Client(world, cluster, options)
  const done = (): boolean => client.job !== null && TERMINAL_STATES.includes(client.job.state)

  // Safety phase.
  const chance = world.prng.fork()
  await world.run(1_000 + chance.float() * 2_000, done)
  for (let i = 0; i < plan.count && !done(); i++) {
    inflict(chance.pick(plan.kinds), world, cluster, chance)
    await world.run(world.scheduler.nowMs() + chance.float() * 2 * plan.everyMs, done)
    await reader.look()
  }

  // Liveness phase.
  heal(world, cluster)
  const healedAtMs = world.scheduler.nowMs()
  const inputMs = (options.records / options.recordsPerSecond) * 1_000
  const ended = await world.run(healedAtMs + inputMs + LIVENESS_MS, done)
  await reader.look()

  const violations: Violation[] = []
  if (!ended)
    violations.push({
      oracle: 'O6',
      message: `the job is ${client.job?.state ?? 'not there'} long after the last fault`,
    })
  else if (client.job?.state !== 'FINISHED') {
    violations.push({
      oracle: 'O6',
      message: `the job is ${client.job?.state}: ${client.job?.failure?.message}`,
    })
  }
  violations.push(...reader.violations)
  violations.push(
    ...(await judgeLedger(cluster.files, OUTPUT, options.records, (n) => expectedKey(options, n))),
  )
  violations.push(...(await judgeAlerts(cluster.files, ALERTS)))
  violations.push(
    ...judgeHits({
      faultsWanted: 1,
      faults: world.faultCount,
      checkpoints: cluster.completed.size,
    }),
  )
  for (const violation of violations)
    world.trace(`VIOLATION ${violation.oracle} ${violation.message}`)
  return {
    seed,
    violations,
    traceHash: world.traceHash,
    simulatedMs: world.scheduler.nowMs(),
    faults: Object.fromEntries(world.faults),
    checkpoints: cluster.completed.size,
    restarts: client.job?.restarts ?? 0,
    description,
    trace: world.tail,
  }
}

/** Submits until it is accepted, then looks at the job now and then. Lives outside the faults. */
class Client {
  job: JobSummary | null = null
  readonly #world: World
  readonly #cluster: SimCluster
  readonly #request: SubmitRequest
  #submitted = false

  constructor(world: World, cluster: SimCluster, options: WorkloadOptions) {
    this.#world = world
    this.#cluster = cluster
    const { graph, settings } = buildWorkload(options, cluster.files)
    const bundle = new TextEncoder().encode('// built in memory')
    this.#request = {
      graph,
      settings,
      bundle,
      bundleHash: bundleHash(createHash('sha256').update(bundle).digest('hex')),
      args: {},
      submittedAtMs: 0,
      restoreFrom: null,
      allowNonRestoredState: false,
      submissionId: `seed-${world.seed}`,
    }
    this.#poll()
  }

  #poll(): void {
    this.#world.scheduler.timer(POLL_MS, () => this.#poll())
    const client = this.#cluster.jobManager?.manager.client
    if (client === undefined) return
    if (!this.#submitted) {
      this.#submitted = true
      // A JobManager that dies meanwhile never answers: asked again when the next one does not know the job.
      client.submit(this.#request).then(
        () => this.#world.trace('submitted'),
        (error: unknown) => {
          this.#world.trace(`submit failed: ${String(error)}`)
          this.#submitted = false
        },
      )
      return
    }
    void client.list().then(
      (jobs) => this.#look(jobs),
      (error: unknown) => this.#world.trace(`list failed: ${String(error)}`),
    )
  }

  #look(jobs: readonly JobSummary[]): void {
    const job = jobs[0]
    if (job === undefined) {
      if (this.job === null && this.#world.prng.chance(0.02)) this.#submitted = false
      return
    }
    if (job.state !== this.job?.state) this.#world.trace(`job ${job.state} attempt ${job.attempt}`)
    this.job = job
  }
}
