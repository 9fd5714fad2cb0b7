// The `weir` command as a child process, for the demo.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const WEIR = fileURLToPath(new URL('../../weir', import.meta.url))

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs to the end; rejects with what the command said when it fails. */
export function weir(args: readonly string[], cwd: string): Promise<Finished> {
  const child = start(args, cwd)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve({ code, stdout, stderr })
      else reject(new Error(`weir ${args.join(' ')} ended with ${code}\n${stderr}`))
    })
  })
}

/** Runs to the end, handing over each JSON line of stdout; answers the exit code and what stderr said. */
export async function weirEvents(
  args: readonly string[],
  cwd: string,
  onEvent: (event: DemoEvent) => void,
): Promise<Finished> {
  const child = start(args, cwd)
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) =>
      onEvent(JSON.parse(line) as DemoEvent),
    )
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, stdout: '', stderr }))
  })
}

function start(args: readonly string[], cwd: string): ChildProcess {
  return spawn(WEIR, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The events of `weir run --json` that the demo looks at. */
export type DemoEvent =
  | { readonly type: 'state'; readonly job: { readonly state: string; readonly attempt: number } }
  | {
      readonly type: 'checkpoint'
      readonly checkpoint: {
        readonly checkpointId: number
        readonly state: string
        readonly kind: string
        readonly stateBytes: number
      }
    }
  | {
      readonly type: 'failure'
      readonly failure: { readonly code: string; readonly message: string }
      readonly delayMs: number
    }
  | { readonly type: 'restored'; readonly checkpointId: number; readonly attempt: number }
  | { readonly type: 'progress'; readonly recordsIn: number; readonly recordsOut: number }
  | { readonly type: 'submitted' | 'result' | 'output' | 'lost-output' }
