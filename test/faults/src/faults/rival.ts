// Two JobManagers that both believe to lead: the first one sleeps, another one takes its jobs over, and then the first one
// wakes up, with connections that look as they did and with everything that it was about to do.

import { readFileSync } from 'node:fs'
import { signal, lifeOf, stateOf } from '../../../processes/src/proc.ts'
import { cameTrue, until } from '../../../processes/src/until.ts'
import { BadCell } from '../cell.ts'
import type { FaultKind, Scene } from '../scene.ts'
import type { ProxyWorld, Wire } from '../worlds/proxies.ts'

const STOPPED_MS_MAX = 5_000
/** Only ends what hangs. */
const TAKEN_OVER_MS_MAX = 90_000
const DEPOSED_MS_MAX = 60_000

/** What the one that was deposed says, as an error: nobody else will tell its operator. */
const DEPOSED = 'job taken over by another JobManager'
const STANDS_BY = 'all jobs are led by another JobManager: standing by'

/** `rival` */
export const RIVAL: FaultKind = {
  needs: [],
  explains: [DEPOSED, STANDS_BY, 'log/deposed', 'fence/stale', 'worker/unknown', 'job/unknown'],
  strike: async (scene) => {
    const { cluster, watch } = scene
    const { attempt } = watch
    const sleeper = lifeOf(cluster.jobManager.pid ?? 0)
    if (sleeper === null) throw new BadCell('there is no JobManager that could sleep')
    signal(sleeper, 'SIGSTOP')
    const sleeps = (): boolean => stateOf(sleeper.pid) === 'T'
    const stopped = await cameTrue({ withinMs: STOPPED_MS_MAX }, sleeps)
    const rival = cluster.startRival()
    wireOf(scene).giveToRival()
    await until('the job runs under the rival', { withinMs: TAKEN_OVER_MS_MAX }, () =>
      watch.runningAfter(attempt),
    )
    const slept = stopped && sleeps()
    let said = ''
    return {
      heal: async () => {
        if (said !== '') return
        signal(sleeper, 'SIGCONT')
        const says = (): boolean => (said = readFileSync(cluster.jobManager.log, 'utf8')) !== ''
        await cameTrue({ withinMs: DEPOSED_MS_MAX }, () => says() && said.includes(STANDS_BY))
      },
      proof: async () => {
        const took = readFileSync(rival.log, 'utf8').includes('job taken over')
        return slept && took && said.includes(DEPOSED) && said.includes(STANDS_BY)
          ? `pid ${sleeper.pid} slept until pid ${rival.pid} had its job; it stands by`
          : null
      },
    }
  },
}

function wireOf({ world }: Scene): Wire {
  if ('wire' in world) return (world as ProxyWorld).wire
  throw new BadCell(
    'a rival needs the world "proxies", where the address of the JobManager can move',
  )
}
