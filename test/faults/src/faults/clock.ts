// The wall clock jumps, of all processes at once, again and again.

import { setTimeout as sleep } from 'node:timers/promises'
import { readLog } from '../../../processes/src/process-logs.ts'
import { BadCell, durationOf, valueOf } from '../cell.ts'
import type { FaultKind, Scene } from '../scene.ts'
import type { ClockWorld } from '../worlds/clocks.ts'

/** `clock +86400 -86400 … every 500ms for 4s`: seconds of difference, in turn. */
export const CLOCK: FaultKind = {
  needs: ['faketime'],
  explains: [],
  strike: async (scene, words) => {
    const { setClocks } = clocksOf(scene)
    const jumps = words.filter((word) => /^[+-]\d+$/.test(word)).map(Number)
    const everyMs = durationOf(valueOf(words, 'every'))
    const ending = new AbortController()
    const jumping = jump(jumps, everyMs, setClocks, ending.signal)
    return {
      heal: async () => {
        ending.abort()
        await jumping
        setClocks(0)
      },
      proof: async () => strangeTimes(scene.cluster.jobManager.log, jumps),
    }
  },
}

async function jump(
  jumps: readonly number[],
  everyMs: number,
  setClocks: (seconds: number) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let i = 0; !signal.aborted; i = (i + 1) % jumps.length) {
    setClocks(jumps[i] ?? 0)
    await sleep(everyMs)
  }
}

function clocksOf({ world }: Scene): ClockWorld {
  if ('setClocks' in world) return world as ClockWorld
  throw new BadCell('the clock can be set in the world "clocks" only')
}

/** Lines of a log with a time that is nearer to one that was set than to the true one. */
function strangeTimes(log: string, jumps: readonly number[]): string | null {
  const leastMs = (Math.min(...jumps.map(Math.abs)) * 1_000) / 2
  const lines = readLog(log).filter(
    ({ entry }) =>
      entry !== null && Math.abs(Date.parse(String(entry['time'])) - Date.now()) > leastMs,
  )
  return lines.length === 0 ? null : `${lines.length} log lines from another time`
}
