// A real cluster of processes for a measurement: a JobManager and TaskManagers, started by the command `weir` as it was
// built, on loopback, in a directory of their own that is removed at the end.

import { connectJobManager, type JobConnection } from '@weirjs/common/rpc/job-client'
import { makeToken, readToken } from '@weirjs/common/rpc/token'
import { WeirError } from '@weirjs/common/core/errors'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const CLI = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url))
const READY_MS_MAX = 30_000
const POLL_MS = 10
const STOP_MS_MAX = 10_000
const LOG_CHARS_SHOWN = 2_000

export interface ClusterOptions {
  readonly taskManagers: number
  /** Of each TaskManager. */
  readonly slots: number
  /** Flags of node for the processes, for instance of the profiler. */
  readonly nodeFlags?: readonly string[]
}

export interface BenchCluster {
  readonly connection: JobConnection
  readonly directory: string
  readonly jobManager: number
  readonly taskManagers: readonly number[]
  /** From the first spawn until every slot was registered. */
  readonly readySeconds: number
  stop(): Promise<void>
}

/** Throws when a process ends or the slots do not come. */
export async function startCluster(options: ClusterOptions): Promise<BenchCluster> {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: build first`)
  const directory = mkdtempSync(join(tmpdir(), 'weir-bench-cluster-'))
  mkdirSync(join(directory, 'logs'))
  const tokenFile = join(directory, 'token')
  writeFileSync(tokenFile, `${makeToken()}\n`, { mode: 0o600 })
  const port = await freePort()
  const address = `127.0.0.1:${port}`
  const common = ['--data-dir', directory, '--token-file', tokenFile]
  const startedMs = performance.now()
  const start = (name: string, args: readonly string[]): ChildProcess =>
    startProcess(join(directory, 'logs', `${name}.log`), options.nodeFlags ?? [], [
      ...args,
      ...common,
    ])
  const jobManager = start('jobmanager', ['jobmanager', '--port', `${port}`])
  const taskManagers = Array.from({ length: options.taskManagers }, (_, i) =>
    start(`taskmanager-${i}`, [
      'taskmanager',
      '--jobmanager',
      address,
      '--slots',
      `${options.slots}`,
    ]),
  )
  const processes = [jobManager, ...taskManagers]
  const scheduler = systemScheduler()
  const connection = connectJobManager({
    address,
    token: readToken(tokenFile),
    sender: 'bench',
    scheduler,
  })
  const stop = async (): Promise<void> => {
    connection.close()
    await Promise.all(processes.map(stopProcess))
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    await untilReady(connection, processes, options, directory)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    connection,
    directory,
    jobManager: pidOf(jobManager),
    taskManagers: taskManagers.map(pidOf),
    readySeconds: (performance.now() - startedMs) / 1e3,
    stop,
  }
}

const pidOf = (child: ChildProcess): number => child.pid ?? 0

function startProcess(
  log: string,
  nodeFlags: readonly string[],
  args: readonly string[],
): ChildProcess {
  const out = openSync(log, 'a')
  try {
    return spawn(process.execPath, [...nodeFlags, CLI, ...args], { stdio: ['ignore', out, out] })
  } finally {
    closeSync(out)
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await ended
  clearTimeout(late)
}

async function untilReady(
  { client }: JobConnection,
  processes: readonly ChildProcess[],
  { taskManagers, slots }: ClusterOptions,
  directory: string,
): Promise<void> {
  const dueMs = performance.now() + READY_MS_MAX
  while (performance.now() < dueMs) {
    const dead = processes.findIndex((child) => child.exitCode !== null)
    if (dead >= 0)
      throw new Error(`process ${dead} of the cluster ended\n${lastWords(directory, dead)}`)
    const found = await client.cluster().catch(unavailable)
    if (found !== null && found.freeSlots >= taskManagers * slots) return
    await sleep(POLL_MS)
  }
  throw new Error(`the cluster was not up within ${READY_MS_MAX} ms\n${lastWords(directory, 0)}`)
}

function unavailable(error: unknown): null {
  if (error instanceof WeirError && error.code.startsWith('rpc/')) return null
  throw error
}

function lastWords(directory: string, process: number): string {
  const name = process === 0 ? 'jobmanager' : `taskmanager-${process - 1}`
  return readFileSync(join(directory, 'logs', `${name}.log`), 'utf8').slice(-LOG_CHARS_SHOWN)
}

function freePort(): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
