// weir top: the cluster at a glance, again and again on a terminal until Ctrl-C; once where the output is no terminal, or
// with --once. Rates are what was counted between two looks, so the first look has none.

import type { Command } from 'commander'
import { durationMs } from '@weirjs/api/durations'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import {
  type ClusterView,
  type JobClient,
  type JobDetail,
  TERMINAL_STATES,
  type WorkerView,
} from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, wantsJson, withSession } from '../cli.ts'
import { ABSENCE_MS_MAX, isAbsence } from '../follow.ts'
import { formatOf, show } from '../output/show.ts'
import { table } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { formatBytes, formatDuration, formatRate } from '../output/units.ts'
import { SHORT_ID_CHARS } from './job-look.ts'

interface TopOptions extends GlobalOptions {
  readonly once?: boolean
  readonly every: string
}

const EVERY_MS_MIN = 200
/** Jobs that are looked at in detail each time. */
const JOBS_SHOWN_MAX = 20

export function addTopCommand(program: Command, cli: Cli): void {
  program
    .command('top')
    .description('live view of jobs and TaskManagers')
    .option('--once', 'look once and end')
    .option('--every <duration>', 'time between two looks', '2s')
    .action(async (_own: object, command: Command) => top(cli, command.optsWithGlobals()))
}

interface Look {
  readonly atMs: number
  readonly address: string
  readonly cluster: ClusterView
  readonly workers: readonly WorkerView[]
  readonly jobs: readonly JobDetail[]
}

async function top(cli: Cli, options: TopOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const everyMs = everyOf(options.every)
  const once = options.once === true || !terminal.screen || formatOf(options) !== 'table'
  const interrupt = Promise.withResolvers<'interrupted'>()
  const stopListening = cli.onInterrupt(() => interrupt.resolve('interrupted'))
  const pause: Pause = async () =>
    (await Promise.race([interrupt.promise, sleep(cli.scheduler, everyMs)])) !== 'interrupted'
  try {
    await withSession(cli, options, async ({ client, address }) => {
      const first = await look(cli, client, address)
      if (once) return showOnce(terminal, options, first)
      await live(cli, client, terminal, first, pause)
      throw new WeirError('cli/interrupted', 'ended by Ctrl-C', { domain: 'user' })
    })
  } finally {
    stopListening()
  }
}

/** Until it is time for the next look. False: nobody wants one any more. */
type Pause = () => Promise<boolean>

async function live(
  cli: Cli,
  client: JobClient,
  terminal: Terminal,
  first: Look,
  pause: Pause,
): Promise<void> {
  let before: Look | null = null
  let now = first
  for (;;) {
    terminal.redraw([...screen(terminal, now, before), '', 'Ctrl-C ends'])
    if (!(await pause())) return
    try {
      const next = await look(cli, client, now.address)
      before = now
      now = next
    } catch (error) {
      if (!isAbsence(error) || cli.scheduler.nowMs() - now.atMs > ABSENCE_MS_MAX) throw error
    }
  }
}

function showOnce(terminal: Terminal, options: GlobalOptions, now: Look): void {
  const { address, cluster, workers, jobs } = now
  show(terminal, options, {
    json: { address, cluster, taskmanagers: workers, jobs: jobs.map(withoutPlan) },
    names: jobs.map(({ jobId }) => jobId),
    lines: wantsJson(options) ? [] : screen(terminal, now, null),
  })
}

/** As `job list` has it, and its tasks. */
function withoutPlan(job: JobDetail): unknown {
  const { plan: _plan, settings: _settings, attempts: _attempts, ...rest } = job
  return rest
}

async function look(cli: Cli, client: JobClient, address: string): Promise<Look> {
  const [cluster, workers, list] = await Promise.all([
    client.cluster(),
    client.workers(),
    client.list(),
  ])
  const alive = list.filter(({ state }) => !TERMINAL_STATES.includes(state))
  const jobs = await Promise.all(
    alive.slice(0, JOBS_SHOWN_MAX).map(({ jobId }) => client.describe(jobId)),
  )
  return { atMs: cli.scheduler.nowMs(), address, cluster, workers, jobs }
}

