// Every process has a wall clock that a fault may set: libfaketime reads the difference from a file at every look. The
// monotonic clock is left alone, as by anybody who sets a clock.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FAKETIME_LIBRARY } from '../../../processes/src/machine.ts'
import type { World, WorldKind } from '../world.ts'

export interface ClockWorld extends World {
  /** Sets every clock to the true time and so many seconds more. */
  readonly setClocks: (seconds: number) => void
}

const FORWARDED = [
  'LD_PRELOAD',
  'FAKETIME_TIMESTAMP_FILE',
  'FAKETIME_NO_CACHE',
  'FAKETIME_DONT_FAKE_MONOTONIC',
]

export const CLOCKS: WorldKind = {
  needs: ['faketime'],
  open: async () => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-clocks-'))
    const file = join(directory, 'offset')
    const setClocks = (seconds: number): void =>
      writeFileSync(file, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}\n`)
    setClocks(0)
    const env = {
      LD_PRELOAD: FAKETIME_LIBRARY,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    return {
      setClocks,
      cluster: {
        place: () => ({ env, defines: [`taskmanager.job-environment=${FORWARDED.join(',')}`] }),
      },
      [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
    } satisfies ClockWorld
  },
}
