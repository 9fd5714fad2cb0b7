// The network of a cluster that is to know partitions, where the machine can make one.

import { missing } from '../../processes/src/machine.ts'
import { Network, NETWORK_NEEDS } from '../../processes/src/network.ts'
import type { ClusterOptions } from '../../processes/src/process-cluster.ts'

/** Null where the machine cannot, which is said once on stderr. */
export function networkHere(): Network | null {
  const reason = missing(NETWORK_NEEDS)
  if (reason === null) return Network.open()
  sayOnce(`chaos: NO PARTITIONS: ${reason}`)
  return null
}

/** Null: on loopback. */
export function placed(network: Network | null): Pick<ClusterOptions, 'place'> {
  return network === null ? {} : { place: (name) => network.place(name) }
}

const said = new Set<string>()
function sayOnce(line: string): void {
  if (said.has(line)) return
  said.add(line)
  console.error(line)
}
