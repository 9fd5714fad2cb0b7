// What a bad network does to connections that stand: bytes come late, not at all, twice, or the connection is cut.

import { BadCell, durationOf, valueOf } from '../cell.ts'
import type { FaultKind, Scene } from '../scene.ts'
import type { ProxyWorld, Wire } from '../worlds/proxies.ts'

/** `wire delay 200ms for 4s | wire rate 125000 for 6s (bytes a second) | wire hold for 5s | wire repeat 1 | wire cut` */
export const WIRE: FaultKind = {
  needs: [],
  explains: ['exchange/connection-lost', 'worker/unknown', 'fence/stale', 'rpc/internal'],
  strike: async (scene, words) => {
    const wire = wireOf(scene)
    const before = { ...wire.done }
    switch (words[1]) {
      case 'delay':
        wire.delayMs = durationOf(valueOf(words, 'delay'))
        break
      case 'rate':
        wire.bytesPerSecond = Number(words[2])
        break
      case 'hold':
        wire.held = true
        break
      case 'repeat':
        wire.repeat = Number(words[2])
        break
      case 'cut':
        wire.cut()
        break
      default:
        throw new BadCell(`what is a wire to do: "${words[1]}"?`)
    }
    return {
      heal: async () => {
        wire.delayMs = 0
        wire.bytesPerSecond = null
        wire.held = false
      },
      proof: async () => proofOf(wire, before),
    }
  },
}

function proofOf({ done }: Wire, before: Wire['done']): string | null {
  const said = [
    `${done.delayed - before.delayed} bytes late`,
    `${done.held - before.held} bytes held`,
    `${done.repeated - before.repeated} frames twice`,
    `${done.cut - before.cut} connections cut`,
  ].filter((text) => !text.startsWith('0 '))
  return said.length === 0 ? null : said.join(', ')
}

function wireOf({ world }: Scene): Wire {
  if ('wire' in world) return (world as ProxyWorld).wire
  throw new BadCell('wires can be treated in the world "proxies" only')
}
