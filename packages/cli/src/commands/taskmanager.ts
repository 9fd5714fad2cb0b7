// weir taskmanager list, describe, drain: the machines that work, what they do, and how to take one away without a fright.

import type { Command } from 'commander'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { printable } from '@weirjs/common/core/printable'
import {
  type JobClient,
  type JobSummary,
  type TaskView,
  TERMINAL_STATES,
  type WorkerView,
} from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, withSession } from '../cli.ts'
import { show, type WideColumn } from '../output/show.ts'
import { facts, table } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { counted, formatBytes, formatCount, formatDuration } from '../output/units.ts'
import { parseTimeout } from '../wait.ts'
import { SHORT_ID_CHARS } from './job-look.ts'

const DRAIN_MS_MAX = 60_000
const POLL_MS = 200

/** Below the `taskmanager` command that the caller made. */
export function addTaskManagerCommands(taskmanager: Command, cli: Cli): void {
  taskmanager
    .command('list')
    .description('registered TaskManagers and their slots')
    .action(async (_own: object, command: Command) => list(cli, command.optsWithGlobals()))
  taskmanager
    .command('describe')
    .argument('<taskmanager>', 'id, or the beginning of one')
    .description('one TaskManager, and the tasks that run there')
    .action(async (id: string, _own: object, command: Command) =>
      describe(cli, id, command.optsWithGlobals()),
    )
  taskmanager
    .command('drain')
    .argument('<taskmanager>', 'id, or the beginning of one')
    .description('move its tasks to others and give it nothing more')
    .option('--undo', 'let it have tasks again')
    .option('--force', 'also when there is no room for its tasks elsewhere: they wait for slots')
    .option('--timeout <duration>', 'give up waiting after this time (exit code 6)')
    .action(async (id: string, _own: object, command: Command) =>
      drain(cli, id, command.optsWithGlobals()),
    )
}

const COLUMNS: readonly WideColumn<WorkerView>[] = [
  { title: 'TASKMANAGER', cell: (w) => w.workerId },
  { title: 'ADDRESS', cell: (w) => w.address },
  { title: 'PID', cell: (w) => `${w.pid}`, align: 'right' },
  { title: 'SLOTS', cell: (w) => `${w.slots}`, align: 'right' },
  { title: 'FREE', cell: (w) => (w.draining ? 'drained' : `${w.freeSlots}`), align: 'right' },
  { title: 'MEMORY', cell: (w) => formatBytes(w.rssBytes), align: 'right' },
  {
    title: 'LAST HEARTBEAT',
    cell: (w) => `${formatDuration(w.lastHeartbeatAgeMs)} ago`,
    align: 'right',
  },
]

async function list(cli: Cli, options: GlobalOptions): Promise<void> {
  const workers = await withSession(cli, options, ({ client }) => client.workers())
  show<WorkerView>(cli.terminal(options), options, {
    json: { taskmanagers: workers },
    names: workers.map(({ workerId }) => workerId),
    none: 'no TaskManagers',
    columns: COLUMNS,
    rows: workers,
  })
}

// ---- describe ----

interface PlacedTask {
  readonly job: JobSummary
  readonly task: TaskView
}

async function describe(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  const [worker, placed] = await withSession(cli, options, async ({ client }) => {
    const found = await findWorker(client, id)
    return [found, await tasksOn(client, found.workerId)] as const
  })
  const tasks = placed.map(({ job, task }) => ({ jobId: job.jobId, jobName: job.name, ...task }))
  show(cli.terminal(options), options, {
    json: { ...worker, tasks },
    names: [worker.workerId],
    lines: [...workerFacts(worker), ...taskTable(placed)],
  })
}

function workerFacts(worker: WorkerView): readonly string[] {
  return facts([
    ['taskmanager', worker.workerId],
    ['address', worker.address],
    ['pid', `${worker.pid}`],
    ['slots', `${worker.freeSlots} of ${worker.slots} free${worker.draining ? ', drained' : ''}`],
    ['memory', formatBytes(worker.rssBytes)],
    ['heartbeat', `${formatDuration(worker.lastHeartbeatAgeMs)} ago`],
  ])
}

function taskTable(placed: readonly PlacedTask[]): readonly string[] {
  if (placed.length === 0) return []
  const lines = table<PlacedTask>(
    [
      { title: 'JOB', cell: ({ job }) => job.jobId.slice(0, SHORT_ID_CHARS) },
      { title: 'NAME', cell: ({ job }) => job.name },
      { title: 'TASK', cell: ({ task }) => task.name },
      { title: 'STATE', cell: ({ task }) => task.state },
      { title: 'IN', cell: ({ task }) => formatCount(task.recordsIn), align: 'right' },
      { title: 'OUT', cell: ({ task }) => formatCount(task.recordsOut), align: 'right' },
    ],
    placed,
  )
  return ['', ...lines]
}

