// weir checkpoint trigger, weir version: small commands.

import type { Command } from 'commander'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { CheckpointView, JobClient, JobState } from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, withSession } from '../cli.ts'
import { formatOf, show } from '../output/show.ts'
import { formatBytes, formatDuration } from '../output/units.ts'
import { WEIR_VERSION } from '@weirjs/common/core/version'

/** A job that is on its way to running is waited for so long. */
const START_MS_MAX = 10_000
const POLL_MS = 50
const ALIVE: readonly JobState[] = ['INITIALIZING', 'CREATED', 'RESTARTING', 'RUNNING']

export function addCheckpointCommands(program: Command, cli: Cli): void {
  const checkpoint = program.command('checkpoint').description('checkpoints of jobs')
  checkpoint
    .command('trigger')
    .argument('<job>', 'id, or the beginning of one')
    .description('take a checkpoint now')
    .action(async (id: string, _own: object, command: Command) =>
      triggerCheckpoint(cli, id, command.optsWithGlobals()),
    )
}

async function triggerCheckpoint(cli: Cli, id: string, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const checkpoint = await withSession(cli, options, ({ client }) => whenRunning(cli, client, id))
  const took = formatDuration(
    (checkpoint.endedAtMs ?? checkpoint.triggeredAtMs) - checkpoint.triggeredAtMs,
  )
  const format = formatOf(options)
  if (format === 'json' || format === 'yaml')
    return show(terminal, options, { json: checkpoint, names: [] })
  terminal.note(
    `checkpoint ${checkpoint.checkpointId} completed: ${formatBytes(checkpoint.stateBytes)} in ${took}`,
  )
  terminal.data(checkpoint.path ?? `${checkpoint.checkpointId}`)
}

/** Right after `run --detach` a job is not running yet: it is asked again until it is. */
async function whenRunning(cli: Cli, client: JobClient, id: string): Promise<CheckpointView> {
  const dueMs = cli.scheduler.nowMs() + START_MS_MAX
  for (;;) {
    try {
      return await client.triggerCheckpoint(id)
    } catch (error) {
      if (!(error instanceof WeirError) || error.code !== 'job/wrong-state') throw error
      const { state } = await client.describe(id)
      if (!ALIVE.includes(state) || cli.scheduler.nowMs() >= dueMs) throw error
    }
    await sleep(cli.scheduler, POLL_MS)
  }
}

export function addVersionCommand(program: Command, cli: Cli): void {
  program
    .command('version')
    .description('versions of Weir and Node')
    .action((_own: object, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals()
      const terminal = cli.terminal(options)
      const versions = { weir: WEIR_VERSION, node: process.versions.node }
      show(terminal, options, {
        json: versions,
        names: [WEIR_VERSION],
        lines: [`weir ${WEIR_VERSION} (node ${process.versions.node})`],
      })
    })
}
