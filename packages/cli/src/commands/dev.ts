// weir dev: the whole cluster in this process, for writing jobs. State lies in .weir/dev; Ctrl-C ends everything.

import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { basename, join, resolve, sep } from 'node:path'
import { setSourceMapsSupport } from 'node:module'
import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import { WORKER_SLOTS_MAX } from '@weirjs/common/core/gateways'
import { FsStorage } from '@weirjs/common/node/fs-storage'
import { ownDirectory } from '@weirjs/common/node/runtime-modules'
import { heldSecrets } from '@weirjs/common/node/secrets'
import type { JobSummary } from '@weirjs/common/job-client'
import type { Cli } from '../cli.ts'
import { follow } from '../follow.ts'
import { JobLoss } from '../job/job-loss.ts'
import { PrintedLines } from '../job/printed-lines.ts'
import { noticeStalls } from '../job/stall-notice.ts'
import { prepareJob, restorePath, submitRequest } from '../job/prepare.ts'
import { linesAreJson } from '../output/show.ts'
import type { Terminal } from '../output/terminal.ts'
import { wholeNumber } from '../whole-number.ts'
import { finish, jobCommand, type RunOptions, splitWords, tellResume } from './run.ts'

interface DevOptions extends RunOptions {
  readonly slots?: string
  readonly dataDir?: string
}

const DEFAULT_SLOTS = 4
/** The job's directory and the checkpoint's name in a path to a checkpoint or its manifest. */
const JOB_OF_CHECKPOINT = /^(.*\/[0-9a-f]{32})\/(chk-\d+)(?:\/manifest|\/)?$/
/** Runs whose checkpoints are kept. */
const DEV_RUNS_KEPT = 10
/** The name of a run ends with the pid of its process. */
const RUN = /^run-.*-(\d+)$/

export function addDevCommand(program: Command, cli: Cli): void {
  jobCommand(program.command('dev'))
    .description('run a job in this process, without a cluster')
    .option('-s, --from <checkpoint>', 'start from this checkpoint (a directory or its manifest)')
    .option('--allow-non-restored-state', 'start although state of the checkpoint has no place')
    .option('--slots <n>', 'slots to run it in (default: as many as it needs, at least 4)')
    .option('--data-dir <directory>', 'where checkpoints are kept (default: .weir/dev)')
    .action(async (words: readonly string[], _own: object, command: Command) => {
      const options: DevOptions = command.optsWithGlobals()
      const flags = command.options.map((option) => option.long ?? '')
      await dev(cli, words, options, flags)
    })
}

async function dev(
  cli: Cli,
  words: readonly string[],
  options: DevOptions,
  flags: readonly string[],
): Promise<void> {
  const terminal = cli.terminal(options)
  const json = linesAreJson(options, 'weir dev')
  const said = slotsSaid(options)
  const { file, argv } = splitWords(words)
  // What is thrown in this process shows the author's files and lines.
  setSourceMapsSupport(true)
  const prepared = await prepareJob(cli, {
    file,
    argv,
    options,
    flags,
    print: (chunk) => terminal.say(chunk.trimEnd()),
  })
  for (const warning of prepared.bundle.warnings) terminal.note(`warning: ${warning}`)
  const slots = said ?? slotsFor(prepared.built.settings.parallelism)
  const run = new DevRun(resolve(cli.cwd, options.dataDir ?? join('.weir', 'dev')), cli)
  const from = restorePath(cli, options.from)
  const restoreFrom = run.adopt(from)
  run.prune(from)
  const [{ LocalCluster }, { functionsOfBundle }] = await Promise.all([
    import('@weirjs/local/local-cluster'),
    import('../job/load-bundle.ts'),
  ])
  const runtimeRoot = cli.runtimeRoot()
  const cluster = await LocalCluster.start({
    slots,
    scheduler: cli.scheduler,
    storage: await FsStorage.open(run.checkpoints),
    ownDirectory: ownDirectory(runtimeRoot),
  })
  const abort = new AbortController()
  await using _stalls = noticeStalls()
  using printed = json ? new PrintedLines(cli, terminal) : null
  using loss = new JobLoss(cli, options, ownDirectory(runtimeRoot), abort)
  await loss.during(async () => {
    let ended: JobSummary | null = null
    try {
      const request = submitRequest(prepared, {
        restoreFrom,
        allowNonRestoredState: options.allowNonRestoredState === true,
      })
      const directory = run.directory
      const functions = functionsOfBundle({
        bundle: prepared.bundle,
        directory,
        runtimeRoot,
        secrets: () => heldSecrets({ env: cli.env, directory: null }),
      })
      const jobId = await cluster.submitRequest(request, functions)
      const job = { client: cluster.client, jobId, json }
      ended = await followHere(cli, terminal, job, { abort, loss })
      printed?.finish()
      finish(terminal, ended, json)
    } finally {
      await cluster.close()
      if (ended?.state === 'FINISHED') run.remove()
      else terminal.note(`checkpoints are kept in ${run.checkpoints}`)
    }
  })
}

