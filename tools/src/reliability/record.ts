// What a run of a suite left: one JSON file below docs/internals/reliability, with all that is needed to judge it and to run
// it again. The page is made of these files alone, so that it says nothing that was not measured.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..')
const FOLDER = 'docs/internals/reliability'
const GIB = 2 ** 30

export interface Machine {
  readonly cores: number
  readonly memoryGiB: number
  readonly platform: string
  readonly node: string
}

export interface RunRecord<Result> {
  readonly suite: string
  /** As typed at the repository's root. */
  readonly command: string
  /** UTC, of the end of the run. */
  readonly date: string
  /** Short; with " and changes" when the tree was not what the commit says. */
  readonly commit: string
  readonly machine: Machine
  readonly wallSeconds: number
  readonly passed: boolean
  readonly result: Result
}

export function fileOf(suite: string): string {
  return `${FOLDER}/${suite}.json`
}

/** null: the suite has not been run yet. */
export function readRecord<Result>(suite: string): RunRecord<Result> | null {
  const file = join(root, fileOf(suite))
  if (!existsSync(file)) return null
  return JSON.parse(readFileSync(file, 'utf8')) as RunRecord<Result>
}

export function writeRecord(record: RunRecord<unknown>): void {
  mkdirSync(join(root, FOLDER), { recursive: true })
  writeFileSync(join(root, fileOf(record.suite)), `${JSON.stringify(record, null, 2)}\n`)
}

const CHANGED = ' and changes'

/** What passed on a tree that no commit has cannot be had again, so that nothing rests on it. */
export function counts({ passed, commit }: Pick<RunRecord<unknown>, 'passed' | 'commit'>): boolean {
  return passed && !commit.endsWith(CHANGED)
}

/** Results that were just written don't count as changes. */
export function commitNow(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim()
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', `:!${FOLDER}`)
  return `${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : CHANGED}`
}

export function machineNow(): Machine {
  return {
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / GIB),
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
  }
}
