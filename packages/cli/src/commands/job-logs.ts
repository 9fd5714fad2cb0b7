// weir job logs: what a job prints, as its JobManager still has it, and with -f what comes. Where a line was printed
// (stdout, stderr or a print sink) is kept: a job's stderr goes to stderr. What the JobManager has no more may still lie on
// the disks of the TaskManagers; then it says where.

import { join } from 'node:path'
import type { Command } from 'commander'
import type { CancelTimer, Scheduler } from '@weirjs/common/core/clock'
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
/** As other calls. */
const WORD_MS_MAX = 10_000
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
const TOO_LATE = 'too late'
const tooLate = (): WeirError =>
  new WeirError('rpc/deadline', `the JobManager said nothing for ${WORD_MS_MAX} ms`, {
    domain: 'external',
    retry: 'backoff',
  })
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
 * because it may be slow to answer. Of a job that has ended nothing comes: all is read to its end. What has come is printed
 * also when the rest does not come. Error: `rpc/deadline` when who does not follow waits too long for the next word.
 */
async function read(cli: Cli, client: JobClient, jobId: JobId, reader: Reader): Promise<void> {
  const { terminal, abort, follow } = reader
  const { scheduler } = cli
  const divide = new Divide(scheduler, reader)
  const take = (event: JobEventView): 'more' => divide.take(event)
  try {
    // Who wants what there is gets an error when nobody answers; who wants what comes waits for whoever will tell it.
    if (!follow) for await (const event of client.watch(jobId, abort.signal)) take(event)
    else
      await watchOver(
        { client, jobId, terminal, scheduler, signal: abort.signal },
        { take, over: () => divide.hasEnded },
      )
  } finally {
    divide.stop()
  }
  if (abort.signal.reason === TOO_LATE) throw tooLate()
  divide.catchUp()
}

/** Between what was kept and what comes. */
class Divide {
  readonly #scheduler: Scheduler
  readonly #reader: Reader
  /** For silence, or for words. */
  #timer: CancelTimer | null = null
  #latest: CancelTimer | null = null
  #live = false
  #received = false
  hasEnded = false

  constructor(scheduler: Scheduler, reader: Reader) {
    this.#scheduler = scheduler
    this.#reader = reader
    this.#waitForWords()
  }

  take(event: JobEventView): 'more' {
    if (event.type === 'state') this.hasEnded = TERMINAL_STATES.includes(event.job.state)
    const isOutput = event.type === 'output' || event.type === 'lost-output'
    if (isOutput) {
      this.#received = true
      if (this.#live) this.#reader.after(event)
      else this.#reader.before(event)
    }
    if (this.hasEnded) {
      this.#stopTimers()
      this.#waitForWords()
    } else if (!this.#live && (isOutput || this.#latest === null)) this.#waitForSilence()
    return 'more'
  }

  /** Prints what has come, if anything. */
  stop(): void {
    this.#stopTimers()
    if (this.#received) this.catchUp()
  }

  catchUp(): void {
    if (!this.#live) this.#reader.caughtUp()
    this.#live = true
  }

  #waitForSilence(): void {
    const divide = (): void => {
      this.catchUp()
      if (!this.#reader.follow) this.#reader.abort.abort()
    }
    this.#timer?.()
    this.#timer = this.#scheduler.timer(QUIET_MS, divide)
    this.#latest ??= this.#scheduler.timer(CATCH_UP_MS, divide)
  }

  #waitForWords(): void {
    const { follow, abort } = this.#reader
    if (!follow) this.#timer = this.#scheduler.timer(WORD_MS_MAX, () => abort.abort(TOO_LATE))
  }

  #stopTimers(): void {
    this.#timer?.()
    this.#latest?.()
  }
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
