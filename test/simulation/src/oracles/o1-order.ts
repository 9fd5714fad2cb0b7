// O1, order: what has one key and comes from one part of the input by one path is counted in the order of its numbers, and
// appears in each file of the output in the order in which it was counted.

import type { LedgerLine } from './o1-ledger.ts'
import { Complaints, type Violation } from './violation.ts'

export interface OrderPromise {
  /** The part of the input that a number comes from; null: nothing is promised about how numbers of a key arrive. */
  readonly partOf: ((n: number) => string) | null
  /** Lines of one key lie in a file in the order of their counts. */
  readonly filesInOrder: boolean
}

/** `files`: the lines of each file of the output. */
export function judgeOrder(
  files: readonly (readonly LedgerLine[])[],
  { partOf, filesInOrder }: OrderPromise,
): readonly Violation[] {
  const complaints = new Complaints('O1')
  if (filesInOrder) for (const lines of files) judgeFile(lines, complaints)
  if (partOf !== null) judgeArrival(files.flat(), partOf, complaints)
  return complaints.found
}

function judgeFile(lines: readonly LedgerLine[], complaints: Complaints): void {
  const last = new Map<string, number>()
  for (const { n, key, count } of lines) {
    if (n < 0) continue
    const before = last.get(key) ?? 0
    if (count <= before)
      complaints.add(`in one file, count ${count} of key ${key} comes after ${before}`)
    last.set(key, count)
  }
}

function judgeArrival(
  lines: readonly LedgerLine[],
  partOf: (n: number) => string,
  complaints: Complaints,
): void {
  const last = new Map<string, number>()
  for (const { n, key } of lines.filter((line) => line.n >= 0).sort((a, b) => a.count - b.count)) {
    const lane = `${partOf(n)} ${key}`
    const before = last.get(lane) ?? -1
    if (n < before) complaints.add(`record ${n} of key ${key} was counted after ${before}`)
    last.set(lane, n)
  }
}
