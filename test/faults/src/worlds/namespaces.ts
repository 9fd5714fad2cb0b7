// A cluster in which packets between two processes can be dropped while both live.

import { Network, NETWORK_NEEDS } from '../../../processes/src/network.ts'
import type { World, WorldKind } from '../world.ts'

export interface NetworkWorld extends World {
  readonly network: Network
}

export const NAMESPACES: WorldKind = {
  needs: NETWORK_NEEDS,
  open: async (): Promise<NetworkWorld> => {
    const network = Network.open()
    return {
      cluster: { place: (name) => network.place(name) },
      network,
      [Symbol.asyncDispose]: async () => network[Symbol.dispose](),
    }
  },
}
