// weir job …: what runs, in what state, and how to end it.

import type { Command } from 'commander'
import { durationMs } from '@weirjs/api/durations'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import {
  type CheckpointView,
  type JobClient,
  type JobDetail,
  type JobSummary,
  TERMINAL_STATES,
} from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, wantsJson, withSession } from '../cli.ts'
import { ABSENCE_MS_MAX, assertFinished, isAbsence } from '../follow.ts'
import { facts, table } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { formatBytes, formatCount, formatDuration, formatTime } from '../output/units.ts'

const SHORT_ID_CHARS = 12
const POLL_MS = 100
const CANCEL_WAIT_MS = 60_000

export function addJobCommands(program: Command, cli: Cli): void {
  const job = program.command('job').description('look at jobs and end them')
  job
    .command('list')
    .description('all jobs, newest first')
    .action(async (_own: object, command: Command) => {
      await list(cli, command.optsWithGlobals())
    })
  job
    .command('describe')
    .argument('<job>', 'id, or the beginning of one')
    .description('one job in detail')
    .action(async (id: string, _own: object, command: Command) =>
      describe(cli, id, command.optsWithGlobals()),
    )
  job
    .command('checkpoints')
    .argument('<job>', 'id, or the beginning of one')
    .description('checkpoints, newest first')
    .action(async (id: string, _own: object, command: Command) =>
      checkpoints(cli, id, command.optsWithGlobals()),
    )
  job
    .command('cancel')
    .argument('<job>', 'id, or the beginning of one')
    .description('end a job at once')
    .option('--no-wait', 'return when the cancellation is accepted')
    .action(async (id: string, _own: object, command: Command) =>
      cancel(cli, id, command.optsWithGlobals()),
    )
  job
    .command('wait')
    .argument('<job>', 'id, or the beginning of one')
    .description('wait until a job has ended')
    .option('--timeout <duration>', 'give up after this time (exit code 6)')
    .action(async (id: string, _own: object, command: Command) =>
      wait(cli, id, command.optsWithGlobals()),
    )
}

async function list(cli: Cli, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const jobs = await withSession(cli, options, ({ client }) => client.list())
  if (wantsJson(options)) return terminal.json({ jobs })
  if (jobs.length === 0) return terminal.note('no jobs')
  const nowMs = cli.scheduler.wallMs()
  const lines = table<JobSummary>(
    [
      { title: 'JOB', cell: (j) => j.jobId.slice(0, SHORT_ID_CHARS) },
      { title: 'NAME', cell: (j) => j.name },
      { title: 'STATE', cell: (j) => terminal.out.state(j.state) },
      { title: 'HEALTH', cell: (j) => terminal.out.state(j.health) },
      { title: 'TASKS', cell: (j) => `${j.tasks.running}/${j.tasks.total}`, align: 'right' },
      { title: 'RESTARTS', cell: (j) => `${j.restarts}`, align: 'right' },
      { title: 'CHECKPOINT', cell: (j) => `${j.lastCheckpointId ?? '-'}`, align: 'right' },
      { title: 'SUBMITTED', cell: (j) => formatTime(j.submittedAtMs) },
      {
        title: 'DURATION',
        cell: (j) => formatDuration((j.endedAtMs ?? nowMs) - j.submittedAtMs),
        align: 'right',
      },
    ],
    jobs,
  )
  for (const line of lines) terminal.data(line)
}

async function describe(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const job = await withSession(cli, options, ({ client }) => client.describe(id))
  if (wantsJson(options)) return terminal.json(job)
  for (const line of [...jobFacts(job, terminal), '', ...taskTable(job), ...attemptTable(job)])
    terminal.data(line)
}

function jobFacts(job: JobDetail, terminal: Terminal): readonly string[] {
  const { checkpoint, restart } = job.settings
  const every =
    checkpoint.intervalMs === null ? 'off' : `every ${formatDuration(checkpoint.intervalMs)}`
  return facts([
    ['job', job.jobId],
    ['name', job.name],
    ['state', `${terminal.out.state(job.state)} (${terminal.out.state(job.health)})`],
    ['submitted', formatTime(job.submittedAtMs)],
    ['ended', job.endedAtMs === null ? '-' : formatTime(job.endedAtMs)],
    ['attempt', `${job.attempt} (${job.restarts} restarts)`],
    ['checkpoints', `${every}, ${checkpoint.mode}, last ${job.lastCheckpointId ?? '-'}`],
    ['restart', restart.strategy],
    ...(job.failure === null
      ? []
      : [['failure', `${job.failure.message} [${job.failure.code}]`] as const]),
    ...(job.failure?.hint === undefined ? [] : [['hint', job.failure.hint] as const]),
  ])
}

