// A workload in bare slot threads of this process: no JobManager, no TaskManager, no gRPC between processes. What is
// left is the engine's own cost for each record, and with --profile DIR a CPU profile of every thread. The control plane
// is played here in the simplest way: deploy everything, trigger, complete when all have answered.
// Run: node -C source [--cpu-prof --cpu-prof-dir=DIR] bench/src/micro/job.ts --workload wordcount --parallelism 2

import type {
  CheckpointNotice,
  DeployRequest,
  SlotEndpoint,
  TaskPlacement,
} from '@weirjs/common/core/gateways'
import type { PhysicalPlan } from '@weirjs/common/core/graph/physical-plan'
import { attempt, checkpointId, jobId, leaderEpoch, workerId } from '@weirjs/common/core/ids'
import type { Fence, TaskId } from '@weirjs/common/core/ids'
import { NO_SECRETS } from '@weirjs/common/core/secrets'
import { findRuntimeRoot } from '@weirjs/common/node/runtime-modules'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { planJob } from '@weirjs/jobmanager/core/plan/planner'
import type { GroupStart, SlotCommand, SlotEvent } from '@weirjs/taskmanager/slots/protocol'
import { SupervisedThread } from '@weirjs/taskmanager/slots/supervised-thread'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { expectedCheck } from '../expected.ts'
import { cacheDirectory, parseOptions, type BenchOptions } from '../options.ts'
import { benchJob, prepareInput } from '../run/job.ts'
import { readMarks } from '../run/marks.ts'
import { prepareBenchJob } from '../run/prepare.ts'

const HEAP_BYTES_MAX = 4 * 1024 ** 3
const FENCE: Fence = { jobId: jobId('b'.repeat(32)), epoch: leaderEpoch(1), attempt: attempt(1) }
const WORKER = workerId('bench')
const scheduler = systemScheduler()
const note = (text: string): void => console.error(text)

interface Loaded {
  readonly plan: PhysicalPlan
  readonly start: GroupStart
  readonly intervalMs: number | null
}

async function load(options: BenchOptions, directory: string): Promise<Loaded> {
  const input = prepareInput(options, note)
  const prepared = await prepareBenchJob(benchJob(options, input, directory), options.parallelism)
  const { bundle, built, submittedAtMs } = prepared
  const { graph, settings, args } = built
  const bundlePath = join(directory, 'job.mjs')
  writeFileSync(bundlePath, bundle.bytes)
  const slots = Array.from({ length: options.parallelism }, (_, slot) => slot)
  return {
    plan: planJob(graph, settings).plan,
    intervalMs: settings.checkpoint.intervalMs,
    start: {
      request: {
        fence: FENCE,
        jobName: graph.name,
        bundle: bundle.hash,
        args,
        submittedAtMs,
        config: settings.config,
        credential: 'bench',
        slots,
      },
      workerId: WORKER,
      bundlePath,
      runtimeRoot: findRuntimeRoot(process.env),
      checkpointDirectory: join(directory, 'checkpoints'),
      bindHost: '127.0.0.1',
      advertisedHost: '127.0.0.1',
      dataPorts: { first: 0, last: 0 },
      encrypted: false,
      confined: false,
      secrets: NO_SECRETS,
      reportIntervalMs: 1_000,
    },
  }
}

/** The control plane of one run. */
class Conductor {
  readonly #threads: readonly SupervisedThread[]
  readonly #loaded: Loaded
  readonly #tasks: readonly TaskId[]
  readonly #states = new Map<string, number>()
  readonly finished = Promise.withResolvers<void>()
  readonly stalls: number[] = []
  checkpoints = 0
  stateBytes = 0
  #acknowledged = 0
  #latest = 0
  #underWay = false
  #final = false

