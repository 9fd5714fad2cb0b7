// Commands of the system that the test needs: run to their end, with a limit, their words kept for who reads a failure.

import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, resolve } from 'node:path'

const COMMAND_MS_MAX = 120_000
const LAST_CHARS = 3_000

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly withinMs?: number
}

export interface Ran {
  /** null: it was ended by a signal, or took too long. */
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export class CommandFailed extends Error {}

/** Runs a command and answers however it ends. */
export function ran(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<Ran> {
  const { env = {}, cwd, withinMs = COMMAND_MS_MAX } = options
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: withinMs,
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((answer) => {
    child.once('error', (error) => answer({ code: null, out, err: `${err}${error.message}` }))
    child.once('close', (code) => answer({ code, out, err }))
  })
}

/** Runs a command that must succeed; answers what it wrote to stdout, without the end of the last line. */
export async function run(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, out, err } = await ran(command, args, options)
  if (code === 0) return out.trimEnd()
  const words = `${out}\n${err}`.trim().slice(-LAST_CHARS)
  throw new CommandFailed(`${command} ${args.join(' ')} ended with ${code}:\n${words}`)
}

/** Path of a command, by its name or its whole path; null when there is none. */
export function which(name: string): string | null {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = resolve(directory, name)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not here.
    }
  }
  return null
}
