// A port for a process that will open it later, and again when it is started anew. One that the system gives to whoever asks
// for any may be given once more in between; and while a process is down that others dial again and again, one of them may
// be connected from that very port, to itself. So it is drawn from below those.

import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Below, well-known services listen. */
const DRAWN_FIRST = 10_240
/** Where the system begins to give, unless it says otherwise. */
const GIVEN_FIRST = 32_768
/** With less room than this the system is asked after all. */
const ROOM_MIN = 1_000
const TRIES_MAX = 100

export interface FreePortOptions {
  /** This one is not wanted. Default: each is. */
  readonly refuses?: (port: number) => boolean
  /** The first of the ports that the system gives to whoever asks for any; default: as it says. */
  readonly givenFirst?: number
}

/** Of loopback. Null when none was found that is free and wanted, in a hundred tries. */
export async function freePort({
  refuses = () => false,
  givenFirst = givenFrom(),
}: FreePortOptions = {}): Promise<number | null> {
  const hasRoom = givenFirst - DRAWN_FIRST >= ROOM_MIN
  for (let i = 0; i < TRIES_MAX; i++) {
    const port = await listened(hasRoom ? randomInt(DRAWN_FIRST, givenFirst) : 0).catch(() => null) // taken
    if (port !== null && !refuses(port)) return port
  }
  return null
}

/** Listens on a port of loopback for a moment; 0: any free one. Answers which; rejects with what the system says. */
export function listened(port: number): Promise<number> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      const own = typeof address === 'object' && address !== null ? address.port : port
      server.close(() => resolve(own))
    })
  })
}

function givenFrom(): number {
  try {
    const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    return Number.parseInt(range, 10) || GIVEN_FIRST
  } catch {
    return GIVEN_FIRST // another system
  }
}
