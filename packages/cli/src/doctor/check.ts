// What a check of `weir doctor` answers, and how checks are run: one after another, and one that breaks is an answer too.

import { toFailure, WeirError } from '@weirjs/common/core/errors'
import type { Config } from '@weirjs/common/node/config'
import type { Cli, GlobalOptions } from '../cli.ts'

export type Verdict = 'ok' | 'warning' | 'broken'

export interface Finding {
  readonly check: string
  readonly verdict: Verdict
  readonly message: string
  readonly hint: string | null
}

export interface Patient {
  readonly cli: Cli
  readonly options: GlobalOptions
  readonly config: Config
  /** Absolute. */
  readonly dataDirectory: string
  /** Absolute. */
  readonly checkpointDirectory: string
  /** Every byte of every state file is read. */
  readonly deep: boolean
}

export type Check = (patient: Patient) => Promise<readonly Finding[]> | readonly Finding[]

export const ok = (check: string, message: string): Finding => ({
  check,
  verdict: 'ok',
  message,
  hint: null,
})
export const warning = (check: string, message: string, hint: string | null = null): Finding => ({
  check,
  verdict: 'warning',
  message,
  hint,
})
export const broken = (check: string, message: string, hint: string | null = null): Finding => ({
  check,
  verdict: 'broken',
  message,
  hint,
})

/** What was thrown, as a finding. */
export function brokenBy(check: string, error: unknown): Finding {
  const { message, hint, code } = toFailure(error)
  const said = error instanceof WeirError ? `${message} [${code}]` : message
  return broken(check, said.split('\n')[0] ?? said, hint ?? null)
}

export async function examine(
  patient: Patient,
  checks: Readonly<Record<string, Check>>,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const [name, check] of Object.entries(checks)) {
    try {
      findings.push(...(await check(patient)))
    } catch (error) {
      findings.push(brokenBy(name, error))
    }
  }
  return findings
}
