// Ports that do what no port of ours may: one bears everybody for ever, one lets everybody in. By them it is known that an
// attack would notice.

import { once } from 'node:events'
import { createSecureServer } from 'node:http2'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Paper } from './papers.ts'

export interface StandIn {
  readonly port: number
  close(): Promise<void>
}

/** Reads and says nothing. */
export const patient = (): Promise<StandIn> =>
  standIn(createServer({ allowHalfOpen: true }, (socket) => void socket.resume()))

/** Any version, no certificate wanted; calls are taken, and found to be nonsense. */
export function credulous(paper: Paper): Promise<StandIn> {
  const old = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  const server = createSecureServer({ ...paper, ...old, requestCert: false }, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/grpc+proto', 'grpc-status': '3' })
    response.end()
  })
  // What is no TLS is thrown out there, too.
  server.on('tlsClientError', () => {})
  server.on('sessionError', () => {})
  return standIn(server)
}

async function standIn(server: Server): Promise<StandIn> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of open) socket.destroy()
      await closed
    },
  }
}