async function tasksOn(client: JobClient, worker: string): Promise<readonly PlacedTask[]> {
  const placed: PlacedTask[] = []
  for (const job of await client.list()) {
    if (TERMINAL_STATES.includes(job.state)) continue
    const { taskViews } = await client.describe(job.jobId)
    placed.push(
      ...taskViews.filter((task) => task.worker === worker).map((task) => ({ job, task })),
    )
  }
  return placed
}

async function findWorker(client: JobClient, id: string): Promise<WorkerView> {
  const workers = await client.workers()
  const found = workers.filter(({ workerId }) => workerId.startsWith(id))
  const only = found.find(({ workerId }) => workerId === id) ?? found[0]
  if (only === undefined) {
    throw new WeirError('worker/not-found', `there is no TaskManager ${id}`, {
      domain: 'user',
      hint: 'list them with `weir taskmanager list`',
    })
  }
  if (found.length === 1 || only.workerId === id) return only
  throw new WeirError('worker/ambiguous-id', `${found.length} TaskManagers begin with ${id}`, {
    domain: 'user',
    hint: 'give more of the id',
  })
}

// ---- drain ----

interface DrainOptions extends GlobalOptions {
  readonly undo?: boolean
  readonly force?: boolean
  readonly timeout?: string
}

async function drain(cli: Cli, id: string, options: DrainOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const timeoutMs = options.timeout === undefined ? DRAIN_MS_MAX : parseTimeout(options.timeout)
  const worker = await withSession(cli, options, async ({ client }) => {
    const { workerId } = await findWorker(client, id)
    if (options.undo === true) return client.drainWorker(workerId, false)
    if (options.force !== true) await refuseWithoutRoom(client, workerId)
    await checkpointBefore(client, workerId, terminal)
    return untilEmpty(cli, client, workerId, timeoutMs)
  })
  show(terminal, options, {
    json: worker,
    names: [worker.workerId],
    lines: [`${worker.workerId} ${worker.draining ? 'drained' : 'takes tasks'}`],
  })
  if (worker.draining)
    terminal.note(`nothing runs there any more; pid ${worker.pid} can be ended with SIGTERM`)
}

async function refuseWithoutRoom(client: JobClient, worker: string): Promise<void> {
  const workers = await client.workers()
  const used = workers
    .filter(({ workerId }) => workerId === worker)
    .reduce((sum, { slots, freeSlots }) => sum + slots - freeSlots, 0)
  const free = workers
    .filter(({ workerId, draining }) => workerId !== worker && !draining)
    .reduce((sum, { freeSlots }) => sum + freeSlots, 0)
  if (free >= used) return
  throw new WeirError(
    'worker/no-room',
    `${counted(used, 'slot')} of ${worker} would have to move, but only ${counted(free, 'slot')} elsewhere can take tasks`,
    { domain: 'user', hint: 'start another TaskManager first, or let jobs wait with --force' },
  )
}

/** So that little has to be done again. A job that cannot take one now moves from its newest. */
async function checkpointBefore(
  client: JobClient,
  worker: string,
  terminal: Terminal,
): Promise<void> {
  const jobs = new Map((await tasksOn(client, worker)).map(({ job }) => [job.jobId, job]))
  for (const { jobId, name } of jobs.values()) {
    try {
      const { checkpointId } = await client.triggerCheckpoint(jobId)
      terminal.note(`checkpoint ${checkpointId} of ${printable(name)} completed`)
    } catch (error) {
      if (!(error instanceof WeirError)) throw error
      terminal.note(
        `no checkpoint of ${printable(name)} before it moves: ${printable(error.message)}`,
      )
    }
  }
}

/** Asked again for as long as something runs there: a job may have been on its way to it. */
async function untilEmpty(
  cli: Cli,
  client: JobClient,
  worker: string,
  timeoutMs: number,
): Promise<WorkerView> {
  const dueMs = cli.scheduler.nowMs() + timeoutMs
  for (;;) {
    const view = await client.drainWorker(worker, true)
    if (view.freeSlots === view.slots) return view
    if (cli.scheduler.nowMs() >= dueMs) {
      const used = view.slots - view.freeSlots
      throw new WeirError('cli/timeout', `${counted(used, 'slot')} of ${worker} still in use`, {
        domain: 'external',
        hint: 'it gets no new tasks; `weir taskmanager describe` shows what still runs',
      })
    }
    await sleep(cli.scheduler, POLL_MS)
  }
}
