// Packets between two processes are dropped without a word, in both directions or in one, while both live and share
// their disk. Counters of the kernel prove that there was something to drop.

import type { ProcessName } from '../../../processes/src/process-cluster.ts'
import { BadCell } from '../cell.ts'
import { type FaultKind, processOf, type Scene } from '../scene.ts'
import type { Network, NetworkWorld } from '../worlds/namespaces.ts'

interface Rule {
  readonly at: ProcessName
  readonly spec: readonly string[]
}

/**
 * `partition A B for 4s`: nothing passes. `oneway A B for 4s`: what A sends to B is dropped. `loss A B 5% for 6s`: of what
 * they send each other, so much by chance.
 */
export const PARTITION: FaultKind = {
  needs: ['root', 'namespaces', 'iptables'],
  explains: ['exchange/connection-lost', 'worker/unknown', 'fence/stale', 'job/unknown'],
  strike: async (scene, words) => {
    const network = networkOf(scene)
    const [a, b] = [await processOf(scene, words[1]), await processOf(scene, words[2])]
    const chance = words[0] === 'loss' ? chanceOf(words[3]) : []
    const drop = (from: ProcessName, to: ProcessName): Rule => ({
      at: to,
      spec: ['INPUT', '-s', network.addressOf(from), ...chance, '-j', 'DROP'],
    })
    const rules = [drop(a.name, b.name), ...(words[0] === 'oneway' ? [] : [drop(b.name, a.name)])]
    for (const { at, spec } of rules) network.inside(at, 'iptables', '-I', ...spec)
    let dropped = 0
    let healed = false
    return {
      heal: async () => {
        if (healed) return
        healed = true
        for (const { at, spec } of rules) {
          dropped += droppedAt(network, at)
          network.inside(at, 'iptables', '-D', ...spec)
        }
      },
      proof: async () =>
        dropped === 0 ? null : `${dropped} packets between ${a.name} and ${b.name} dropped`,
    }
  },
}

function chanceOf(percent: string | undefined): readonly string[] {
  const share = Number(percent?.replace('%', '')) / 100
  if (!(share > 0 && share < 1)) throw new BadCell(`"${percent}" is no share of packets`)
  return ['-m', 'statistic', '--mode', 'random', '--probability', `${share}`]
}

function networkOf({ world }: Scene): Network {
  if ('network' in world) return (world as NetworkWorld).network
  throw new BadCell('a partition needs the world "namespaces"')
}

/** First column of `iptables -L INPUT -v -n -x`: packets. */
function droppedAt(network: Network, at: ProcessName): number {
  const lines = network.inside(at, 'iptables', '-L', 'INPUT', '-v', '-n', '-x').split('\n')
  return lines
    .filter((line) => line.includes('DROP') && !line.startsWith('Chain'))
    .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[0]), 0)
}
