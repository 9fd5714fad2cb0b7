// weir job logs: what a job prints, as its JobManager still has it, and with -f what comes. Where a line was printed
// (stdout, stderr or a print sink) is kept: a job's stderr goes to stderr.

import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import type { JobClient, JobEventView } from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, wantsJson, withSession } from '../cli.ts'
import type { Terminal } from '../output/terminal.ts'

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
  const most = linesWanted(options.lines)
  const abort = new AbortController()
  const stopListening = cli.onInterrupt(() => abort.abort(INTERRUPTED))
  try {
    await withSession(cli, options, async ({ client }) => {
      const { jobId } = await client.describe(id)
      const kept: Output[] = []
      const print = (output: Output): void => printOutput(terminal, output, wantsJson(options))
      await read(cli, client, jobId, {
        abort,
        follow: options.follow === true,
        before: (output) => kept.push(output),
        caughtUp: () => {
          for (const output of kept.splice(0).slice(-most)) print(output)
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
  readonly follow: boolean
  /** Gets what was kept. */
  readonly before: (output: Output) => void
  /** All that was kept has come. */
  readonly caughtUp: () => void
  readonly after: (output: Output) => void
}

/** The JobManager first tells what it has kept, then what comes: silence divides the two. */
async function read(cli: Cli, client: JobClient, jobId: string, reader: Reader): Promise<void> {
  let live = false
  const caughtUp = (): void => {
    if (!live) reader.caughtUp()
    live = true
    if (!reader.follow) reader.abort.abort()
  }
  const latest = cli.scheduler.timer(CATCH_UP_MS, caughtUp)
  let quiet = cli.scheduler.timer(QUIET_MS, caughtUp)
  for await (const event of client.watch(jobId, reader.abort.signal)) {
    if (event.type !== 'output' && event.type !== 'lost-output') continue
    if (live) reader.after(event)
    else reader.before(event)
    quiet()
    if (!live) quiet = cli.scheduler.timer(QUIET_MS, caughtUp)
  }
  quiet()
  latest()
  if (!live) reader.caughtUp()
}

function printOutput(terminal: Terminal, output: Output, json: boolean): void {
  if (json) return terminal.json(output)
  if (output.type === 'lost-output')
    return terminal.note(`… ${output.lines} older lines are not kept any more`)
  return output.stream === 'stderr' ? terminal.say(output.text) : terminal.data(output.text)
}

function linesWanted(said: string | undefined): number {
  if (said === undefined) return LINES_MAX
  const most = /^\d+$/.test(said) ? Number(said) : 0
  if (most >= 1 && most <= LINES_MAX) return most
  throw new WeirError(
    'cli/usage',
    `--lines is "${said}", but must be a whole number from 1 to ${LINES_MAX}`,
    { domain: 'user' },
  )
}
