// Judges of a simulated run. They know the expected output and the history, and nothing of how it came about.

import type { FileSystem } from '@weirjs/connectors/files/file-system'

export interface Violation {
  readonly oracle: 'O1' | 'O2' | 'O4' | 'O6' | 'O8'
  readonly message: string
}

interface Line {
  readonly n: number
  readonly key: string
  readonly count: number
}

/** O1, the ledger: every number once, under its key, and each key's counts are 1 … k, each once. */
export async function judgeLedger(
  files: FileSystem,
  directory: string,
  records: number,
  keyOf: (n: number) => string,
): Promise<readonly Violation[]> {
  const lines = await readLines<Line>(files, directory)
  const seen = new Map<number, number>()
  const counts = new Map<string, Set<number>>()
  const found: Violation[] = []
  const complain = (message: string): void => {
    if (found.length < 5) found.push({ oracle: 'O1', message })
  }
  for (const { n, key, count } of lines) {
    seen.set(n, (seen.get(n) ?? 0) + 1)
    if (key !== keyOf(n)) complain(`record ${n} has key ${key}`)
    const ofKey = counts.get(key) ?? new Set()
    if (ofKey.has(count)) complain(`count ${count} of key ${key} appears twice`)
    counts.set(key, ofKey.add(count))
  }
  for (let n = 0; n < records; n++) {
    const times = seen.get(n) ?? 0
    if (times !== 1)
      complain(times === 0 ? `record ${n} is lost` : `record ${n} appears ${times} times`)
  }
  if (lines.length !== records) complain(`${lines.length} lines for ${records} records`)
  for (const [key, ofKey] of counts) {
    for (let i = 1; i <= ofKey.size; i++)
      if (!ofKey.has(i)) complain(`key ${key} never counted to ${i}`)
  }
  return found
}

/** O4, the checker inside the job: it must have said nothing. */
export async function judgeAlerts(
  files: FileSystem,
  directory: string,
): Promise<readonly Violation[]> {
  const alerts = await readLines<unknown>(files, directory)
  return alerts
    .slice(0, 3)
    .map((alert) => ({ oracle: 'O4', message: `alert inside the job: ${JSON.stringify(alert)}` }))
}

export interface Hits {
  readonly faultsWanted: number
  readonly faults: number
  readonly checkpoints: number
}

/** O8, against vacuity: a run in which nothing happened proves nothing. */
export function judgeHits(hits: Hits): readonly Violation[] {
  const found: Violation[] = []
  if (hits.faults < hits.faultsWanted)
    found.push({
      oracle: 'O8',
      message: `${hits.faults} faults hit, ${hits.faultsWanted} were wanted`,
    })
  if (hits.checkpoints < 1) found.push({ oracle: 'O8', message: 'no checkpoint completed' })
  return found
}

/** O2, a concurrent reader: what was once visible stays, unchanged. Call `look` again and again while faults run. */
export class Reader {
  readonly #files: FileSystem
  readonly #directory: string
  readonly #seen = new Map<string, string>()
  readonly violations: Violation[] = []

  constructor(files: FileSystem, directory: string) {
    this.#files = files
    this.#directory = directory
  }

  async look(): Promise<void> {
    const now = await readFiles(this.#files, this.#directory)
    for (const [path, content] of this.#seen) {
      const present = now.get(path)
      if (present === undefined) this.#complain(`${path} has disappeared`)
      else if (present !== content) this.#complain(`${path} has changed`)
    }
    for (const [path, content] of now) this.#seen.set(path, content)
  }

  #complain(message: string): void {
    if (this.violations.length < 5) this.violations.push({ oracle: 'O2', message })
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
