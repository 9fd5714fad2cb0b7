// Where a cluster lives: on loopback like anybody's, or somewhere with a wall in it.

import type { ClusterOptions } from '../../processes/src/process-cluster.ts'
import type { Words } from './cell.ts'
import { BadCell } from './cell.ts'
import type { Need } from '../../processes/src/machine.ts'
import { CLOCKS } from './worlds/clocks.ts'
import { IMAGE, SMALL_DISK } from './worlds/disks.ts'
import { PROXIES } from './worlds/proxies.ts'
import { NAMESPACES } from './worlds/namespaces.ts'

export interface World extends AsyncDisposable {
  /** What the cluster's options must say. */
  readonly cluster: Partial<ClusterOptions>
  /** Where the job writes to; default: the directory of the cluster. */
  readonly outputDirectory?: string
}

export interface WorldKind {
  readonly needs: readonly Need[]
  open(words: Words): Promise<World>
}

const PLAIN: WorldKind = {
  needs: [],
  open: async () => ({ cluster: {}, [Symbol.asyncDispose]: async () => {} }),
}

const WORLDS: Readonly<Record<string, WorldKind>> = {
  clocks: CLOCKS,
  image: IMAGE,
  namespaces: NAMESPACES,
  plain: PLAIN,
  proxies: PROXIES,
  'small-disk': SMALL_DISK,
}

export function worldOf(words: Words): WorldKind {
  const found = WORLDS[words[0]]
  if (found === undefined) throw new BadCell(`there is no world "${words[0]}"`)
  return found
}
