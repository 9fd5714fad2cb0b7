// From a job file and a command line to everything that a submit needs: bundle, graph, settings, arguments.

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ArgumentDescription } from '@weirjs/api/arguments'
import { isJobName, JOB_NAME_WANTED } from '@weirjs/api/define-job'
import { didYouMean } from '@weirjs/api/suggest'
import { WeirError } from '@weirjs/common/core/errors'
import { PARALLELISM_MAX } from '@weirjs/common/core/graph/logical-graph'
import type { JobDefault, SubmitRequest } from '@weirjs/common/job-client'
import { loadJobConfig } from '@weirjs/common/node/config'
import { quoted } from '@weirjs/common/node/config-values'
import { checkJobDefines, jobSettingsFrom } from '@weirjs/common/node/job-settings'
import type { Cli } from '../cli.ts'
import { projectSettings } from '../project-config.ts'
import { wholeNumber } from '../whole-number.ts'
import { type Built, GraphBuilder } from './build-graph.ts'
import type { BuiltGraph } from './build-protocol.ts'
import { type Bundle, bundleJob } from './bundle.ts'

/** Options that `run`, `dev` and `plan` share. */
export interface JobOptions {
  readonly parallelism?: string
  readonly define?: readonly string[]
  readonly name?: string
}

export interface PreparedJob {
  readonly bundle: Bundle
  readonly built: BuiltGraph
  readonly submittedAtMs: number
}

export interface PrepareOptions {
  readonly file: string
  readonly argv: readonly string[]
  readonly options: JobOptions
  /** Long flags of the command itself, to recognise a mistyped one among the job's. */
  readonly flags: readonly string[]
  /** Gets what the module prints while it loads. */
  readonly print: (chunk: string) => void
}

/** A job whose settings are not settled: what its graph is does not depend on them. */
export interface BuiltJob {
  readonly bundle: Bundle
  readonly built: Built
  readonly submittedAtMs: number
}

/** For commands without a cluster. Errors: those of `buildJob` and `settleJob`. */
export async function prepareJob(cli: Cli, how: PrepareOptions): Promise<PreparedJob> {
  return settleJob(cli, await buildJob(cli, how), { options: how.options, defaults: [] })
}

/** Errors: those of the bundler and of the job. */
export async function buildJob(cli: Cli, how: PrepareOptions): Promise<BuiltJob> {
  const submittedAtMs = cli.scheduler.wallMs()
  checkJobDefines(definesOf(how.options))
  checkName(how.options.name)
  using builder = new GraphBuilder(how.print)
  const bundle = await bundleJob(how.file)
  const built = await explainFlags(
    builder.build(bundle.bytes, {
      file: how.file,
      runtimeRoot: cli.runtimeRoot(),
      argv: how.argv,
      directory: cli.cwd,
      submittedAtMs,
    }),
    how,
  )
  return { bundle, built, submittedAtMs }
}

export interface SettleOptions {
  readonly options: JobOptions
  /** What the cluster says of jobs. */
  readonly defaults: readonly JobDefault[]
}

/** Errors: `config/...`. */
export async function settleJob(
  cli: Cli,
  { bundle, built, submittedAtMs }: BuiltJob,
  { options, defaults: cluster }: SettleOptions,
): Promise<PreparedJob> {
  const { name } = options
  const config = loadJobConfig({ cluster, project: await projectSettings(cli), env: cli.env })
  const settings = jobSettingsFrom(config, built.said, definesOf(options))
  const graph = name === undefined ? built.graph : { ...built.graph, name }
  return { bundle, built: { graph, settings, args: built.args }, submittedAtMs }
}

/** What a job file takes, for `--help`. Errors: those of the bundler and of loading the job. */
export async function describeJob(cli: Cli, file: string): Promise<readonly ArgumentDescription[]> {
  using builder = new GraphBuilder(() => {})
  const bundle = await bundleJob(file)
  return await builder.describe(bundle.bytes, {
    file,
    runtimeRoot: cli.runtimeRoot(),
    argv: [],
    directory: cli.cwd,
    submittedAtMs: cli.scheduler.wallMs(),
  })
}

/** Error: `cli/usage`. */
function checkName(name: string | undefined): void {
  if (name === undefined || isJobName(name)) return
  const message = `--name is ${quoted(name)}, but must be ${JOB_NAME_WANTED}`
  throw new WeirError('cli/usage', message, { domain: 'user' })
}

/** What flags say is stronger than what the job says. Error: `cli/usage`. */
function definesOf(options: JobOptions): readonly string[] {
  const { parallelism, define = [] } = options
  if (parallelism === undefined) return define
  const subtasks = wholeNumber(parallelism, '--parallelism', { least: 1, most: PARALLELISM_MAX })
  return [...define, `parallelism.default=${subtasks}`]
}

/** A flag that is neither the job's nor ours may be one of ours, mistyped. */
async function explainFlags(build: Promise<Built>, how: PrepareOptions): Promise<Built> {
  try {
    return await build
  } catch (error) {
    if (!(error instanceof WeirError) || error.code !== 'job/unknown-argument') throw error
    const wrong = how.argv.find(
      (word) => word.startsWith('--') && error.message.includes(word.split('=')[0] ?? word),
    )
    const ours =
      wrong === undefined ? undefined : didYouMean(wrong.split('=')[0] ?? wrong, how.flags)
    if (ours === undefined || ours.startsWith('Known')) throw error
    throw new WeirError(error.code, error.message, {
      domain: 'user',
      hint: `${ours} ${error.hint ?? ''}`.trim(),
      cause: error,
    })
  }
}

export interface SubmitOptions {
  readonly restoreFrom: string | null
  readonly allowNonRestoredState: boolean
}

/** What -s says: a path that leads somewhere from here is meant as such, everything else is the JobManager's to find. */
export function restorePath(cli: Cli, said: string | undefined): string | null {
  if (said === undefined) return null
  const path = resolve(cli.cwd, said)
  return said.includes('/') && existsSync(path) ? path : said
}

export function submitRequest(prepared: PreparedJob, options: SubmitOptions): SubmitRequest {
  const { bundle, built, submittedAtMs } = prepared
  return {
    graph: built.graph,
    settings: built.settings,
    args: built.args,
    bundle: bundle.bytes,
    bundleHash: bundle.hash,
    submittedAtMs,
    restoreFrom: options.restoreFrom,
    allowNonRestoredState: options.allowNonRestoredState,
    submissionId: randomBytes(16).toString('hex'),
  }
}
