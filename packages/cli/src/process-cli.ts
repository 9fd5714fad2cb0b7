// The command line of this process: its streams, environment and signals. What is below knows no process.

import { findRuntimeRoot } from '@weirjs/common/node/runtime-modules'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import type { Cli } from './cli.ts'
import { connectCluster } from './client.ts'
import { EXIT_FAILED } from './exit-codes.ts'
import type { ScreenSize } from './output/screen.ts'
import { wantsColour } from './output/style.ts'
import { Terminal } from './output/terminal.ts'
import { runProgram } from './program.ts'

const { stdout, stderr, env } = process
const COLUMNS_WITHOUT_TERMINAL = 80
const ROWS_WITHOUT_SIZE = 24
/** A terminal that was never told its size says 0. */
const screenSize = (): ScreenSize => ({
  rows: stdout.rows || ROWS_WITHOUT_SIZE,
  columns: stdout.columns || COLUMNS_WITHOUT_TERMINAL,
})
const LINGER_MS_MAX = 2_000

/** This process ends by our own decision. */
let leaving = false
// A reader that goes away (`weir job list | head -1`) is no mistake of ours.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  leaving = true
  process.exit()
})

/** The terminal's own way, whoever listens to what others write. */
const writeOut = stdout.write.bind(stdout)
type Written = (error?: Error | null) => void
/** As `write` is called: the encoding may be left out. */
function writtenTo(hear: (chunk: string | Uint8Array) => void): typeof stdout.write {
  return (chunk: string | Uint8Array, second?: BufferEncoding | Written, third?: Written) => {
    hear(chunk)
    const written = typeof second === 'function' ? second : third
    if (written !== undefined) process.nextTick(written)
    return true
  }
}

const scheduler = systemScheduler()
const onSignal =
  (...signals: readonly NodeJS.Signals[]) =>
  (callback: (signal: string) => void): (() => void) => {
    for (const signal of signals) process.on(signal, callback)
    return () => {
      for (const signal of signals) process.off(signal, callback)
    }
  }
const cli: Cli = {
  env,
  cwd: process.cwd(),
  scheduler,
  terminal: (options) =>
    new Terminal({
      writeOut: (text) => writeOut(text),
      writeErr: (text) => stderr.write(text),
      interactive: stderr.isTTY === true && env['TERM'] !== 'dumb',
      screen: stdout.isTTY === true && env['TERM'] !== 'dumb' ? screenSize : undefined,
      columns: () => stderr.columns ?? COLUMNS_WITHOUT_TERMINAL,
      outColour: wantsColour(stdout, env, options.color !== false),
      errColour: wantsColour(stderr, env, options.color !== false),
      quiet: options.quiet === true,
    }),
  connect: (options) => connectCluster({ options, env, cwd: process.cwd(), scheduler }),
  onInterrupt: onSignal('SIGINT'),
  onTerminate: onSignal('SIGTERM', 'SIGHUP', 'SIGQUIT'),
  onSuspend: (callback) =>
    onSignal('SIGTSTP')(() => {
      callback()
      process.kill(process.pid, 'SIGSTOP')
    }),
  onLoss: (listener) => {
    const uncaught = (thrown: unknown): void => {
      if (listener.uncaught(thrown) === 'go on') return
      leaving = true
      process.exit(EXIT_FAILED)
    }
    const exited = (code: number): void => {
      if (leaving) return
      listener.exit(code)
      process.exitCode = EXIT_FAILED
    }
    process.on('uncaughtException', uncaught)
    process.on('exit', exited)
    return () => {
      process.off('uncaughtException', uncaught)
      process.off('exit', exited)
    }
  },
  onPrinted: (listener) => {
    const { write } = stdout
    stdout.write = writtenTo(listener)
    return () => {
      stdout.write = write
    }
  },
  runtimeRoot: () => findRuntimeRoot(env),
}

process.exitCode = await runProgram(process.argv.slice(2), cli)
// Everything is closed by now; what lingers in a library must not keep a finished command from ending.
setTimeout(() => process.exit(), LINGER_MS_MAX).unref()
