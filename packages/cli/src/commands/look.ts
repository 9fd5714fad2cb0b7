// weir checkpoint trigger, weir taskmanager list, weir version: small commands.

import type { Command } from 'commander'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { CheckpointView, JobClient, JobState, WorkerView } from '@weirjs/common/job-client'
import { type Cli, type GlobalOptions, wantsJson, withSession } from '../cli.ts'
import { table } from '../output/table.ts'
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
  if (wantsJson(options)) return terminal.json(checkpoint)
  const took = formatDuration(
    (checkpoint.endedAtMs ?? checkpoint.triggeredAtMs) - checkpoint.triggeredAtMs,
  )
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

/** `list` below the `taskmanager` command that the caller made. */
export function addTaskManagerList(taskmanager: Command, cli: Cli): void {
  taskmanager
    .command('list')
    .description('registered TaskManagers and their slots')
    .action(async (_own: object, command: Command) => listWorkers(cli, command.optsWithGlobals()))
}

async function listWorkers(cli: Cli, options: GlobalOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const workers = await withSession(cli, options, ({ client }) => client.workers())
  if (wantsJson(options)) return terminal.json({ taskmanagers: workers })
  if (workers.length === 0) return terminal.note('no TaskManagers')
  const lines = table<WorkerView>(
    [
      { title: 'TASKMANAGER', cell: (w) => w.workerId },
      { title: 'ADDRESS', cell: (w) => w.address },
      { title: 'PID', cell: (w) => `${w.pid}`, align: 'right' },
      { title: 'SLOTS', cell: (w) => `${w.slots}`, align: 'right' },
      { title: 'FREE', cell: (w) => `${w.freeSlots}`, align: 'right' },
      { title: 'MEMORY', cell: (w) => formatBytes(w.rssBytes), align: 'right' },
      {
        title: 'LAST HEARTBEAT',
        cell: (w) => `${formatDuration(w.lastHeartbeatAgeMs)} ago`,
        align: 'right',
      },
    ],
    workers,
  )
  for (const line of lines) terminal.data(line)
}

export function addVersionCommand(program: Command, cli: Cli): void {
  program
    .command('version')
    .description('versions of Weir and Node')
    .action((_own: object, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals()
      const terminal = cli.terminal(options)
      const versions = { weir: WEIR_VERSION, node: process.versions.node }
      if (wantsJson(options)) terminal.json(versions)
      else terminal.data(`weir ${WEIR_VERSION} (node ${process.versions.node})`)
    })
}
