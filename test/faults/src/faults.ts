// The kinds of fault by the word that a row begins with.

import { BadCell, type Words } from './cell.ts'
import { KILL } from './faults/kill.ts'
import { PARTITION } from './faults/partition.ts'
import { PAUSE } from './faults/pause.ts'
import { STRACE } from './faults/strace.ts'
import type { FaultKind } from './scene.ts'

const FAULTS: Readonly<Record<string, FaultKind>> = {
  kill: KILL,
  oneway: PARTITION,
  partition: PARTITION,
  pause: PAUSE,
  strace: STRACE,
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
