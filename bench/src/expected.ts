// What a run must come to: from expected.json (seed 0), else computed once by the reference evaluator in a process of
// its own and kept.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RowCheck } from './row-hash.ts'

type Expected = Readonly<
  Record<string, Readonly<Record<string, Readonly<Record<string, RowCheck>>>>>
>

const REFERENCE_BYTES_MAX = 1024 * 1024

export interface ReferenceRequest {
  readonly workload: string
  readonly seed: number
  readonly events: number
}

/** `cache`: directory where computed references are kept. `note` is told before a long computation. */
export function expectedCheck(
  request: ReferenceRequest,
  cache: string,
  note: (text: string) => void,
): RowCheck {
  const { workload, seed, events } = request
  const file = new URL('../expected.json', import.meta.url)
  const known = (JSON.parse(readFileSync(file, 'utf8')) as Expected)[workload]?.[seed]?.[events]
  if (known !== undefined) return known
  const cached = join(cache, 'references', `${workload}-${events}-seed${seed}.json`)
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, 'utf8')) as RowCheck
  note(
    `computing the reference of ${workload}, ${events} events, seed ${seed} (kept for later runs)`,
  )
  const check = evaluate(request)
  mkdirSync(join(cache, 'references'), { recursive: true })
  writeFileSync(cached, `${JSON.stringify(check)}\n`)
  return check
}

function evaluate({ workload, seed, events }: ReferenceRequest): RowCheck {
  const script = fileURLToPath(new URL('reference.ts', import.meta.url))
  const args = ['-C', 'source', '--no-warnings', script, '--workload', workload]
  const output = execFileSync(
    process.execPath,
    [...args, '--events', `${events}`, '--seed', `${seed}`],
    { encoding: 'utf8', maxBuffer: REFERENCE_BYTES_MAX, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const { rows, hash } = JSON.parse(output) as RowCheck
  return { rows, hash }
}
