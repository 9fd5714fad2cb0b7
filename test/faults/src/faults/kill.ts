// kill -9, of each kind of process. What was killed is started again by `heal`, or at once when the row says `back`: without
// a JobManager nothing restores, so nothing can strike meanwhile.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterProcess } from '../../../processes/src/cluster-process.ts'
import { isAlive, kill9 } from '../../../processes/src/proc.ts'
import { cameTrue } from '../../../processes/src/until.ts'
import { BadCell, durationOf, valueOf, type Words } from '../cell.ts'
import { busyJobProcess, busyTaskManagers, type FaultKind, type Scene } from '../scene.ts'

const GONE_MS_MAX = 60_000

/** `kill taskmanager | job-process | jobmanager | everything [down 1s | back]` */
export const KILL: FaultKind = {
  needs: [],
  explains: [],
  strike: async (scene, words) => {
    const downMs = words.includes('down') ? durationOf(valueOf(words, 'down')) : 0
    const { victims, said } = await kill(scene, words)
    let healed = false
    const heal = async (): Promise<void> => {
      if (healed) return
      healed = true
      await sleep(downMs)
      for (const victim of victims) victim.start()
    }
    if (words.includes('back')) await heal()
    return { heal, proof: async () => said }
  },
}

interface Killed {
  readonly victims: readonly ClusterProcess[]
  /** null: somebody lives. */
  readonly said: string | null
}

async function kill(scene: Scene, words: Words): Promise<Killed> {
  const { cluster } = scene
  switch (words[1]) {
    case 'taskmanager': {
      const [victim] = await busyTaskManagers(scene)
      const { pid } = victim
      const orphans = await cluster.killWithOrphans(victim)
      const said = orphans.length === 0 ? `pid ${pid} and its job process gone` : null
      return { victims: [victim], said }
    }
    case 'jobmanager': {
      const { pid } = cluster.jobManager
      await cluster.jobManager.kill()
      return { victims: [cluster.jobManager], said: `pid ${pid} gone` }
    }
    case 'job-process':
      return { victims: [], said: await killJobProcess(scene) }
    case 'everything':
      await cluster.killEverything()
      return { victims: cluster.processes, said: `${cluster.processes.length} processes gone` }
    default:
      throw new BadCell(`nobody is called "${words[1]}"`)
  }
}

async function killJobProcess(scene: Scene): Promise<string | null> {
  const victim = await busyJobProcess(scene)
  kill9(victim)
  const gone = await cameTrue({ withinMs: GONE_MS_MAX }, () => !isAlive(victim))
  return gone ? `pid ${victim.pid} gone` : null
}
