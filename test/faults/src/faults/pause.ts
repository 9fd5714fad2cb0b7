// SIGSTOP, longer than anybody waits, then SIGCONT: what wakes up believes that it is still somebody. Whatever it does
// then must be refused, or at least change nothing.

import { isAlive, lifeOf, type ProcessLife, stateOf } from '../../../processes/src/proc.ts'
import { cameTrue } from '../../../processes/src/until.ts'
import { BadCell, type Words } from '../cell.ts'
import { busyJobProcess, busyTaskManagers, type FaultKind, type Scene } from '../scene.ts'

const STOPPED_MS_MAX = 1_000

/** `pause taskmanager | taskmanager-tree | job-process | jobmanager for 4s` */
export const PAUSE: FaultKind = {
  needs: [],
  explains: ['fence/stale', 'job/unknown', 'worker/unknown', 'exchange/closed-by-peer'],
  strike: async (scene, words) => {
    const lives = await victims(scene, words)
    for (const { pid } of lives) process.kill(pid, 'SIGSTOP')
    const stoppedAtMs = performance.now()
    const stopped = await cameTrue({ withinMs: STOPPED_MS_MAX }, () =>
      lives.every(({ pid }) => stateOf(pid) === 'T'),
    )
    let stoppedMs = 0
    let awake = 0
    const pids = lives.map(({ pid }) => pid).join(', ')
    return {
      heal: async () => {
        if (stoppedMs > 0) return
        awake = lives.filter(isAlive).length
        stoppedMs = Math.round(performance.now() - stoppedAtMs)
        for (const life of lives) if (isAlive(life)) process.kill(life.pid, 'SIGCONT')
      },
      proof: async () =>
        stopped && lives.length > 0
          ? `pid ${pids} stopped for ${stoppedMs} ms, ${awake} of ${lives.length} woke up`
          : null,
    }
  },
}

async function victims(scene: Scene, words: Words): Promise<readonly ProcessLife[]> {
  const { jobManager } = scene.cluster
  switch (words[1]) {
    case 'jobmanager':
      return livesOf(jobManager.pid)
    case 'taskmanager':
      return livesOf((await busyTaskManagers(scene))[0].pid)
    case 'job-process':
      return [await busyJobProcess(scene)]
    case 'taskmanager-tree': {
      const [busy] = await busyTaskManagers(scene)
      return [...livesOf(busy.pid), ...busy.children()]
    }
    default:
      throw new BadCell(`nobody is called "${words[1]}"`)
  }
}

function livesOf(pid: number | null): readonly ProcessLife[] {
  const life = pid === null ? null : lifeOf(pid)
  return life === null ? [] : [life]
}
