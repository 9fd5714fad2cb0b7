// O8, against vacuity: a run in which nothing happened proves nothing, nor do many runs in which the same was missed each
// time. What one seed must show is little, because it may be short; what many must show grows with their number.

import { Complaints, type Violation } from './violation.ts'

/** Seeds from which on every kind of fault that was drawn must have hit, and checkpoints must lie between faults. */
const SEEDS_FOR_KINDS = 100
/** Seeds from which on every effect of a fault must have been seen, those that are rare as well, and every moment. */
const SEEDS_FOR_EFFECTS = 100
const SEEDS_FOR_RARE_EFFECTS = 300
const SEEDS_FOR_MOMENTS = 300
/**
 * Of the gaps between two faults that a checkpoint interval fits in, so many hold a completed checkpoint, over many seeds.
 * It is no more because faults overlap: a storm lasts until all is healed, a cut up to 4 s, silence is noticed after up to
 * 4 s, a restart is delayed by up to 2 s, and gaps last from nothing to 5 s. Measured: 34 to 46 of 100.
 */
const GAPS_WITH_CHECKPOINT_MIN = 0.25
/**
 * Of the seeds, so many may be over before any fault hit: an eighth begin with the final checkpoint, and some jobs are
 * through with it sooner than the first fault comes. Measured: 1 to 3 of 100.
 */
const QUIET_MAX = 0.04
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
  /** What faults can come to, and what they did. */
  readonly effects: readonly string[]
  readonly rareEffects: readonly string[]
  readonly effectsSeen: Readonly<Record<string, number>>
  /** States that only a fault at the right time brings about, and those that were seen. */
  readonly moments: readonly string[]
  readonly momentsSeen: Readonly<Record<string, number>>
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
  for (const effect of coverage.effects) {
    const rare = coverage.rareEffects.includes(effect)
    const wanted = seeds >= (rare ? SEEDS_FOR_RARE_EFFECTS : SEEDS_FOR_EFFECTS)
    if (wanted && (coverage.effectsSeen[effect] ?? 0) === 0)
      complaints.add(`no fault came to "${effect}"`)
  }
  if (seeds >= SEEDS_FOR_MOMENTS)
    for (const moment of coverage.moments)
      if ((coverage.momentsSeen[moment] ?? 0) === 0) complaints.add(`no job has met "${moment}"`)
  const share = FAILPOINTS_WANTED.find((one) => seeds >= one.seeds)?.share ?? 0
  if (failpoints - failpointsNotHit.length < share * failpoints)
    complaints.add(`${failpointsNotHit.length} of ${failpoints} failpoints were never hit`)
  return complaints.found
}
