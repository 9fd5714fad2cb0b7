// weir run: bundle, build, submit, follow. Arguments of the job are flags after its file.

import type { Command } from 'commander'
import { isAbsence, WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import { quoted } from '@weirjs/common/node/config-values'
import type { CheckpointView, JobClient, JobSummary } from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, type Session, wantsJson, withSession } from '../cli.ts'
import { assertFinished, follow } from '../follow.ts'
import { CancelOnInterrupt } from '../job/cancel-on-interrupt.ts'
import { buildJob, type JobOptions, restorePath, settleJob, submitRequest } from '../job/prepare.ts'
import { pageUrl } from '../page-url.ts'
import { linesAreJson, show } from '../output/show.ts'
import type { Terminal } from '../output/terminal.ts'
import { formatDuration } from '../output/units.ts'

export interface RunOptions extends GlobalOptions, JobOptions {
  readonly detach?: boolean
  readonly from?: string
  readonly allowNonRestoredState?: boolean
}

export function addRunCommand(program: Command, cli: Cli): void {
  jobCommand(program.command('run'))
    .description('run a job on the cluster and follow it')
    .option('-d, --detach', 'return as soon as the job is accepted')
    .option('-s, --from <checkpoint>', 'start from this checkpoint (a directory or its manifest)')
    .option(
      '--allow-non-restored-state',
      'start although state of the checkpoint has no place in the job',
    )
    .action(async (words: readonly string[], _own: object, command: Command) => {
      const options: RunOptions = command.optsWithGlobals()
      if (options.detach !== true)
        linesAreJson(options, 'weir run', '; with --detach it has every form')
      const { file, argv } = splitWords(words)
      const terminal = cli.terminal(options)
      const flags = command.options.map((option) => option.long ?? '')
      const building = buildJob(cli, {
        file,
        argv,
        options,
        flags,
        print: (chunk) => terminal.say(chunk.trimEnd()),
      })
      // Connecting and bundling overlap; whichever fails first is told. The other is not left floating.
      const submitting = withSession(cli, options, async (session) => {
        const defaults = await session.client.jobDefaults()
        const prepared = await settleJob(cli, await building, { options, defaults })
        for (const warning of prepared.bundle.warnings) terminal.note(`warning: ${warning}`)
        const request = submitRequest(prepared, {
          restoreFrom: restorePath(cli, options.from),
          allowNonRestoredState: options.allowNonRestoredState === true,
        })
        using interrupts = new CancelOnInterrupt(cli, session.client, terminal)
        const jobId = await interrupts.submitted(session.client.submit(request))
        const { name } = prepared.built.graph
        await submitted(cli, session, options, { jobId, name, interrupts })
      })
      await Promise.all([building, submitting])
    })
}

/** The options and arguments that every command with a job file takes. */
export function jobCommand(command: Command): Command {
  return command
    .argument('<job...>', 'the job file, then the job’s own arguments')
    .usage('[options] <job file> [job arguments]')
    .allowUnknownOption()
    .option('-p, --parallelism <n>', 'subtasks of each step that says nothing itself')
    .option('-D, --define <key=value>', 'set a configuration key; may be repeated', gather, [])
    .option('--name <name>', 'another name for the job')
    .addHelpText(
      'after',
      "\nWith a job file, --help tells its arguments too. Flags behind -- are the job's.",
    )
}

/** Of an option that may be repeated. */
export const gather = (text: string, before: readonly string[]): readonly string[] => [
  ...before,
  text,
]

/** The job file is the first word; what follows is the job's. */
export function splitWords(words: readonly string[]): {
  readonly file: string
  readonly argv: readonly string[]
} {
  const [file, ...argv] = words
  if (file !== undefined && !file.startsWith('-'))
    return { file, argv: argv.filter((word) => word !== '--') }
  throw new WeirError(
    'cli/usage',
    `the job file comes before the job's arguments (found ${quoted(file ?? 'nothing')})`,
    {
      domain: 'user',
      hint: 'weir run job.ts --input data/',
    },
  )
}

interface Submitted {
  readonly jobId: JobId
  readonly name: string
  readonly interrupts: CancelOnInterrupt
}

async function submitted(
  cli: Cli,
  session: Session,
  options: RunOptions,
  job: Submitted,
): Promise<void> {
  const terminal = cli.terminal(options)
  const { jobId, name, interrupts } = job
  if (options.detach === true && !interrupts.heard) {
    return show(terminal, options, { json: { jobId, name }, names: [jobId], lines: [jobId] })
  }
  terminal.note(`job ${jobId} (${name}) submitted`)
  if (!wantsJson(options)) await interrupts.orLeave(tellPage(session, terminal, jobId))
  else terminal.json({ type: 'submitted', jobId, name })
  const ended = await followAttached(cli, session, terminal, { ...job, json: wantsJson(options) })
  finish(terminal, ended, wantsJson(options))
}

/** Where the job can be watched; only a help, so a JobManager that has just gone is not an error. */
async function tellPage(session: Session, terminal: Terminal, jobId: JobId): Promise<void> {
  try {
    const page = pageUrl(session, await session.client.cluster(), `/jobs/${jobId}`)
    if (page !== null) terminal.note(`watch it at ${page}`)
  } catch (error) {
    if (!isAbsence(error)) throw error
  }
}

/** Follows the job that this command started. Error: `cli/interrupted` when Ctrl-C has canceled it, or left it behind. */
async function followAttached(
  cli: Cli,
  { client }: Session,
  terminal: Terminal,
  { jobId, json, interrupts }: Submitted & { readonly json: boolean },
): Promise<JobSummary> {
  const { scheduler } = cli
  const { signal } = interrupts
  const ended = await follow({ client, jobId, terminal, scheduler, json, signal })
  if (interrupts.refused !== null) throw interrupts.refused
  if (ended !== null && ended.state !== 'FINISHED') await tellResume(client, terminal, ended)
  if (ended === null) throw interrupts.reason()
  if (interrupts.heard && ended.state === 'CANCELED')
    throw new WeirError('cli/interrupted', `job ${jobId} canceled`, { domain: 'user' })
  return ended
}

/** How to go on with a job that did not finish, when it left a checkpoint. */
export async function tellResume(
  client: JobClient,
  terminal: Terminal,
  job: JobSummary,
): Promise<void> {
  if (job.lastCheckpointId === null) return
  let views: readonly CheckpointView[] = []
  try {
    views = await client.checkpoints(job.jobId)
  } catch {
    return // it is only a help; what ended the job is told in any case
  }
  const kept = views.find((view) => view.state === 'COMPLETED' && view.path !== null)
  if (kept !== undefined)
    terminal.note(`to go on from checkpoint ${kept.checkpointId}: -s ${kept.path}`)
}

/** Last words of an attached run; throws when the job did not finish. */
export function finish(terminal: Terminal, job: JobSummary, json: boolean): void {
  const durationMs = (job.endedAtMs ?? job.submittedAtMs) - job.submittedAtMs
  if (json) {
    const { jobId, name, state, restarts, lastCheckpointId, failure } = job
    terminal.json({
      type: 'result',
      jobId,
      name,
      state,
      durationMs,
      restarts,
      lastCheckpointId,
      failure,
    })
  }
  assertFinished(job)
  terminal.note(`done in ${formatDuration(durationMs)}`)
}
