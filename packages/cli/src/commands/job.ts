// weir job …: what runs, in what state, and how to end it.

import type { Command } from 'commander'
import { type Cli, type GlobalOptions, withSession } from '../cli.ts'
import { assertFinished } from '../follow.ts'
import { show } from '../output/show.ts'
import { CANCEL_WAIT_MS, parseTimeout, untilEnded } from '../wait.ts'
import { addJobLogs } from './job-logs.ts'
import { addJobStop } from './job-stop.ts'
import { checkpoints, describe, exceptions, list } from './job-look.ts'

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
    .command('exceptions')
    .argument('<job>', 'id, or the beginning of one')
    .description('what ended each attempt, newest first')
    .action(async (id: string, _own: object, command: Command) =>
      exceptions(cli, id, command.optsWithGlobals()),
    )
  addJobLogs(job, cli)
  addJobStop(job, cli)
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
  show(terminal, options, {
    json: { jobId: job.jobId, state: job.state },
    names: [job.jobId],
    lines: [`${job.jobId} ${terminal.out.state(job.state)}`],
  })
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
  show(terminal, options, {
    json: { jobId: job.jobId, state: job.state, failure: job.failure },
    names: [job.jobId],
    lines: [`${job.jobId} ${terminal.out.state(job.state)}`],
  })
  assertFinished(job)
}
