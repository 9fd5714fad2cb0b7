// Judges of a simulated run. They know the expected output and the history, and nothing of how it came about.
//
//   O1  every record in the committed output exactly once, with the right key and count
//   O2  what was once visible stays, unchanged
//   O3  the job log keeps its rules (log-auditor)
//   O4  checks inside the job said nothing
//   O5  what a client was told stays true (client)
//   O6  when all faults are healed, the job ends as it should
//   O7  no bug showed itself: no broken assertion, no error that no fault explains
//   O8  something happened: faults hit, checkpoints completed
//   O9  nothing is left behind

import type { FileSystem } from '@weirjs/connectors/files/file-system'
import {
  isCounted,
  outputKey,
  outputRecords,
  type RunOptions,
  type WorkloadOptions,
} from './workload/options.ts'
import type { Counted } from './workload/records.ts'

export interface Violation {
  readonly oracle: 'O1' | 'O2' | 'O3' | 'O4' | 'O5' | 'O6' | 'O7' | 'O8' | 'O9'
  readonly message: string
}

/** Complaints of one judge; the first ones tell enough. */
const COMPLAINTS_MAX = 5

class Complaints {
  readonly #oracle: Violation['oracle']
  readonly found: Violation[] = []

  constructor(oracle: Violation['oracle']) {
    this.#oracle = oracle
  }