function screen(terminal: Terminal, now: Look, before: Look | null): readonly string[] {
  const { cluster, workers, jobs, address } = now
  const head = [
    `${terminal.out.paint('bold', `weir ${cluster.version}`)} at ${address}`,
    `${cluster.workers} TaskManagers`,
    `${workers.reduce((sum, { slots, freeSlots }) => sum + slots - freeSlots, 0)} of ${cluster.slots} slots in use`,
    ...Object.entries(cluster.jobs).map(
      ([state, count]) => `${count} ${terminal.out.state(state)}`,
    ),
  ]
  return [
    head.join(' · '),
    '',
    ...(jobs.length === 0 ? ['no job is running'] : jobLines(terminal, now, before)),
    '',
    ...(workers.length === 0 ? ['no TaskManagers'] : workerLines(workers)),
  ]
}

function jobLines(terminal: Terminal, now: Look, before: Look | null): readonly string[] {
  return table<JobDetail>(
    [
      { title: 'JOB', cell: (j) => j.jobId.slice(0, SHORT_ID_CHARS) },
      { title: 'NAME', cell: (j) => j.name },
      { title: 'STATE', cell: (j) => j.state, paint: (text) => terminal.out.state(text) },
      { title: 'HEALTH', cell: (j) => j.health, paint: (text) => terminal.out.state(text) },
      { title: 'TASKS', cell: (j) => `${j.tasks.running}/${j.tasks.total}`, align: 'right' },
      { title: 'RATE', cell: (j) => rateOf(j, now, before), align: 'right' },
      { title: 'BUSIEST', cell: busiest },
      { title: 'PRESSED', cell: (j) => percent(mostPressed(j)), align: 'right' },
      { title: 'RESTARTS', cell: (j) => `${j.restarts}`, align: 'right' },
      { title: 'CHECKPOINT', cell: (j) => `${j.lastCheckpointId ?? '-'}`, align: 'right' },
    ],
    now.jobs,
  )
}

const workerLines = (workers: readonly WorkerView[]): readonly string[] =>
  table<WorkerView>(
    [
      { title: 'TASKMANAGER', cell: (w) => w.workerId },
      { title: 'SLOTS', cell: (w) => `${w.slots - w.freeSlots}/${w.slots}`, align: 'right' },
      { title: 'MEMORY', cell: (w) => formatBytes(w.rssBytes), align: 'right' },
      { title: 'HEARTBEAT', cell: (w) => formatDuration(w.lastHeartbeatAgeMs), align: 'right' },
      { title: '', cell: (w) => (w.draining ? 'drained' : '') },
    ],
    workers,
  )

/** Records that came into the job's tasks or left them, whichever is more, in a second. */
function rateOf(job: JobDetail, now: Look, before: Look | null): string {
  const former = before?.jobs.find(({ jobId }) => jobId === job.jobId)
  if (before === null || former === undefined || former.attempt !== job.attempt) return '-'
  const records = recordsOf(job) - recordsOf(former)
  const seconds = (now.atMs - before.atMs) / 1_000
  return records < 0 || seconds <= 0 ? '-' : formatRate(records / seconds)
}

function recordsOf({ taskViews }: JobDetail): number {
  const sum = (of: 'recordsIn' | 'recordsOut'): number =>
    taskViews.reduce((total, task) => total + task[of], 0)
  return Math.max(sum('recordsIn'), sum('recordsOut'))
}

function busiest({ taskViews }: JobDetail): string {
  const [most] = taskViews.toSorted((a, b) => b.busyRatio - a.busyRatio)
  return most === undefined ? '-' : `${most.name} ${percent(most.busyRatio)}`
}

const mostPressed = ({ taskViews }: JobDetail): number =>
  Math.max(0, ...taskViews.map((task) => task.backPressuredRatio))
const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`

function everyOf(text: string): number {
  let everyMs = 0
  try {
    everyMs = durationMs(text, '--every')
  } catch {
    everyMs = 0 // said below
  }
  if (everyMs >= EVERY_MS_MIN) return everyMs
  throw new WeirError('cli/usage', `--every "${text}" is no duration from ${EVERY_MS_MIN}ms`, {
    domain: 'user',
    hint: 'write 500ms, 2s or 1m',
  })
}
