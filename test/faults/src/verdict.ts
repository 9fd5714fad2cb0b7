// From what was seen in a cell to what is complained of. In a negative control one judge must complain, the one that the row
// names; what goes wrong with the cell itself is never borne.

import type { Outcome } from './cell.ts'

export interface Played {
  /** What shows that the faults hit. */
  readonly proof: string
  /** See CellResult; so are the next two. */
  readonly firstOutputMs: number | null
  readonly restarts: number
  readonly slowness: number
  /** The fault could not strike, its moment did not come, or nothing shows that it hit. */
  readonly mishaps: readonly string[]
  /** Of the judges: `ledger: …`. */
  readonly reasons: readonly string[]
}

type Said = Pick<Played, 'mishaps' | 'reasons'>

/** None: the cell has passed. */
export function complaintsOf({ broken }: Outcome, { mishaps, reasons }: Said): readonly string[] {
  if (broken === null) return [...mishaps, ...reasons]
  if (complaintOf(broken, reasons) !== null) return mishaps
  return [...mishaps, `the judge "${broken}" has found nothing`, ...reasons]
}

const complaintOf = (judge: string, reasons: readonly string[]): string | null =>
  reasons.find((reason) => reason.startsWith(`${judge}: `)) ?? null

export function proofOf(
  { broken }: Outcome,
  { proof, reasons }: Pick<Played, 'proof' | 'reasons'>,
): string {
  const found = broken === null ? null : complaintOf(broken, reasons)
  return found === null ? proof : `${proof}; found: ${found}`
}
