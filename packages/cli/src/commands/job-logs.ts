// weir job logs: what a job prints, as its JobManager still has it, and with -f what comes. Where a line was printed
// (stdout, stderr or a print sink) is kept: a job's stderr goes to stderr. What the JobManager has no more may still lie on
// the disks of the TaskManagers; then it says where.

import { join } from 'node:path'
import type { Command } from 'commander'
import type { CancelTimer } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import { type JobClient, type JobEventView, TERMINAL_STATES } from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, withSession } from '../cli.ts'
import { findClusterFile } from '../context.ts'
import { watchOver } from '../follow.ts'
import { linesAreJson } from '../output/show.ts'
import type { Terminal } from '../output/terminal.ts'
import { wholeNumber } from '../whole-number.ts'

interface LogsOptions extends GlobalOptions {
  readonly follow?: boolean
  readonly lines?: string
}

type Output = Extract<JobEventView, { type: 'output' | 'lost-output' }>

/** Silence after which everything that was kept has come. */
const QUIET_MS = 300
/** A job that never stops printing: what has come by then is what was kept. */
const CATCH_UP_MS = 2_000
const LINES_MAX = 1_000_000

export function addJobLogs(job: Command, cli: Cli): void {
  job
    .command('logs')
    .argument('<job>', 'id, or the beginning of one')
    .description('what the job printed: the last lines, as the JobManager has them')
    .option('-f, --follow', 'go on until the job has ended')
    .option('-n, --lines <n>', 'only the last n of the lines that are there')
    .action(async (id: string, _own: object, command: Command) =>
      logs(cli, id, command.optsWithGlobals()),
    )
}

async function logs(cli: Cli, id: string, options: LogsOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const json = linesAreJson(options, 'weir job logs')
  const { lines } = options
  const most =
    lines === undefined ? LINES_MAX : wholeNumber(lines, '--lines', { least: 1, most: LINES_MAX })
  const abort = new AbortController()
  const stopListening = cli.onInterrupt(() => abort.abort(INTERRUPTED))
  try {
    await withSession(cli, options, async ({ client, address }) => {
      const { jobId, attempts } = await client.describe(id)
      // The JobManager of before had what was printed then.
      const isTakenOver = new Set(attempts.map(({ epoch }) => epoch)).size > 1
      const kept: Output[] = []
      const print = (output: Output): void => printOutput(terminal, output, json)
      await read(cli, client, jobId, {
        abort,
        terminal,
        follow: options.follow === true,
        before: (output) => kept.push(output),
        caughtUp: () => {
          const hint = isWhole(kept) && !isTakenOver ? null : filesOf(cli, address, jobId)
          for (const output of kept.splice(0).slice(-most)) print(output)
          if (hint !== null && !json) terminal.note(hint)
        },
        after: print,
      })
    })
  } finally {
    stopListening()
  }
  if (abort.signal.reason === INTERRUPTED) throw interrupted()
}

const INTERRUPTED = 'interrupted'
const interrupted = (): WeirError =>
  new WeirError('cli/interrupted', 'ended by Ctrl-C', { domain: 'user' })

interface Reader {
  readonly abort: AbortController
  readonly terminal: Terminal
  readonly follow: boolean
  /** Gets what was kept. */
  readonly before: (output: Output) => void
  /** All that was kept has come. */
  readonly caughtUp: () => void
  readonly after: (output: Output) => void
}

/**
 * The JobManager first tells what it has kept, then what comes: silence divides the two, counted from its first word on,
 * because it may be slow to answer. Of a job that has ended nothing comes: all is read to its end.
 */
async function read(cli: Cli, client: JobClient, jobId: JobId, reader: Reader): Promise<void> {
  const { terminal, abort } = reader
  const { scheduler } = cli
  let [live, hasEnded] = [false, false]
  const caughtUp = (): void => {
    if (!live) reader.caughtUp()
    live = true
    if (!reader.follow) abort.abort()
  }
  let latest: CancelTimer | null = null
  let quiet: CancelTimer | null = null
  const stopWaiting = (): void => {
    quiet?.()
    latest?.()
  }
  const waitForSilence = (): void => {
    quiet?.()
    if (live) return
    quiet = scheduler.timer(QUIET_MS, caughtUp)
    latest ??= scheduler.timer(CATCH_UP_MS, caughtUp)
  }
  const take = (event: JobEventView): 'more' => {
    if (event.type === 'state') hasEnded = TERMINAL_STATES.includes(event.job.state)
    const isOutput = event.type === 'output' || event.type === 'lost-output'
    if (isOutput) (live ? reader.after : reader.before)(event)
    if (hasEnded) stopWaiting()
    else if (isOutput || quiet === null) waitForSilence()
    return 'more'
  }
  // Who wants what there is gets an error when nobody answers; who wants what comes waits for whoever will tell it.
  try {
    if (!reader.follow) for await (const event of client.watch(jobId, abort.signal)) take(event)
    else
      await watchOver(
        { client, jobId, terminal, scheduler, signal: abort.signal },
        { take, over: () => hasEnded },
      )
  } finally {
    stopWaiting()
  }
  if (!live) reader.caughtUp()
}

/** As far as the JobManager knows. Of a job that runs, one that was restarted has nothing of what was printed before. */
const isWhole = (kept: readonly Output[]): boolean =>
  kept.length > 0 && kept.every(({ type }) => type === 'output')

function filesOf(cli: Cli, address: string, jobId: string): string {
  const file = findClusterFile(cli)?.file
  const names = join('output', `${jobId}-*.log*`)
  return file?.address === address
    ? `what it printed before, if anything, is in ${join(file.dataDirectory, names)}`
    : `what it printed before, if anything, is in ${names} of the data directory of each TaskManager`
}

function printOutput(terminal: Terminal, output: Output, json: boolean): void {
  if (json) return terminal.json(output)
  if (output.type === 'lost-output')
    return terminal.note(`… ${output.lines} older lines are not kept any more`)
  return output.stream === 'stderr' ? terminal.say(output.text) : terminal.data(output.text)
}
