// The kinds of fault by the word that a row begins with.

import { BadCell, type Words } from './cell.ts'
import { CLOCK } from './faults/clock.ts'
import { FILL, FREEZE, POWER_LOSS } from './faults/disk.ts'
import { RUNAWAY } from './faults/runaway.ts'
import { BURN, DESCRIPTORS, QUOTA } from './faults/starve.ts'
import { WIRE } from './faults/wire.ts'
import { KILL } from './faults/kill.ts'
import { PARTITION } from './faults/partition.ts'
import { PAUSE } from './faults/pause.ts'
import { RIVAL } from './faults/rival.ts'
import { STRACE } from './faults/strace.ts'
import type { FaultKind } from './scene.ts'

const FAULTS: Readonly<Record<string, FaultKind>> = {
  burn: BURN,
  clock: CLOCK,
  descriptors: DESCRIPTORS,
  fill: FILL,
  freeze: FREEZE,
  kill: KILL,
  loss: PARTITION,
  oneway: PARTITION,
  partition: PARTITION,
  pause: PAUSE,
  'power-loss': POWER_LOSS,
  quota: QUOTA,
  rival: RIVAL,
  runaway: RUNAWAY,
  strace: STRACE,
  wire: WIRE,
}

export function faultOf(words: Words): FaultKind {
  const found = FAULTS[words[0]]
  if (found === undefined) throw new BadCell(`there is no fault "${words[0]}"`)
  return found
}

/** `at restoring kill jobmanager`: a later fault brings its own moment. */
export function momentWithin(words: Words): Words | null {
  const at = words[0] === 'at' ? words[1] : undefined
  return at === undefined ? null : [at]
}

export function withoutMoment(words: Words): Words {
  const [kind, ...rest] = words[0] === 'at' ? words.slice(2) : words
  return [kind ?? '', ...rest]
}