function taskTable(job: JobDetail): readonly string[] {
  const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`
  return table(
    [
      { title: 'TASK', cell: (t) => `${t.vertexId}/${t.subtask}` },
      { title: 'NAME', cell: (t) => t.name },
      { title: 'STATE', cell: (t) => t.state },
      { title: 'WORKER', cell: (t) => t.worker ?? '-' },
      { title: 'BUSY', cell: (t) => percent(t.busyRatio), align: 'right' },
      { title: 'PRESSED', cell: (t) => percent(t.backPressuredRatio), align: 'right' },
      { title: 'IN', cell: (t) => formatCount(t.recordsIn), align: 'right' },
      { title: 'OUT', cell: (t) => formatCount(t.recordsOut), align: 'right' },
    ],
    job.taskViews,
  )
}

function attemptTable(job: JobDetail): readonly string[] {
  if (job.attempts.length < 2) return []
  const lines = table(
    [
      { title: 'ATTEMPT', cell: (a) => `${a.attempt}`, align: 'right' },
      { title: 'STARTED', cell: (a) => formatTime(a.startedAtMs) },
      { title: 'RESTORED', cell: (a) => `${a.restoredFrom ?? '-'}`, align: 'right' },
      { title: 'ENDED BY', cell: (a) => a.failure?.message.split('\n')[0] ?? '-' },
    ],
    job.attempts,
  )
  return ['', ...lines]
}

async function checkpoints(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const views = await withSession(cli, options, ({ client }) => client.checkpoints(id))
  if (wantsJson(options)) return terminal.json({ checkpoints: views })
  if (views.length === 0) return terminal.note('no checkpoints')
  const lines = table<CheckpointView>(
    [
      { title: 'ID', cell: (c) => `${c.checkpointId}`, align: 'right' },
      { title: 'STATE', cell: (c) => terminal.out.state(c.state) },
      { title: 'KIND', cell: (c) => c.kind },
      { title: 'TRIGGERED', cell: (c) => formatTime(c.triggeredAtMs) },
      {
        title: 'TOOK',
        cell: (c) => (c.endedAtMs === null ? '-' : formatDuration(c.endedAtMs - c.triggeredAtMs)),
        align: 'right',
      },
      { title: 'STATE SIZE', cell: (c) => formatBytes(c.stateBytes), align: 'right' },
      { title: 'ACKS', cell: (c) => `${c.acknowledged}/${c.total}`, align: 'right' },
      { title: 'PATH', cell: (c) => c.path ?? c.failure?.message ?? '-' },
    ],
    views,
  )
  for (const line of lines) terminal.data(line)
}

async function cancel(
  cli: Cli,
  id: string,
  options: GlobalOptions & { readonly wait?: boolean },
): Promise<void> {
  const terminal = cli.terminal(options)
  const job = await withSession(cli, options, async ({ client }) => {
    const { jobId } = await client.describe(id)
    await client.cancel(jobId)
    return options.wait === false
      ? client.describe(jobId)
      : untilEnded(cli, client, jobId, CANCEL_WAIT_MS)
  })
  if (wantsJson(options)) terminal.json({ jobId: job.jobId, state: job.state })
  else terminal.data(`${job.jobId} ${terminal.out.state(job.state)}`)
}

async function wait(
  cli: Cli,
  id: string,
  options: GlobalOptions & { readonly timeout?: string },
): Promise<void> {
  const terminal = cli.terminal(options)
  const timeoutMs =
    options.timeout === undefined ? Number.POSITIVE_INFINITY : parseTimeout(options.timeout)
  const job = await withSession(cli, options, ({ client }) =>
    untilEnded(cli, client, id, timeoutMs),
  )
  if (wantsJson(options))
    terminal.json({ jobId: job.jobId, state: job.state, failure: job.failure })
  else terminal.data(`${job.jobId} ${terminal.out.state(job.state)}`)
  assertFinished(job)
}

function parseTimeout(text: string): number {
  try {
    return durationMs(text, '--timeout')
  } catch (cause) {
    throw new WeirError('cli/usage', `--timeout "${text}" is no duration`, {
      domain: 'user',
      hint: 'write 30s, 5m or 1h',
      cause,
    })
  }
}

/** A JobManager that goes away meanwhile is waited for, one that never answered is not: jobs outlive JobManagers. */
async function untilEnded(
  cli: Cli,
  client: JobClient,
  id: string,
  timeoutMs: number,
): Promise<JobSummary> {
  const dueMs = cli.scheduler.nowMs() + timeoutMs
  let job: JobSummary = await client.describe(id)
  let seenAtMs = cli.scheduler.nowMs()
  while (!TERMINAL_STATES.includes(job.state)) {
    if (cli.scheduler.nowMs() >= dueMs) {
      throw new WeirError('cli/timeout', `job ${job.jobId} is still ${job.state}`, {
        domain: 'user',
      })
    }
    await sleep(cli.scheduler, POLL_MS)
    try {
      job = await client.describe(job.jobId)
      seenAtMs = cli.scheduler.nowMs()
    } catch (error) {
      if (!isAbsence(error) || cli.scheduler.nowMs() - seenAtMs > ABSENCE_MS_MAX) throw error
    }
  }
  return job
}
