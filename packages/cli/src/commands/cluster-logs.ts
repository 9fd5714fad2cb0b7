// weir cluster logs: the logs of the processes that `weir cluster start` left running, each line with the process that
// wrote it. With -f what comes, until Ctrl-C. Files are read from the end: a log may be large.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { sleep } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { quoted } from '@weirjs/common/node/config-values'
import type { Cli, GlobalOptions } from '../cli.ts'
import { linesAreJson } from '../output/show.ts'
import type { Terminal } from '../output/terminal.ts'
import { localCluster } from '../context.ts'
import { wholeNumber } from '../whole-number.ts'

interface LogsOptions extends GlobalOptions {
  readonly follow?: boolean
  readonly lines: string
  readonly process?: string
}

const LINES_DEFAULT = 50
const LINES_MAX = 100_000
/** Read from the end of a file for its last lines. */
const TAIL_BYTES_MAX = 16 * 1_024 * 1_024
const POLL_MS = 200

export function addClusterLogs(cluster: Command, cli: Cli): void {
  cluster
    .command('logs')
    .description('what the processes of the cluster here have logged')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('-n, --lines <n>', 'last lines of each process', `${LINES_DEFAULT}`)
    .option('--process <process>', 'only this one: jobmanager, taskmanager-1, …')
    .action(async (_own: object, command: Command) => logs(cli, command.optsWithGlobals()))
}

async function logs(cli: Cli, options: LogsOptions): Promise<void> {
  const terminal = cli.terminal(options)
  const json = linesAreJson(options, 'weir cluster logs')
  const most = wholeNumber(options.lines, '--lines', { least: 0, most: LINES_MAX })
  const tails = tailsOf(cli, options.process)
  const width = Math.max(...tails.map(({ name }) => name.length))
  const printAll = (linesOf: (tail: Tail) => readonly string[]): void => {
    for (const tail of tails)
      for (const line of linesOf(tail)) print(terminal, tail.name, width, line, json)
  }
  const lastOf = (tail: Tail): readonly string[] => tail.last(most)
  if (options.follow !== true) return printAll(lastOf)
  let interrupted = false
  // Before anything is printed: who sees the first line may press Ctrl-C.
  const stopListening = cli.onInterrupt(() => {
    interrupted = true
  })
  try {
    printAll(lastOf)
    while (!interrupted) {
      printAll((tail) => tail.more())
      await sleep(cli.scheduler, POLL_MS)
    }
  } finally {
    stopListening()
  }
  throw new WeirError('cli/interrupted', 'ended by Ctrl-C', { domain: 'user' })
}

function tailsOf(cli: Cli, wanted: string | undefined): readonly Tail[] {
  const paths = [...new Set(localCluster(cli).file.processes.map(({ log }) => log))]
  const tails = paths.map((path) => new Tail(basename(path, '.log'), path))
  const found = wanted === undefined ? tails : tails.filter(({ name }) => name === wanted)
  if (found.length > 0) return found
  const names = tails.map(({ name }) => name).join(', ')
  throw new WeirError('cluster/not-found', `no process here is called ${quoted(`${wanted}`)}`, {
    domain: 'user',
    hint: `there are: ${names}`,
  })
}

function print(terminal: Terminal, name: string, width: number, line: string, json: boolean): void {
  if (json) return terminal.json({ process: name, line })
  terminal.data(`${terminal.out.paint('dim', name.padEnd(width))}  ${line}`)
}

/** One growing file of lines. */
class Tail {
  readonly name: string
  readonly #path: string
  #offset = 0
  #rest = ''

  constructor(name: string, path: string) {
    this.name = name
    this.#path = path
  }

  last(most: number): readonly string[] {
    const size = this.#size()
    this.#offset = Math.max(0, size - TAIL_BYTES_MAX)
    const lines = this.more()
    return most === 0 ? [] : lines.slice(-most)
  }

  /** Whole lines since the last time. */
  more(): readonly string[] {
    const size = this.#size()
    // Somebody has emptied the file.
    if (size < this.#offset) this.#offset = 0
    const length = Math.min(size - this.#offset, TAIL_BYTES_MAX)
    if (length <= 0) return []
    const text = this.#rest + this.#read(length)
    const lines = text.split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
  }

  #size(): number {
    return this.#with((file) => fstatSync(file).size) ?? 0
  }

  #read(length: number): string {
    const buffer = Buffer.alloc(length)
    const got = this.#with((file) => readSync(file, buffer, 0, length, this.#offset)) ?? 0
    this.#offset += got
    return buffer.subarray(0, got).toString('utf8')
  }

  /** Null while there is no such file. */
  #with<T>(use: (file: number) => T): T | null {
    let file: number
    try {
      file = openSync(this.#path, 'r')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
      throw error
    }
    try {
      return use(file)
    } finally {
      closeSync(file)
    }
  }
}
