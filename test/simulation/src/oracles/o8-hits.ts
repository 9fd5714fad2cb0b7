// O8, against vacuity: a run in which nothing happened proves nothing, nor do many runs in which the same was missed each
// time. What one seed must show is little, because it may be short; what many must show grows with their number.

import { Complaints, type Violation } from './violation.ts'

/** Seeds from which on every kind of fault that was drawn must have hit, and checkpoints must lie between faults. */
const SEEDS_FOR_KINDS = 100
/** Of the gaps between two faults, so many hold a completed checkpoint, over many seeds. Faults may be 300 ms apart. */
const GAPS_WITH_CHECKPOINT_MIN = 0.15
/** Of the seeds, so many may be over before any fault hit. */
const QUIET_MAX = 0.01
/** Failpoints that so many seeds must have hit. */
const FAILPOINTS_WANTED: readonly { readonly seeds: number; readonly share: number }[] = [
  { seeds: 10_000, share: 1 },
  { seeds: 3_000, share: 0.98 },
  { seeds: 300, share: 0.65 },
]

/** Of one seed: `checkpoints` that completed. */
export function judgeHits(checkpoints: number): readonly Violation[] {
  const complaints = new Complaints('O8')
  if (checkpoints < 1) complaints.add('no checkpoint completed')
  return complaints.found
}

/** What happened in many seeds together. */
export interface Coverage {
  readonly seeds: number
  /** Those in which no fault hit. */
  readonly quiet: number
  /** Faults by kind that were to happen, and that did. */
  readonly drawn: Readonly<Record<string, number>>
  readonly hit: Readonly<Record<string, number>>
  /** Between two faults: all, and those in which a checkpoint completed. */
  readonly gaps: number
  readonly gapsWithCheckpoint: number
  /** Names of all, and of those that were not hit. */
  readonly failpoints: number
  readonly failpointsNotHit: readonly string[]
}

export function judgeCoverage(coverage: Coverage): readonly Violation[] {
  const complaints = new Complaints('O8')
  const { seeds, quiet, drawn, hit, gaps, gapsWithCheckpoint } = coverage
  const { failpoints, failpointsNotHit } = coverage
  if (seeds >= SEEDS_FOR_KINDS) {
    for (const kind of Object.keys(drawn))
      if ((hit[kind] ?? 0) === 0)
        complaints.add(`no fault "${kind}" hit, ${drawn[kind]} were drawn`)
    if (quiet > seeds * QUIET_MAX) complaints.add(`no fault hit in ${quiet} of ${seeds} seeds`)
    if (gapsWithCheckpoint < gaps * GAPS_WITH_CHECKPOINT_MIN)
      complaints.add(`a checkpoint completed in only ${gapsWithCheckpoint} of ${gaps} gaps`)
  }
  const wanted = FAILPOINTS_WANTED.find((one) => seeds >= one.seeds)?.share ?? 0
  if (failpoints - failpointsNotHit.length < wanted * failpoints)
    complaints.add(`${failpointsNotHit.length} of ${failpoints} failpoints were never hit`)
  return complaints.found
}
