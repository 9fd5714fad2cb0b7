// The job's own code runs away, once: in one of its steps, with everything that a step may do to its slot.

import { existsSync } from 'node:fs'
import { setTrap } from '../../../processes/src/trap.ts'
import { cameTrue } from '../../../processes/src/until.ts'
import type { FaultKind } from '../scene.ts'

const SPRUNG_MS_MAX = 10_000

/** `runaway loop | regex | buffers | exit | signal | recursion | rejection | throw | throw-later` */
export const RUNAWAY: FaultKind = {
  needs: [],
  explains: ['job/uncaught-error', 'job/process-exit', 'job/user-code-failed', 'job/out-of-memory'],
  strike: async ({ cluster }, words) => {
    const trap = cluster.path('trap')
    setTrap(trap, words[1] ?? '')
    const sprung = await cameTrue({ withinMs: SPRUNG_MS_MAX }, () => !existsSync(trap))
    return {
      heal: async () => {},
      proof: async () => (sprung ? `the job's code did: ${words[1]}` : null),
    }
  },
}
