// Where somebody can listen who may be killed and must find the port again.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const PORT_TRIES_MAX = 100

/**
 * A port that nobody listens on and that the system gives to nobody: who reconnects again and again to a dead port of the
 * range for outgoing connections will one day be connected to itself, and the port is taken. `taken`: another one than this.
 */
export async function freePort(taken = 0): Promise<number> {
  const [first = '32768'] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(
    '\t',
  )
  const low = 10_240
  const span = Math.max(1, Number(first) - low)
  for (let i = 0; i < PORT_TRIES_MAX; i++) {
    const port = low + Math.floor(Math.random() * span)
    if (port !== taken && (await canListen(port))) return port
  }
  throw new Error(`no free port below ${first}`)
}

function canListen(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => resolve(true))
    })
  })
}
