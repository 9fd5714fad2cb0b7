// weir job stop: a checkpoint, then the end. There are no savepoints yet, and the sources are not drained: what stays is a
// checkpoint like any other, taken just before, from which another run goes on without losing or repeating a record.

import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import type { CheckpointView, JobClient, JobDetail } from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, withSession } from '../cli.ts'
import { show } from '../output/show.ts'
import { formatBytes } from '../output/units.ts'
import { CANCEL_WAIT_MS, untilEnded } from '../wait.ts'

export function addJobStop(job: Command, cli: Cli): void {
  job
    .command('stop')
    .argument('<job>', 'id, or the beginning of one')
    .description('take a checkpoint, then end the job; prints where to go on from')
    .action(async (id: string, _own: object, command: Command) =>
      stop(cli, id, command.optsWithGlobals()),
    )
}

/** When the checkpoint fails, the job goes on. */
async function stop(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const [job, checkpoint] = await withSession(cli, options, async ({ client }) => {
    const before = await client.describe(id)
    refuseForgetful(before)
    const taken = await client.triggerCheckpoint(before.jobId)
    terminal.note(`checkpoint ${taken.checkpointId} completed: ${formatBytes(taken.stateBytes)}`)
    await client.cancel(before.jobId)
    const ended = await untilEnded(cli, client, before.jobId, CANCEL_WAIT_MS)
    return [ended, await newestOf(client, before.jobId, taken)] as const
  })
  show(terminal, options, {
    json: {
      jobId: job.jobId,
      state: job.state,
      checkpointId: checkpoint.checkpointId,
      path: checkpoint.path,
    },
    names: [checkpoint.path ?? job.jobId],
    lines: [checkpoint.path ?? `${job.jobId} ${job.state}`],
  })
  terminal.note(`job ${job.jobId} is ${job.state}; go on with: weir run JOB -s ${checkpoint.path}`)
}

/** A periodic checkpoint may have completed between the two steps: it is the one to go on from. */
async function newestOf(
  client: JobClient,
  jobId: string,
  taken: CheckpointView,
): Promise<CheckpointView> {
  const views = await client.checkpoints(jobId)
  return views.find((view) => view.state === 'COMPLETED' && view.path !== null) ?? taken
}

/** A job that keeps nothing after a cancel would lose its place: nobody who says "stop" means that. */
function refuseForgetful({ settings, jobId }: JobDetail): void {
  const { retainOn } = settings.checkpoint
  if (retainOn === 'always' || retainOn === 'failure-and-cancel') return
  throw new WeirError(
    'job/not-retained',
    `job ${jobId} keeps no checkpoint when it is ended (execution.checkpointing.retain-on is ${retainOn})`,
    { domain: 'user', hint: 'End it for good with: weir job cancel' },
  )
}
