// The network of a cluster that is to know partitions, where the machine can make one.

import { missing } from '../../processes/src/machine.ts'
import { Network, NETWORK_NEEDS } from '../../processes/src/network.ts'
import type { ClusterOptions } from '../../processes/src/process-cluster.ts'

let said = false

/** Null where the machine cannot, which is said once on stderr. */
export function networkHere(): Network | null {
  const reason = missing(NETWORK_NEEDS)
  if (reason === null) return Network.open()
  if (!said) console.error(`chaos: NO PARTITIONS: ${reason}`)
  said = true
  return null
}

/** Null: on loopback. */
export function placed(network: Network | null): Pick<ClusterOptions, 'place'> {
  return network === null ? {} : { place: (name) => network.place(name) }
}