  constructor(threads: readonly SupervisedThread[], loaded: Loaded) {
    this.#threads = threads
    this.#loaded = loaded
    this.#tasks = loaded.plan.vertices.flatMap(({ id, parallelism }) =>
      Array.from({ length: parallelism }, (_, subtask) => ({ vertexId: id, subtask })),
    )
  }

  deploy(endpoints: readonly SlotEndpoint[]): void {
    const slotOf = (task: TaskId): number => task.subtask % endpoints.length
    const placements: TaskPlacement[] = this.#tasks.map((task) => ({
      task,
      endpoint: endpoints[slotOf(task)] as SlotEndpoint,
    }))
    const tasks = this.#tasks.map((task) => ({ task, slot: slotOf(task), restore: null }))
    const request: DeployRequest = { fence: FENCE, plan: this.#loaded.plan, placements, tasks }
    this.#all({ type: 'deploy', request })
  }

  take(event: SlotEvent): void {
    if (event.type === 'task-update') this.#state(event.update.change)
    else if (event.type === 'decline') throw new Error(event.decline.failure.message)
    else if (event.type === 'acknowledge') {
      this.#acknowledged += 1
      this.stalls.push(event.ack.stats.stallMsMax)
      this.stateBytes = Math.max(this.stateBytes, event.ack.stats.stateBytes)
      if (this.#acknowledged === this.#tasks.length) this.#complete()
    } else if (event.type === 'output') for (const { text } of event.lines) console.log(text)
  }

  #state(change: {
    readonly state: string
    readonly failure?: { readonly message: string; readonly stack?: unknown }
  }): void {
    if (change.failure !== undefined)
      this.finished.reject(new Error(`${change.failure.message} ${String(change.failure.stack)}`))
    const count = (this.#states.get(change.state) ?? 0) + 1
    this.#states.set(change.state, count)
    if (count < this.#tasks.length) return
    if (change.state === 'running' && this.#loaded.intervalMs !== null)
      this.#tick(this.#loaded.intervalMs)
    else if (change.state === 'end-of-data') this.#endOfData()
    else if (change.state === 'finished') this.finished.resolve()
  }

  #tick(intervalMs: number): void {
    scheduler.timer(intervalMs, () => {
      if (this.#final) return
      if (!this.#underWay) this.#trigger(false)
      this.#tick(intervalMs)
    })
  }

  #endOfData(): void {
    this.#final = true
    if (!this.#underWay) this.#trigger(true)
  }

  #trigger(final: boolean): void {
    this.#underWay = true
    this.#acknowledged = 0
    this.#latest += 1
    const enumerators = this.#loaded.plan.vertices.filter(
      ({ operators }) => operators[0]?.kind === 'source-enumerator',
    )
    const tasks = enumerators.map(({ id }) => ({ vertexId: id, subtask: 0 }))
    const request = {
      fence: FENCE,
      checkpointId: checkpointId(this.#latest),
      timestampMs: scheduler.wallMs(),
      tasks,
      final,
    }
    this.#threads[0]?.send({ type: 'slot', command: { type: 'trigger', request } })
    this.#lastFinal = final
  }

  #lastFinal = false

  #complete(): void {
    this.#underWay = false
    this.checkpoints += 1
    const notice: CheckpointNotice = {
      fence: FENCE,
      checkpointId: checkpointId(this.#latest),
      final: this.#lastFinal,
    }
    this.#all({ type: 'notify-complete', notice })
    if (this.#final && !this.#lastFinal) this.#trigger(true)
  }

  #all(command: SlotCommand): void {
    for (const thread of this.#threads) thread.send({ type: 'slot', command })
  }
}

function connectAll(
  count: number,
): readonly { readonly slot: number; readonly port: MessagePort }[][] {
  const ends: { slot: number; port: MessagePort }[][] = Array.from({ length: count }, () => [])
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const { port1, port2 } = new MessageChannel()
      ends[a]?.push({ slot: b, port: port1 })
      ends[b]?.push({ slot: a, port: port2 })
    }
  }
  return ends
}

async function run(options: BenchOptions): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-'))
  const loaded = await load(options, directory)
  const events: SlotEvent[] = []
  let take = (event: SlotEvent): void => void events.push(event)
  const threads = loaded.start.request.slots.map(
    () =>
      new SupervisedThread({
        entry: new URL(
          '../../../packages/taskmanager/src/slots/slot-thread-entry.ts',
          import.meta.url,
        ),
        heapBytesMax: HEAP_BYTES_MAX,
        clock: scheduler,
        onPrepared: () => {},
        onEvent: (event) => take(event),
        onLine: (_stream, text) => console.error(text),
        onLost: (failure) => {
          throw new Error(failure.message)
        },
      }),
  )
  const conductor = new Conductor(threads, loaded)
  take = (event) => conductor.take(event)
  const ports = connectAll(threads.length)
  const endpoints = await Promise.all(
    threads.map((thread, slot) =>
      thread.open({ slot, start: loaded.start, siblings: ports[slot] ?? [] }),
    ),
  )
  const cpu = process.cpuUsage()
  conductor.deploy(endpoints)
  await conductor.finished.promise
  const { user, system } = process.cpuUsage(cpu)
  const cpuSeconds = (user + system) / 1e6
  const { check, firstRecordMs, drainedMs } = readMarks(directory)
  const wallSeconds = (drainedMs - firstRecordMs) / 1e3
  const { events: count, workload, seed } = options
  const expected = expectedCheck(
    { workload, seed, events: count },
    cacheDirectory(process.env),
    note,
  )
  const right = check.rows === expected.rows && check.hash === expected.hash
  console.log(
    `${workload} ${options.source} p=${options.parallelism} ${right ? 'right' : 'WRONG'}: ${(count / wallSeconds / 1e6).toFixed(2)} M/s, ` +
      `${(count / cpuSeconds / 1e6).toFixed(2)} M per CPU s, ${conductor.checkpoints} checkpoints of at most ` +
      `${conductor.stateBytes} bytes, longest stall ${Math.max(0, ...conductor.stalls).toFixed(2)} ms, ` +
      `RSS ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`,
  )
  await Promise.all(threads.map((thread) => thread.close()))
  await Promise.all(threads.map((thread) => thread.exited))
  rmSync(directory, { recursive: true })
}

const options = parseOptions(process.argv.slice(2), process.env)
for (let i = 0; i < options.runs; i++) await run(options)
process.exit(0)
