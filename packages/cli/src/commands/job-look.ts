// weir job list, describe, checkpoints, exceptions: how jobs stand, and what happened to them.

import type { Failure } from '@weirjs/common/core/errors'
import {
  type AttemptView,
  type CheckpointView,
  type JobDetail,
  type JobSummary,
  type TaskView,
  TERMINAL_STATES,
} from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, withSession } from '../cli.ts'
import { errorLines, lastOutputLines, placeOf } from '../output/errors.ts'
import { formatOf, show, type WideColumn } from '../output/show.ts'
import { facts, table } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { counted, formatBytes, formatCount, formatDuration, formatTime } from '../output/units.ts'

export const SHORT_ID_CHARS = 12

export async function list(cli: Cli, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const jobs = await withSession(cli, options, ({ client }) => client.list())
  show(terminal, options, {
    json: { jobs },
    names: jobs.map(({ jobId }) => jobId),
    none: 'no jobs',
    columns: jobColumns(terminal, cli.scheduler.wallMs(), formatOf(options) === 'wide'),
    rows: jobs,
  })
}

function jobColumns(
  terminal: Terminal,
  nowMs: number,
  wholeIds: boolean,
): readonly WideColumn<JobSummary>[] {
  const id = (job: JobSummary): string =>
    wholeIds ? job.jobId : job.jobId.slice(0, SHORT_ID_CHARS)
  return [
    { title: 'JOB', cell: id },
    { title: 'NAME', cell: (j) => j.name },
    { title: 'STATE', cell: (j) => j.state, paint: (text) => terminal.out.state(text) },
    { title: 'HEALTH', cell: healthOf, paint: (text) => terminal.out.state(text) },
    { title: 'TASKS', cell: (j) => `${j.tasks.running}/${j.tasks.total}`, align: 'right' },
    { title: 'RESTARTS', cell: (j) => `${j.restarts}`, align: 'right' },
    { title: 'CHECKPOINT', cell: (j) => `${j.lastCheckpointId ?? '-'}`, align: 'right' },
    { title: 'SUBMITTED', cell: (j) => formatTime(j.submittedAtMs) },
    {
      title: 'DURATION',
      cell: (j) => formatDuration((j.endedAtMs ?? nowMs) - j.submittedAtMs),
      align: 'right',
    },
    { title: 'ATTEMPT', cell: (j) => `${j.attempt}`, align: 'right', wide: true },
    { title: 'FAILURE', cell: (j) => headline(j.failure), wide: true },
  ]
}

/** How a job goes, while it goes. */
const healthOf = (job: JobSummary): string =>
  TERMINAL_STATES.includes(job.state) ? '-' : job.health

const headline = (failure: Failure | null): string =>
  failure === null ? '-' : `${failure.message.split('\n')[0]} [${failure.code}]`

export async function describe(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const job = await withSession(cli, options, ({ client }) => client.describe(id))
  const wide = formatOf(options) === 'wide'
  show(terminal, options, {
    json: job,
    names: [job.jobId],
    lines: [
      ...jobFacts(job, terminal),
      ...(job.failure === null ? [] : lastOutputLines(job.failure)),
      '',
      ...taskTable(job, wide),
      ...attemptTable(job),
      ...lastFailure(job, terminal),
    ],
  })
}

function jobFacts(job: JobDetail, terminal: Terminal): readonly string[] {
  const { checkpoint, restart } = job.settings
  const every =
    checkpoint.intervalMs === null ? 'off' : `every ${formatDuration(checkpoint.intervalMs)}`
  return facts([
    ['job', job.jobId],
    ['name', job.name],
    [
      'state',
      TERMINAL_STATES.includes(job.state) ? job.state : `${job.state} (${job.health})`,
      (text) => text.replaceAll(/\w+/g, (word) => terminal.out.state(word)),
    ],
    ['submitted', formatTime(job.submittedAtMs)],
    ['ended', job.endedAtMs === null ? '-' : formatTime(job.endedAtMs)],
    ['attempt', `${job.attempt} (${counted(job.restarts, 'restart')})`],
    ['checkpoints', `${every}, ${checkpoint.mode}, last ${job.lastCheckpointId ?? '-'}`],
    ['restart', restart.strategy],
    ...(job.failure === null
      ? []
      : [
          [
            'failure',
            `${job.failure.message}${placeOf(job.failure)} [${job.failure.code}]`,
          ] as const,
        ]),
    ...(job.failure?.hint === undefined ? [] : [['hint', job.failure.hint] as const]),
  ])
}

