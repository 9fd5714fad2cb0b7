// What every command has at hand, and the options that every command understands.

import type { Scheduler } from '@weirjs/common/core/clock'
import type { JobClient } from '@weirjs/common/job-client'
import type { Format } from './output/show.ts'
import type { Terminal } from './output/terminal.ts'

export interface GlobalOptions {
  readonly cluster?: string
  readonly tokenFile?: string
  readonly tlsDir?: string
  readonly json?: boolean
  readonly format?: Format
  readonly verbose?: boolean
  readonly quiet?: boolean
  readonly color?: boolean
}

/** An open connection to a cluster. */
export interface Session {
  readonly client: JobClient
  readonly address: string
  /** Opens the REST interface and the page for reading, nothing else. */
  readonly readKey: string
  close(): void
}

export interface Cli {
  readonly terminal: (options: GlobalOptions) => Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly scheduler: Scheduler
  readonly connect: (options: GlobalOptions) => Promise<Session>
  /** Calls back at each Ctrl-C; the process does not end by itself while somebody listens. */
  readonly onInterrupt: (callback: () => void) => () => void
  /** The same for SIGTERM, as supervisors and `kill` send it, and for SIGHUP and SIGQUIT; says which. */
  readonly onTerminate: (callback: (signal: string) => void) => () => void
  /** Calls back at Ctrl-Z, before the process is stopped. */
  readonly onSuspend: (callback: () => void) => () => void
  /**
   * Calls back with what nobody has caught in this process; it does not end by itself while somebody listens. And when its
   * code ends it by `process.exit`: then only what is written at once is still written.
   */
  readonly onLoss: (listener: LossListener) => () => void
  /** Calls back with what code of this process writes to stdout beside the terminal, instead of writing it. */
  readonly onPrinted: (listener: (chunk: string | Uint8Array) => void) => () => void
  readonly runtimeRoot: () => string
}

export interface LossListener {
  /** `end`: the process ends at once, as failed. */
  readonly uncaught: (thrown: unknown) => 'go on' | 'end'
  readonly exit: (code: number) => void
}

export const wantsJson = (options: GlobalOptions): boolean =>
  options.json === true || options.format === 'json'

/** Runs `use` with a session and closes it. */
export async function withSession<T>(
  cli: Cli,
  options: GlobalOptions,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await cli.connect(options)
  try {
    return await use(session)
  } finally {
    session.close()
  }
}
