// Packets between two processes are dropped without a word, in both directions or in one, while both live and share
// their disk. Counters of the kernel prove that there was something to drop.

import { type Network, NETWORK_EXPLAINS, NETWORK_NEEDS } from '../../../processes/src/network.ts'
import { BadCell } from '../cell.ts'
import { type FaultKind, processOf, type Scene } from '../scene.ts'
import type { NetworkWorld } from '../worlds/namespaces.ts'

/**
 * `partition A B for 4s`: nothing passes. `oneway A B for 4s`: what A sends to B is dropped. `loss A B 5% for 6s`: of what
 * they send each other, so much by chance.
 */
export const PARTITION: FaultKind = {
  needs: NETWORK_NEEDS,
  explains: NETWORK_EXPLAINS,
  strike: async (scene, words) => {
    const network = networkOf(scene)
    const [a, b] = [await processOf(scene, words[1]), await processOf(scene, words[2])]
    const cut = network.cut({
      from: a.name,
      to: b.name,
      bothWays: words[0] !== 'oneway',
      share: words[0] === 'loss' ? shareOf(words[3]) : 1,
    })
    let dropped: number | null = null
    return {
      heal: async () => {
        dropped ??= cut.heal()
      },
      proof: async () =>
        dropped === null || dropped === 0
          ? null
          : `${dropped} packets between ${a.name} and ${b.name} dropped`,
    }
  },
}

function shareOf(percent: string | undefined): number {
  const share = Number(percent?.replace('%', '')) / 100
  if (!(share > 0 && share < 1)) throw new BadCell(`"${percent}" is no share of packets`)
  return share
}

function networkOf({ world }: Scene): Network {
  if ('network' in world) return (world as NetworkWorld).network
  throw new BadCell('a partition needs the world "namespaces"')
}
