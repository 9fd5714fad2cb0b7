// One listening socket of ours. gRPC gets its connections handed in, so that a port in use is our error with our
// words, sockets can be counted and ended, and the kernel's keep-alive answers for a peer whose loop is busy.

import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

import { WeirError } from '../core/errors.ts'

export interface PortRange {
  /** 0 with `last` 0: any free port. */
  readonly first: number
  /** Included. */
  readonly last: number
}

export interface ListenOptions {
  /** Address to bind. Loopback unless somebody asks otherwise. */
  readonly host: string
  readonly portRange: PortRange
  /** Named in errors: what the reader can change, for instance `--port`. */
  readonly flag: string
  onConnection(socket: Socket): void
}

export interface Listener {
  /** `host:port` as bound; IPv6 in brackets. */
  readonly address: string
  readonly port: number
  /** Stops listening; resolves when the last connection has ended. */
  close(): Promise<void>
  /** Ends every connection at once. */
  disconnect(): void
}

export const LOOPBACK = '127.0.0.1'
export const CONNECTIONS_MAX = 10_000
const TCP_KEEPALIVE_AFTER_MS = 10_000

/** Errors: `net/port-in-use`, `net/bad-address`. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { first, last } = options.portRange
  for (let port = first; port <= last; port += 1) {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      socket.setKeepAlive(true, TCP_KEEPALIVE_AFTER_MS)
      socket.setNoDelay(true)
      options.onConnection(socket)
    })
    server.maxConnections = CONNECTIONS_MAX
    const problem = await bind(server, options.host, port)
    if (problem === null) return listener(server, sockets)
    if (problem.code !== 'EADDRINUSE') throw badAddress(options, port, problem)
  }
  const ports = first === last ? `port ${first}` : `every port from ${first} to ${last}`
  throw new WeirError('net/port-in-use', `${ports} on ${options.host} is in use`, {
    domain: 'user',
    hint: `Stop the other process or choose another one with ${options.flag}.`,
  })
}

function bind(server: Server, host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolve) => {
    server.once('error', resolve)
    server.listen({ host, port, exclusive: true }, () => {
      server.removeListener('error', resolve)
      server.on('error', notAccepted)
      resolve(null)
    })
  })
}

/** No descriptor was left for a connection. Its peer finds it refused and tries again; everybody else is served. */
function notAccepted(): void {}

function badAddress(options: ListenOptions, port: number, cause: NodeJS.ErrnoException): WeirError {
  return new WeirError(
    'net/bad-address',
    `cannot listen on ${joinAddress(options.host, port)}: ${cause.message}`,
    {
      domain: 'user',
      cause,
      hint: `Choose another address or port with ${options.flag}.`,
    },
  )
}

function listener(server: Server, sockets: ReadonlySet<Socket>): Listener {
  const bound = server.address() as AddressInfo
  return {
    address: joinAddress(bound.address, bound.port),
    port: bound.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
      }),
    disconnect: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** IPv6 in brackets, whether `host` had them or not. */
export function joinAddress(host: string, port: number): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]:${port}` : `${host}:${port}`
}
