// Runs a job's build function and closes what it said into a BuiltJob. The same definition, arguments and submit time
// give the same graph in every process: `assertDeterministic` makes sure of it before a job is submitted.

import type { LogicalGraph } from '@weirjs/common/core/graph/logical-graph'
import {
  type ArgumentDescription,
  type ParseOptions,
  type RawArguments,
  describeArguments,
  parseArguments,
  plainArguments,
  resolveArguments,
} from './arguments.ts'
import type { BuiltJob } from './built-job.ts'
import type { JobDefinition } from './define-job.ts'
import { Environment } from './environment.ts'
import { GraphBuilder } from './graph-builder.ts'
import { jobError } from './job-error.ts'
import { SecretKeeper } from './secret.ts'
import { inAnotherWorld } from './other-world.ts'

/** Plain values for a job's arguments from a command line. Throws WeirError `job/...-argument`. */
export function parseArgs(
  definition: JobDefinition,
  argv: readonly string[],
  options: ParseOptions = {},
): RawArguments {
  return parseArguments(definition.args, argv, options)
}

/** The same for values that a program gives. Throws WeirError `job/...-argument`. */
export function plainArgs(
  definition: JobDefinition,
  given: Readonly<Record<string, unknown>>,
): RawArguments {
  return plainArguments(definition.args, given)
}

/** What a job may be told, for `--help`. */
export function describeArgs(definition: JobDefinition): readonly ArgumentDescription[] {
  return describeArguments(definition.args)
}

/**
 * The job's graph, settings and functions. `submittedAtMs` is the job's one submit time, ms since 1970. Throws
 * WeirError `job/...` for a graph that cannot be right; what the build function itself throws passes through.
 */
export function buildJob(
  definition: JobDefinition,
  rawArgs: RawArguments,
  submittedAtMs: number,
): BuiltJob {
  const args = resolveArguments(definition.args, rawArgs)
  const builder = new GraphBuilder()
  const secrets = new SecretKeeper()
  const env = new Environment(builder, { jobName: definition.name, submittedAtMs, secrets })
  const returned: unknown = (definition.build as (env: Environment, args: unknown) => unknown)(
    env,
    args,
  )
  if (typeof returned === 'object' && returned !== null && 'then' in returned) {
    throw jobError(
      'async-build',
      `the build function of job "${definition.name}" is asynchronous`,
      {
        location: definition.location,
        hint: 'It only describes the job: read files and call services in sources, steps and sinks.',
      },
    )
  }
  return {
    ...builder.finish(definition.name, definition.location),
    settings: definition.settings,
    secrets,
  }
}

/**
 * Builds the job twice, the second time with the clock and chance shifted, and compares the graphs. Throws WeirError
 * `job/not-deterministic`, naming the step. Changes globals meanwhile: for throw-away processes and tests.
 */
export function assertDeterministic(
  definition: JobDefinition,
  rawArgs: RawArguments,
  submittedAtMs: number,
): void {
  const first = buildJob(definition, rawArgs, submittedAtMs).graph
  const second = inAnotherWorld(() => buildJob(definition, rawArgs, submittedAtMs).graph)
  if (JSON.stringify(first) === JSON.stringify(second)) return
  const { what, location } = firstDifference(first, second)
  throw jobError(
    'not-deterministic',
    `job "${definition.name}" builds another graph each time: ${what}`,
    {
      location: location ?? definition.location,
      hint: 'Its graph may depend on its arguments and env.submittedAtMs only, not on the clock, chance or the machine.',
    },
  )
}

function firstDifference(
  a: LogicalGraph,
  b: LogicalGraph,
): { what: string; location: string | undefined } {
  if (a.nodes.length !== b.nodes.length) {
    return { what: `${a.nodes.length} steps, then ${b.nodes.length}`, location: undefined }
  }
  for (const [i, node] of a.nodes.entries()) {
    const other = b.nodes[i]
    if (JSON.stringify(node) === JSON.stringify(other)) continue
    const key = (Object.keys(node) as (keyof typeof node)[]).find(
      (name) => JSON.stringify(node[name]) !== JSON.stringify(other?.[name]),
    )
    const what =
      key === undefined ? 'it differs' : `${key} ${show(node[key])}, then ${show(other?.[key])}`
    return { what: `step "${node.name}" has ${what}`, location: node.location }
  }
  return { what: 'steps are joined in another way', location: undefined }
}

const show = (value: unknown): string => JSON.stringify(value) ?? 'nothing'
