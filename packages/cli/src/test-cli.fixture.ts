// A command line without a process: what it writes is gathered, the cluster is a JobClient of the test's. For tests.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobClient } from '@weirjs/common/job-client'
import { findRuntimeRoot } from '@weirjs/common/node/runtime-modules'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import type { Cli } from './cli.ts'
import { connectCluster } from './client.ts'
import type { ScreenSize } from './output/screen.ts'
import { Terminal } from './output/terminal.ts'
import { runProgram } from './program.ts'

export interface TestRun {
  readonly code: number
  readonly out: readonly string[]
  readonly err: readonly string[]
}

export interface TestCli {
  run(...argv: readonly string[]): Promise<TestRun>
  /** Ctrl-C. */
  interrupt(): void
  terminate(): void
  /** Ctrl-Z. */
  suspend(): void
}

class Signal {
  readonly #name: string
  readonly #listeners = new Set<(signal: string) => void>()

  constructor(name: string) {
    this.#name = name
  }

  heardBy(listener: (signal: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  send(): void {
    for (const listener of this.#listeners) listener(this.#name)
  }
}

/**
 * `client` null: no cluster can be reached; `'real'`: the one that flags and files name. `screen`: data goes to a terminal of
 * this size.
 */
export function testCli(
  client: Partial<JobClient> | null | 'real',
  cwd: string = process.cwd(),
  env: Cli['env'] = {},
  { screen }: { readonly screen?: ScreenSize } = {},
): TestCli {
  const onInterrupt = new Signal('SIGINT')
  const onTerminate = new Signal('SIGTERM')
  const onSuspend = new Signal('SIGTSTP')
  return {
    interrupt: () => onInterrupt.send(),
    terminate: () => onTerminate.send(),
    suspend: () => onSuspend.send(),
    run: async (...argv) => {
      let out = ''
      let err = ''
      const cli: Cli = {
        terminal: (options) =>
          new Terminal({
            writeOut: (text) => {
              out += text
            },
            writeErr: (text) => {
              err += text
            },
            interactive: false,
            screen: screen === undefined ? undefined : () => screen,
            columns: () => 80,
            outColour: false,
            errColour: false,
            quiet: options.quiet === true,
          }),
        env,
        cwd,
        scheduler: systemScheduler(),
        connect: async (options) => {
          if (client === 'real')
            return connectCluster({ options, env, cwd, scheduler: systemScheduler() })
          if (client === null)
            throw new WeirError('rpc/unavailable', 'nobody answers', { domain: 'external' })
          const cluster = async (): Promise<object> => ({ restAddress: null })
          const known = { cluster, jobDefaults: async () => [], ...client }
          return {
            client: known as unknown as JobClient,
            address: 'test',
            readKey: '0'.repeat(32),
            close: () => {},
          }
        },
        onSuspend: (callback) => onSuspend.heardBy(callback),
        onTerminate: (callback) => onTerminate.heardBy(callback),
        onInterrupt: (callback) => onInterrupt.heardBy(callback),
        onLoss: () => () => {},
        onPrinted: () => () => {},
        runtimeRoot: () => findRuntimeRoot(process.env),
      }
      const code = await runProgram(argv, cli)
      const lines = (text: string): readonly string[] =>
        text.split('\n').filter((line) => line !== '')
      return { code, out: lines(out), err: lines(err) }
    },
  }
}