  add(message: string): void {
    if (this.found.length < COMPLAINTS_MAX) this.found.push({ oracle: this.#oracle, message })
  }
}

/** O1, the ledger, over the output of all runs of the job together. */
export async function judgeLedger(
  files: FileSystem,
  runs: readonly RunOptions[],
  options: WorkloadOptions,
): Promise<readonly Violation[]> {
  const complaints = new Complaints('O1')
  const lines: Counted[] = []
  for (const { output } of runs) lines.push(...(await readLines<Counted>(files, output)))
  const data = lines.filter(({ n }) => n >= 0)
  judgeNumbers(data, options, complaints)
  if (isCounted(options)) judgeCounts(data, complaints)
  const rules = lines.filter(({ n }) => n < 0)
  if (options.shape === 'rules') judgeRules(rules, runs, options, complaints)
  else if (rules.length > 0) complaints.add(`${rules.length} lines with a negative number`)
  return complaints.found
}

/** Every number once, under its key. */
function judgeNumbers(
  lines: readonly Counted[],
  options: WorkloadOptions,
  complaints: Complaints,
): void {
  const records = outputRecords(options)
  const seen = new Map<number, number>()
  for (const { n, key } of lines) {
    seen.set(n, (seen.get(n) ?? 0) + 1)
    if (key !== outputKey(n, options)) complaints.add(`record ${n} has key ${key}`)
  }
  for (let n = 0; n < records; n++) {
    const times = seen.get(n) ?? 0
    if (times !== 1)
      complaints.add(times === 0 ? `record ${n} is lost` : `record ${n} appears ${times} times`)
  }
  if (lines.length !== records) complaints.add(`${lines.length} lines for ${records} records`)
}

/** Each key counts 1 … k, each number once. */
function judgeCounts(lines: readonly Counted[], complaints: Complaints): void {
  const counts = new Map<string, Set<number>>()
  for (const { key, count } of lines) {
    const ofKey = counts.get(key) ?? new Set()
    if (ofKey.has(count)) complaints.add(`count ${count} of key ${key} appears twice`)
    counts.set(key, ofKey.add(count))
  }
  for (const [key, ofKey] of counts) {
    for (let i = 1; i <= ofKey.size; i++)
      if (!ofKey.has(i)) complaints.add(`key ${key} never counted to ${i}`)
  }
}

/** Every rule was taken once by every subtask of one of the runs. */
function judgeRules(
  lines: readonly Counted[],
  runs: readonly RunOptions[],
  options: WorkloadOptions,
  complaints: Complaints,
): void {
  const byRule = new Map<number, string[]>()
  for (const { n, key } of lines) byRule.set(-1 - n, [...(byRule.get(-1 - n) ?? []), key])
  for (let id = 0; id < options.rules; id++) {
    const takers = (byRule.get(id) ?? []).sort().join()
    const wanted = runs.map((run) => subtasks(run.parallelism))
    if (!wanted.includes(takers))
      complaints.add(`rule ${id} was taken by "${takers}", not by "${wanted.join('" or "')}"`)
  }
  if (byRule.size !== options.rules)
    complaints.add(`${byRule.size} rules were taken of ${options.rules}`)
}

const subtasks = (parallelism: number): string =>
  Array.from({ length: parallelism }, (_, i) => `s${i}`).join()

/** O4, the checks inside the job. */
export async function judgeAlerts(
  files: FileSystem,
  directory: string,
): Promise<readonly Violation[]> {
  const alerts = await readLines<unknown>(files, directory)
  return alerts
    .slice(0, COMPLAINTS_MAX)
    .map((alert) => ({ oracle: 'O4', message: `alert inside the job: ${JSON.stringify(alert)}` }))
}

export interface Hits {
  readonly faultsWanted: number
  readonly faults: number
  readonly checkpoints: number
}

/** O8, against vacuity: a run in which nothing happened proves nothing. */
export function judgeHits(hits: Hits): readonly Violation[] {
  const complaints = new Complaints('O8')
  if (hits.faults < hits.faultsWanted)
    complaints.add(`${hits.faults} faults hit, ${hits.faultsWanted} were wanted`)
  if (hits.checkpoints < 1) complaints.add('no checkpoint completed')
  return complaints.found
}

/** O2, a concurrent reader: what was once visible stays, unchanged. Call `look` again and again while faults run. */
export class Reader {
  readonly #files: FileSystem
  readonly #directories: readonly string[]
  #seen = new Map<string, string>()
  /** Seen before the power failed, and not yet again. */
  readonly #faded = new Map<string, string>()
  readonly #complaints = new Complaints('O2')

  constructor(files: FileSystem, directories: readonly string[]) {
    this.#files = files
    this.#directories = directories
  }

  get violations(): readonly Violation[] {
    return this.#complaints.found
  }

  async look(): Promise<void> {
    const now = await this.#read()
    for (const [path, content] of this.#seen) {
      const present = now.get(path)
      if (present === undefined) this.#complaints.add(`${path} has disappeared`)
      else if (present !== content) this.#complaints.add(`${path} has changed`)
    }
    for (const [path, content] of now) {
      const faded = this.#faded.get(path)
      if (faded !== undefined && faded !== content)
        this.#complaints.add(`${path} came back with other content`)
      this.#seen.set(path, content)
    }
  }

  /** A name that nobody had synced may be gone; when it comes back, then with the same content. */
  async powerFailed(): Promise<void> {
    const now = await this.#read()
    for (const [path, content] of this.#seen) if (!now.has(path)) this.#faded.set(path, content)
    this.#seen = new Map([...this.#seen].filter(([path]) => now.has(path)))
  }

  async #read(): Promise<Map<string, string>> {
    const now = new Map<string, string>()
    for (const directory of this.#directories)
      for (const [path, content] of await readFiles(this.#files, directory)) now.set(path, content)
    return now
  }
}

async function readLines<T>(files: FileSystem, directory: string): Promise<readonly T[]> {
  const contents = await readFiles(files, directory)
  return [...contents.values()].flatMap((content) =>
    content
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T),
  )
}

/** Visible files only: what lies in hidden directories is staging. */
async function readFiles(files: FileSystem, directory: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  if ((await files.facts(directory)) === null) return found
  const entries = await files.list(directory)
  for (const { name, kind } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (name.startsWith('.')) continue
    const path = `${directory}/${name}`
    if (kind === 'directory') {
      for (const [inner, content] of await readFiles(files, path)) found.set(inner, content)
      continue
    }
    const file = await files.openRead(path)
    found.set(path, Buffer.from(await file.read(0, file.bytes)).toString('utf8'))
    await file.close()
  }
  return found
}
