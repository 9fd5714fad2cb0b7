// O1, the ledger: every record in the committed output exactly once, with the right key, and the counts of each key 1 … k.

import { Complaints, type Violation } from './violation.ts'

/** A line of the output. */
export interface LedgerLine {
  readonly n: number
  readonly key: string
  readonly count: number
}

export interface Expectation {
  /** Records have the numbers 0 … records - 1. */
  readonly records: number
  /** False: the job has not come to its end, so nothing is lost yet. */
  readonly ended: boolean
  readonly keyOf: (n: number) => string
  /** Counts are 1 … k for each key; else nobody looks at them. */
  readonly counted: boolean
  /**
   * Marks -1, -2, … -marks: what each of them must have been taken by, as sorted names, any one of these sets.
   */
  readonly marks: number
  readonly takers: readonly string[]
}

export function judgeLedger(
  lines: readonly LedgerLine[],
  expectation: Expectation,
): readonly Violation[] {
  const complaints = new Complaints('O1')
  const data = lines.filter(({ n }) => n >= 0)
  judgeNumbers(data, expectation, complaints)
  if (expectation.counted) judgeCounts(data, expectation.ended, complaints)
  if (!expectation.ended) return complaints.found
  judgeMarks(
    lines.filter(({ n }) => n < 0),
    expectation,
    complaints,
  )
  return complaints.found
}

/** Every number once, under its key. */
function judgeNumbers(
  lines: readonly LedgerLine[],
  { records, ended, keyOf }: Expectation,
  complaints: Complaints,
): void {
  const seen = new Map<number, number>()
  for (const { n, key } of lines) {
    seen.set(n, (seen.get(n) ?? 0) + 1)
    if (key !== keyOf(n)) complaints.add(`record ${n} has key ${key}`)
  }
  for (let n = 0; n < records; n++) {
    const times = seen.get(n) ?? 0
    if (times === 0 && ended) complaints.add(`record ${n} is lost`)
    if (times > 1) complaints.add(`record ${n} appears ${times} times`)
  }
  if (ended && lines.length !== records)
    complaints.add(`${lines.length} lines for ${records} records`)
}

/** Each key counts 1 … k, each number once. */
function judgeCounts(lines: readonly LedgerLine[], ended: boolean, complaints: Complaints): void {
  const counts = new Map<string, Set<number>>()
  for (const { key, count } of lines) {
    const ofKey = counts.get(key) ?? new Set()
    if (ofKey.has(count)) complaints.add(`count ${count} of key ${key} appears twice`)
    counts.set(key, ofKey.add(count))
  }
  if (!ended) return
  for (const [key, ofKey] of counts) {
    for (let i = 1; i <= ofKey.size; i++)
      if (!ofKey.has(i)) complaints.add(`key ${key} never counted to ${i}`)
  }
}

/** Every mark was taken once by each who should. */
function judgeMarks(
  lines: readonly LedgerLine[],
  { marks, takers }: Expectation,
  complaints: Complaints,
): void {
  const byMark = new Map<number, string[]>()
  for (const { n, key } of lines) byMark.set(-1 - n, [...(byMark.get(-1 - n) ?? []), key])
  for (let id = 0; id < marks; id++) {
    const took = (byMark.get(id) ?? []).sort().join()
    if (!takers.includes(took))
      complaints.add(`mark ${id} was taken by "${took}", not by "${takers.join('" or "')}"`)
  }
  if (byMark.size !== marks) complaints.add(`${byMark.size} marks were taken of ${marks}`)
}
