// weir top: the cluster at a glance, again and again on a terminal until Ctrl-C; once where the output is no terminal, or
// with --once, and then with every job. Rates are what was counted between two looks, so the first look has none.

import type { Command } from 'commander'
import { durationMs } from '@weirjs/api/durations'
import { sleep } from '@weirjs/common/core/clock'
import { isAbsence, WeirError } from '@weirjs/common/core/errors'
import { quoted } from '@weirjs/common/node/config-values'
import { readsSource } from '@weirjs/common/core/graph/physical-plan'
import {
  type ClusterView,
  type JobDetail,
  TERMINAL_STATES,
  type WorkerView,
} from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, type Session, wantsJson, withSession } from '../cli.ts'
import { ABSENCE_MS_MAX } from '../follow.ts'
import { formatOf, show } from '../output/show.ts'
import { table } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { counted, formatBytes, formatDuration, formatRate } from '../output/units.ts'
import { SHORT_ID_CHARS } from './job-look.ts'

interface TopOptions extends GlobalOptions {
  readonly once?: boolean
  readonly every: string
}

const EVERY_MS_MIN = 200
/** Jobs that are looked at in detail each time, on a terminal. */
const JOBS_SHOWN_MAX = 20
/** Jobs that are asked about at a time. */
const ASKED_AT_ONCE_MAX = 20

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
  /** Jobs that are not among them. */
  readonly moreJobs: number
}

async function top(cli: Cli, options: TopOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const everyMs = everyOf(options.every)
  const { screen } = terminal
  const isWatched = options.once !== true && formatOf(options) === 'table'
  await withSession(cli, options, async (session) => {
    if (screen === null || !isWatched) return showOnce(cli, terminal, options, session)
    const ended = Promise.withResolvers<string>()
    const listening = [
      cli.onInterrupt(() => ended.resolve('Ctrl-C')),
      cli.onTerminate((signal) => ended.resolve(signal)),
      cli.onSuspend(() => screen.close()),
    ]
    try {
      const pause = (): Promise<void> => sleep(cli.scheduler, everyMs)
      const draw = (now: Look, before: Look | null): void =>
        screen.draw(overview(terminal, now, before), 'Ctrl-C ends')
      const endedBy = await live(cli, session, { draw, pause, ended: ended.promise })
      throw new WeirError('cli/interrupted', `ended by ${endedBy}`, { domain: 'user' })
    } finally {
      screen.close()
      for (const stop of listening) stop()
    }
  })
}

interface Show {
  readonly draw: (now: Look, before: Look | null) => void
  /** Until it is time for the next look. */
  readonly pause: () => Promise<void>
  /** Who has ended it, whatever is being waited for. */
  readonly ended: Promise<string>
}

/** Answers who has ended it. */
async function live(cli: Cli, session: Session, { draw, pause, ended }: Show): Promise<string> {
  const lookUnlessEnded = (): Promise<Look | string> =>
    Promise.race([ended, look(cli, session, JOBS_SHOWN_MAX)])
  let before: Look | null = null
  const first = await lookUnlessEnded()
  if (typeof first === 'string') return first
  let now = first
  for (;;) {
    draw(now, before)
    const endedBy = await Promise.race([ended, pause()])
    if (typeof endedBy === 'string') return endedBy
    try {
      const next = await lookUnlessEnded()
      if (typeof next === 'string') return next
      before = now
      now = next
    } catch (error) {
      if (!isAbsence(error) || cli.scheduler.nowMs() - now.atMs > ABSENCE_MS_MAX) throw error
    }
  }
}

async function showOnce(
  cli: Cli,
  terminal: Terminal,
  options: GlobalOptions,
  session: Session,
): Promise<void> {
  const now = await look(cli, session, Number.POSITIVE_INFINITY)
  const { address, cluster, workers, jobs } = now
  show(terminal, options, {
    json: { address, cluster, taskmanagers: workers, jobs: jobs.map(withoutPlan) },
    names: jobs.map(({ jobId }) => jobId),
    lines: wantsJson(options) ? [] : overview(terminal, now, null),
  })
}

/** As `job list` has it, and its tasks. */
function withoutPlan(job: JobDetail): unknown {
  const { plan: _plan, settings: _settings, attempts: _attempts, ...rest } = job
  return rest
}

async function look(cli: Cli, { client, address }: Session, jobsMax: number): Promise<Look> {
  const [cluster, workers, list] = await Promise.all([
    client.cluster(),
    client.workers(),
    client.list(),
  ])
  const alive = list.filter(({ state }) => !TERMINAL_STATES.includes(state))
  const shown = alive.slice(0, jobsMax)
  const jobs: JobDetail[] = []
  for (let i = 0; i < shown.length; i += ASKED_AT_ONCE_MAX) {
    const some = shown.slice(i, i + ASKED_AT_ONCE_MAX)
    jobs.push(...(await Promise.all(some.map(({ jobId }) => client.describe(jobId)))))
  }
  const moreJobs = alive.length - jobs.length
  return { atMs: cli.scheduler.nowMs(), address, cluster, workers, jobs, moreJobs }
}

function overview(terminal: Terminal, now: Look, before: Look | null): readonly string[] {
  const { cluster, workers, jobs, moreJobs, address } = now
  const head = [
    `${terminal.out.paint('bold', `weir ${cluster.version}`)} at ${address}`,
    counted(cluster.workers, 'TaskManager'),
    `${workers.reduce((sum, { slots, freeSlots }) => sum + slots - freeSlots, 0)} of ${cluster.slots} slots in use`,
    ...Object.entries(cluster.jobs).map(
      ([state, count]) => `${count} ${terminal.out.state(state)}`,
    ),
  ]
  return [
    head.join(' · '),
    '',
    ...(jobs.length === 0 ? ['no job is running'] : jobLines(terminal, now, before)),
    ...(moreJobs === 0 ? [] : [`… ${moreJobs} more jobs`]),
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

/** Records that the job's sources have read in a second, as `weir run` and the page say it. */
function rateOf(job: JobDetail, now: Look, before: Look | null): string {
  const former = before?.jobs.find(({ jobId }) => jobId === job.jobId)
  if (before === null || former === undefined || former.attempt !== job.attempt) return '-'
  const records = recordsOf(job) - recordsOf(former)
  const seconds = (now.atMs - before.atMs) / 1_000
  return records < 0 || seconds <= 0 ? '-' : formatRate(records / seconds)
}

function recordsOf({ plan, taskViews }: JobDetail): number {
  const ids = new Set<string>(plan.vertices.filter(readsSource).map(({ id }) => id))
  return taskViews
    .filter(({ vertexId }) => ids.has(vertexId))
    .reduce((total, task) => total + task.recordsIn, 0)
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
  throw new WeirError(
    'cli/usage',
    `--every ${quoted(text)} is no duration from ${EVERY_MS_MIN}ms`,
    {
      domain: 'user',
      hint: 'write 500ms, 2s or 1m',
    },
  )
}
