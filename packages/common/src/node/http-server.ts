// A listening socket for HTTP, plain or over TLS, with its limits written down: header, time, connections, and no request bodies at
// all. What is answered is the handler's; one that throws answers 500 and says nothing of its own.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { WeirError } from '../core/errors.ts'
import { joinAddress } from '../rpc/listen.ts'
import { Strangers } from '../rpc/strangers.ts'
import type { Identity } from '../tls/identity.ts'

export const HTTP_HEADER_BYTES_MAX: number = 8 * 1_024
/** One more, and the one whose last request is longest ago is closed. */
export const HTTP_CONNECTIONS_MAX = 256
/** Connections that are being closed count for a moment, too. */
const SOCKETS_MAX = 2 * HTTP_CONNECTIONS_MAX
/** Requests on one connection; then it is closed. */
const REQUESTS_PER_CONNECTION_MAX = 10_000
/** Unanswered requests on one connection, and one more closes it: what a client sends in a row is read in one turn. */
export const HTTP_PIPELINED_MAX = 16
const HEADERS_MS_MAX = 5_000
const REQUEST_MS_MAX = 10_000
const KEEP_ALIVE_MS_MAX = 15_000
/** Who takes nothing of an answer for so long gets no more of it. */
const SILENCE_MS_MAX = 30_000
/** How often the time limits are looked at. */
const CHECK_INTERVAL_MS = 2_000

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export interface HttpServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** What sets the port, for errors. */
  readonly flag: string
  /** HTTPS with this certificate; left out: plain HTTP. Nobody is asked for one: who may read is the handler's. */
  readonly tls?: Identity | undefined
  readonly handle: HttpHandler
}

export interface HttpServer {
  /** `host:port` as bound. */
  readonly address: string
  readonly port: number
  /** Ends every connection at once. */
  close(): Promise<void>
}

/** Errors: `net/port-in-use`, `net/bad-address`. */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const connections = new Strangers({ max: HTTP_CONNECTIONS_MAX })
  const unanswered = new WeakMap<Socket, number>()
  const server = createHttp(options, (request, response) => {
    const { socket } = request
    // The rest of what was read from a connection that is closed by now.
    if (socket.destroyed) return
    const waiting = (unanswered.get(socket) ?? 0) + 1
    if (waiting > HTTP_PIPELINED_MAX) {
      socket.destroy()
      return
    }
    unanswered.set(socket, waiting)
    response.once('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1))
    connections.heard(socket)
    if (hasBody(request)) return refuse(response, 413)
    // Cannot reject: what the handler throws is the answer.
    void options.handle(request, response).catch(() => refuse(response, 500))
  })
  server.on('connection', (socket) => connections.meet(socket))
  server.setTimeout(SILENCE_MS_MAX)
  server.maxConnections = SOCKETS_MAX
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX
  await bind(server, options)
  // No descriptor was left for a connection: its peer finds it refused, everybody else is served.
  server.on('error', () => {})
  const bound = server.address() as AddressInfo
  return {
    address: joinAddress(bound.address, bound.port),
    port: bound.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const LIMITS = {
  maxHeaderSize: HTTP_HEADER_BYTES_MAX,
  headersTimeout: HEADERS_MS_MAX,
  requestTimeout: REQUEST_MS_MAX,
  keepAliveTimeout: KEEP_ALIVE_MS_MAX,
  connectionsCheckingInterval: CHECK_INTERVAL_MS,
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

function createHttp({ tls }: HttpServerOptions, listener: Listener): Server {
  if (tls === undefined) return createServer(LIMITS, listener)
  const { ca: _believed, ...own } = tls.options
  const server = createSecureServer(
    { ...LIMITS, ...own, handshakeTimeout: HEADERS_MS_MAX },
    listener,
  )
  const stop = tls.onRenewed(() => server.setSecureContext(tls.options))
  server.once('close', stop)
  return server
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
}

function refuse(response: ServerResponse, status: number): void {
  if (!response.headersSent) {
    response.writeHead(status, { connection: 'close', 'content-length': '0' })
  }
  response.end()
}

function bind(server: Server, { host, port, flag }: HttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EADDRINUSE') {
        const message = `port ${port} on ${host} is in use`
        const hint = `Stop the other process or choose another one with ${flag}; 0 is any free one.`
        reject(new WeirError('net/port-in-use', message, { domain: 'user', hint }))
        return
      }
      const message = `cannot listen on ${joinAddress(host, port)}: ${cause.message}`
      const hint = `Choose another address or port with ${flag}.`
      reject(new WeirError('net/bad-address', message, { domain: 'user', cause, hint }))
    })
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}