/** The directory of one run: jobs of other runs are left alone, and the oldest of these are removed. */
class DevRun {
  readonly directory: string
  readonly #root: string

  constructor(root: string, cli: Cli) {
    this.#root = root
    const time = new Date(cli.scheduler.wallMs()).toISOString().replaceAll(/[:.]/g, '-')
    this.directory = join(root, `run-${time}-${process.pid}`)
    makeDirectory(this.directory)
  }

  /** A checkpoint of another run or cluster is copied to where this run may read it. Answers what to restore from. */
  adopt(from: string | null): string | null {
    const match = from === null ? null : JOB_OF_CHECKPOINT.exec(from)
    if (from === null || match === null || !existsSync(from)) return from
    const [, job = '', name = ''] = match
    // Not its log: that job is not this process's to take over.
    cpSync(job, join(this.checkpoints, basename(job)), {
      recursive: true,
      filter: (path) => basename(path) !== 'log',
    })
    return join(this.checkpoints, basename(job), name)
  }

  /** Removes the oldest runs, but none that is at work, nor the one of the checkpoint `from`. */
  prune(from: string | null): void {
    const runs = readdirSync(this.#root).filter((name) => RUN.test(name))
    for (const old of runs.toSorted().slice(0, -DEV_RUNS_KEPT)) {
      const directory = join(this.#root, old)
      if (isAtWork(old) || from?.startsWith(`${directory}${sep}`) === true) continue
      rmSync(directory, { recursive: true, force: true })
    }
  }

  get checkpoints(): string {
    return join(this.directory, 'checkpoints')
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** A pid that somebody else has by now keeps a run for longer; our own, which only former runs can have, does not. */
function isAtWork(run: string): boolean {
  const pid = Number(RUN.exec(run)?.[1])
  if (pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new WeirError('config/data-directory', `cannot keep checkpoints here: ${reason}`, {
      domain: 'user',
      hint: 'choose another directory with --data-dir',
      cause,
    })
  }
}

/** null: as many as the job needs. */
function slotsSaid({ slots }: DevOptions): number | null {
  return slots === undefined
    ? null
    : wholeNumber(slots, '--slots', { least: 1, most: WORKER_SLOTS_MAX })
}

function slotsFor(parallelism: number): number {
  if (parallelism <= WORKER_SLOTS_MAX) return Math.max(DEFAULT_SLOTS, parallelism)
  const message = `parallelism ${parallelism} needs as many slots, and weir dev has at most ${WORKER_SLOTS_MAX}`
  throw new WeirError('cli/usage', message, {
    domain: 'user',
    hint: `say -p ${WORKER_SLOTS_MAX} or less, or run it on a cluster with \`weir run\``,
  })
}

/**
 * Follows until the job has ended or its code has lost an error; or Ctrl-C or SIGTERM: then it is canceled first, so that
 * its sinks close well.
 */
async function followHere(
  cli: Cli,
  terminal: Terminal,
  job: Pick<Parameters<typeof follow>[0], 'client' | 'jobId' | 'json'>,
  { abort, loss }: { readonly abort: AbortController; readonly loss: JobLoss },
): Promise<JobSummary> {
  let endedBy: string | null = null
  const end = (how: string, again: string): void => {
    if (endedBy !== null) return abort.abort()
    endedBy = how
    terminal.say(`ending; ${again} ends at once`)
    // Cannot reject: a job that cannot be canceled any more has ended.
    void job.client.cancel(job.jobId).catch(() => abort.abort())
  }
  const listening = [
    cli.onInterrupt(() => end('Ctrl-C', 'Ctrl-C again')),
    cli.onTerminate((signal) => end(signal, 'a second one')),
  ]
  try {
    const ended = await follow({ ...job, terminal, scheduler: cli.scheduler, signal: abort.signal })
    loss.check()
    if (ended !== null && ended.state !== 'FINISHED') await tellResume(job.client, terminal, ended)
    if (ended !== null && !(endedBy !== null && ended.state === 'CANCELED')) return ended
    throw new WeirError('cli/interrupted', `ended by ${endedBy}`, { domain: 'user' })
  } finally {
    for (const stop of listening) stop()
  }
}
