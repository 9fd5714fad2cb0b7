// A second job on the same cluster, in a share of the seeds: with a graph, an input, an output and a person of its own. It
// is drawn from a stream of its own, so that seeds without it live as they did. Usually both fit; else one waits for slots
// until the other has ended. In some seeds faults hit only job processes of one of the two, and the other must not notice.

import type { Prng } from '@weirjs/common/core/prng'
import { drawFaults, type FaultPlan, KINDS_OF_ONE_JOB } from './faults.ts'
import { drawStory, inputMsOf, type StoryOptions, widest } from './story.ts'
import {
  BLOWN_UP_RECORDS,
  drawWorkload,
  ofCluster,
  type WorkloadOptions,
} from './workload/options.ts'
import { withPayloads } from './workload/payloads.ts'
import type { World } from './world.ts'

const STREAM = 0x2b0b
const SHARE = 0.25
const SHARE_SCARCE = 0.35
const SHARE_SPARED = 0.35
/** Of the kinds of faults that hit one job. */
const SHARE_OF_KINDS = 0.7
/** Of those that are canceled, those that nobody resumes. */
const SHARE_ABANDONED = 0.4
/** It is small: a seed with two jobs is to take little longer than one with one. */
const RECORDS_PER_SECOND_MAX = 100
const INPUT_SECONDS_MAX = 4
const CHECKPOINT_MS_MIN = 300
const TICK_MS_MIN = 25
/** Files, and records of the shape `blow-up`, in comparison to those of a job that is alone. */
const SIZE = 0.25
const EARLIER_MS_MAX = 2_000
const SPARING_GAP_MS_MAX = 700

export interface SecondJob {
  readonly workload: WorkloadOptions
  readonly story: StoryOptions
  /** When the first one is submitted: a little later than this one, in some seeds. */
  readonly firstBeginsMs: number
  /** There are too few slots for both. */
  readonly scarce: boolean
  /** Of each TaskManager. */
  readonly slots: number
  /** What happens instead of what was drawn, and whom it does not touch; null: what was drawn, to both. */
  readonly sparing: { readonly plan: FaultPlan; readonly spared: 'first' | 'second' } | null
}

/** null: there is none. */
export function drawSecondJob(
  world: World,
  first: WorkloadOptions,
  firstStory: StoryOptions,
): SecondJob | null {
  const prng = world.stream(STREAM)
  if (!prng.chance(SHARE)) return null
  const drawn = smaller(drawWorkload(prng.fork(), first.mode), first, prng.fork())
  const workload = withPayloads(drawn, prng.fork())
  const story = drawStory(prng.fork(), workload)
  const moment = prng.pick(['before', 'at once', 'later', 'later'] as const)
  const laterMs = prng.float() * inputMsOf(first)
  const abandoned = prng.chance(SHARE_ABANDONED)
  return {
    workload,
    story: { ...story, beginsMs: moment === 'later' ? laterMs : 0, abandoned },
    firstBeginsMs: moment === 'before' ? prng.float() * EARLIER_MS_MAX : 0,
    ...drawSlots(prng, first.taskManagers, widest(firstStory), widest(story)),
    sparing: prng.chance(SHARE_SPARED) ? drawSparing(prng.fork()) : null,
  }
}

function smaller(drawn: WorkloadOptions, first: WorkloadOptions, prng: Prng): WorkloadOptions {
  const recordsPerSecond = Math.min(drawn.recordsPerSecond, RECORDS_PER_SECOND_MAX)
  const records = prng.between(2, INPUT_SECONDS_MAX) * recordsPerSecond
  const copies = Math.max(2, Math.floor((SIZE * BLOWN_UP_RECORDS) / records))
  return {
    ...drawn,
    ...ofCluster(first),
    directory: '/second',
    records,
    recordsPerSecond,
    tickMs: Math.max(TICK_MS_MIN, drawn.tickMs),
    checkpointMs:
      drawn.checkpointMs === null ? null : Math.max(CHECKPOINT_MS_MIN, drawn.checkpointMs),
    copies: drawn.shape === 'blow-up' ? copies : 1,
    inputFiles: Math.ceil(SIZE * drawn.inputFiles),
    // For a disk that is slow for the sake of the other one.
    checkpointTimeoutMs: Math.max(
      drawn.checkpointTimeoutMs,
      first.shape === 'files' ? first.checkpointTimeoutMs : 0,
    ),
  }
}

function drawSparing(prng: Prng): SecondJob['sparing'] {
  const spared = prng.pick(['first', 'second'] as const)
  const { kinds, faults } = drawFaults(prng, KINDS_OF_ONE_JOB, SHARE_OF_KINDS)
  // They begin when there is somebody to hit, and are over before a short job is.
  const soon = faults.map((one) => ({ ...one, thenMs: Math.min(one.thenMs, SPARING_GAP_MS_MAX) }))
  return { spared, plan: { kinds, faults: soon, everyMs: SPARING_GAP_MS_MAX, begin: 'early' } }
}

/** Both fit while one TaskManager is dead; or the wider one, and perhaps not both, while all are there. */
function drawSlots(
  prng: Prng,
  taskManagers: number,
  ...wanted: readonly [number, number]
): Pick<SecondJob, 'scarce' | 'slots'> {
  const both = wanted[0] + wanted[1]
  if (!prng.chance(SHARE_SCARCE)) return { scarce: false, slots: slotsFor(taskManagers, both) }
  const slots = Math.ceil(Math.max(...wanted) / taskManagers)
  return { scarce: both > slots * taskManagers, slots }
}

/** One TaskManager may be dead, and what needs so many slots still fits. */
export const slotsFor = (taskManagers: number, wanted: number): number =>
  Math.ceil(wanted / (taskManagers - 1))

export function describeSecond({ story, firstBeginsMs, scarce, sparing }: SecondJob): string {
  const moment =
    firstBeginsMs > 0
      ? `${Math.round(firstBeginsMs)} ms before the first`
      : `after ${Math.round(story.beginsMs)} ms`
  const slots = scarce ? ', one has to wait for the other' : ''
  const spared = sparing === null ? '' : `, the ${sparing.spared} job is spared`
  return `, second job ${moment}${slots}${spared}`
}
