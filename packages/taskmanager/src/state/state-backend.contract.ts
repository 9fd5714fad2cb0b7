// What every state back end promises. Run it with one line: describeStateBackend('heap', (o) => new
// HeapBackend(o)). Snapshots go through memory, with the encoding of files; what is compared is
// always a back end restored from a snapshot with what the first one held at the moment of
// `snapshot()`.

import { describe } from 'vitest'
import { keyCodec } from '@weirjs/common/codec/key-codec'
import { keyHashOf } from '@weirjs/common/core/graph/key-groups'
import { describeAccess } from './contract/access.contract.ts'
import { KEY_GROUPS, STATES, StillClock } from './contract/kit.contract.ts'
import type { Open, OpenBackend, Reopen } from './contract/kit.contract.ts'
import { describeSlices } from './contract/slices.contract.ts'
import { describeSnapshots } from './contract/snapshots.contract.ts'
import { describeTimers } from './contract/timers.contract.ts'
import { keyedRestore } from './memory-snapshot.ts'

export function describeStateBackend(name: string, openBackend: OpenBackend): void {
  const open: Open = (
    keyGroups = { first: 0, end: KEY_GROUPS },
    states = STATES,
    clock = new StillClock(),
  ) => {
    const backend = openBackend({ maxParallelism: KEY_GROUPS, keyGroups, keyCodec, states, clock })
    return { backend, at: (key) => backend.setKey(key, keyHashOf(key)) }
  }

  const reopen: Reopen = (snapshots, keyGroups = { first: 0, end: KEY_GROUPS }) => {
    const opened = open(keyGroups)
    for (const snapshot of snapshots) {
      opened.backend
        .restore(keyedRestore([snapshot], keyGroups), snapshot.memory.read)
        .advance(Number.POSITIVE_INFINITY)
    }
    return opened
  }

  describe(`state back end: ${name}`, () => {
    describeAccess(open)
    describeSnapshots(open, reopen)
    describeTimers(open, reopen)
    describeSlices(open, reopen)
  })
}
