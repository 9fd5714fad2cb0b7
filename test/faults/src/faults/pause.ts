// SIGSTOP, longer than anybody waits, then SIGCONT: what wakes up believes that it is still somebody. Whatever it does
// then must be refused, or at least change nothing.

import { lifeOf, type ProcessLife, stateOf } from '../../../processes/src/proc.ts'
import { BadCell, type Words } from '../cell.ts'
import { busyTaskManagers, type FaultKind, type Scene } from '../scene.ts'

/** `pause taskmanager | taskmanager-tree | job-process | jobmanager for 4s` */
export const PAUSE: FaultKind = {
  needs: [],
  explains: ['fence/stale', 'job/unknown', 'worker/unknown', 'exchange/closed-by-peer'],
  strike: async (scene, words) => {
    const lives = await victims(scene, words)
    for (const { pid } of lives) process.kill(pid, 'SIGSTOP')
    const stoppedAtMs = performance.now()
    let stoppedMs = 0
    let stopped = 0
    const pids = lives.map(({ pid }) => pid).join(', ')
    return {
      heal: async () => {
        if (stoppedMs > 0) return
        stopped = lives.filter(({ pid }) => stateOf(pid) === 'T').length
        stoppedMs = Math.round(performance.now() - stoppedAtMs)
        for (const { pid } of lives) if (lifeOf(pid) !== null) process.kill(pid, 'SIGCONT')
      },
      proof: async () =>
        stopped === lives.length ? `pid ${pids} stopped for ${stoppedMs} ms, then awake` : null,
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
      return (await busyTaskManagers(scene))[0].jobProcesses()
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