const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`
const TASK_COLUMNS: readonly WideColumn<TaskView>[] = [
  { title: 'TASK', cell: (t) => `${t.vertexId}/${t.subtask}` },
  { title: 'NAME', cell: (t) => t.name },
  { title: 'STATE', cell: (t) => t.state },
  { title: 'WORKER', cell: (t) => t.worker ?? '-' },
  { title: 'BUSY', cell: (t) => percent(t.busyRatio), align: 'right' },
  { title: 'PRESSED', cell: (t) => percent(t.backPressuredRatio), align: 'right' },
  { title: 'IN', cell: (t) => formatCount(t.recordsIn), align: 'right' },
  { title: 'OUT', cell: (t) => formatCount(t.recordsOut), align: 'right' },
  { title: 'IDLE', cell: (t) => percent(t.idleRatio), align: 'right', wide: true },
  { title: 'ATTEMPT', cell: (t) => `${t.attempt}`, align: 'right', wide: true },
  { title: 'WATERMARK', cell: (t) => watermarkText(t.watermark), wide: true },
]

/** Before the first watermark and after the last there is no time to show. */
function watermarkText(ms: number): string {
  const isTime = Math.abs(ms) <= 8.64e15
  return isTime ? formatTime(ms) : '-'
}

function taskTable(job: JobDetail, wide: boolean): readonly string[] {
  const columns = TASK_COLUMNS.filter((column) => wide || column.wide !== true)
  return table(columns, job.taskViews)
}

function attemptTable(job: JobDetail): readonly string[] {
  if (job.attempts.length < 2) return []
  const lines = table(
    [
      { title: 'ATTEMPT', cell: (a) => `${a.attempt}`, align: 'right' },
      { title: 'STARTED', cell: (a) => formatTime(a.startedAtMs) },
      { title: 'RESTORED', cell: (a) => `${a.restoredFrom ?? '-'}`, align: 'right' },
      { title: 'ENDED BY', cell: (a) => headline(a.failure) },
    ],
    job.attempts,
  )
  return ['', ...lines]
}

/** Hint and last words of what has made a job start anew that runs again; `job exceptions` has all failures. */
function lastFailure(job: JobDetail, terminal: Terminal): readonly string[] {
  const last = job.attempts.find(({ failure }) => failure !== null)
  if (last === undefined || job.failure !== null) return []
  const { hint, lastOutput = [] } = last.failure ?? {}
  // Else the table of attempts has said it all.
  return hint === undefined && lastOutput.length === 0
    ? []
    : ['', ...attemptLines(last, terminal, false)]
}

export async function checkpoints(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const views = await withSession(cli, options, ({ client }) => client.checkpoints(id))
  show<CheckpointView>(terminal, options, {
    json: { checkpoints: views },
    names: views.flatMap(({ path }) => path ?? []),
    none: 'no checkpoints',
    columns: checkpointColumns(terminal),
    rows: views,
  })
}

const checkpointColumns = (terminal: Terminal): readonly WideColumn<CheckpointView>[] => [
  { title: 'ID', cell: (c) => `${c.checkpointId}`, align: 'right' },
  { title: 'STATE', cell: (c) => c.state, paint: (text) => terminal.out.state(text) },
  { title: 'KIND', cell: (c) => c.kind },
  { title: 'TRIGGERED', cell: (c) => formatTime(c.triggeredAtMs) },
  {
    title: 'TOOK',
    cell: (c) => (c.endedAtMs === null ? '-' : formatDuration(c.endedAtMs - c.triggeredAtMs)),
    align: 'right',
  },
  { title: 'STATE SIZE', cell: (c) => formatBytes(c.stateBytes), align: 'right' },
  { title: 'ACKS', cell: (c) => `${c.acknowledged}/${c.total}`, align: 'right' },
  { title: 'STALL', cell: (c) => formatDuration(c.stallMsMax), align: 'right', wide: true },
  { title: 'PATH', cell: (c) => c.path ?? c.failure?.message ?? '-' },
]

/** Every failure with its place and hint; stacks with -v. */
export async function exceptions(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const job = await withSession(cli, options, ({ client }) => client.describe(id))
  const failed = job.attempts.filter((one) => one.failure !== null)
  const lines = failed.flatMap((one) => attemptLines(one, terminal, options.verbose === true))
  if (lines.length === 0) terminal.note('nothing has gone wrong')
  show(terminal, options, {
    json: {
      jobId: job.jobId,
      state: job.state,
      failure: job.failure,
      exceptions: failed.map(({ attempt, startedAtMs, endedAtMs, failure }) => ({
        attempt,
        startedAtMs,
        endedAtMs,
        failure,
      })),
    },
    names: failed.flatMap(({ failure }) => failure?.code ?? []),
    lines,
  })
}

function attemptLines(
  { attempt, endedAtMs, failure }: AttemptView,
  terminal: Terminal,
  verbose: boolean,
): readonly string[] {
  if (failure === null) return []
  const ended = endedAtMs === null ? '' : `, ended ${formatTime(endedAtMs)}`
  const lines = [...errorLines(failure, terminal.out, verbose), ...lastOutputLines(failure)]
  return [`attempt ${attempt}${ended}`, ...lines.map(indent)]
}

const indent = (line: string): string => `  ${line.replaceAll('\n', '\n  ')}`
