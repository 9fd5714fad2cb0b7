// Two questions about a process that whoever keeps it alive may ask, over plain HTTP: `/livez` (does its event loop turn)
// and `/readyz` (is it of use). It tells no more than that, wants no token, changes nothing, and reads no bodies. One
// look at the process serves all who ask meanwhile, and has a limit in time.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Scheduler } from '../core/clock.ts'
import { toFailure, WeirError } from '../core/errors.ts'

/** A look that takes longer means: not ready. */
export const READY_MS_MAX = 1_500
const CONNECTIONS_MAX = 64
const REQUEST_MS_MAX = 5_000
const HEADER_BYTES_MAX = 4_096
const OK = 200
const NOT_FOUND = 404
const NOT_ALLOWED = 405
const UNAVAILABLE = 503

export interface HealthOptions {
  readonly role: 'jobmanager' | 'taskmanager'
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly scheduler: Scheduler
  /** null: ready; else why not. A rejection counts as its message. */
  readonly whyNotReady: () => Promise<string | null>
}

/** What both questions are answered with. */
export interface HealthAnswer {
  readonly role: string
  readonly status: 'ok' | 'not ready'
  readonly reason: string | null
}

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** Errors: `net/port-in-use`, `net/bad-address`. */
export async function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const { role, scheduler, whyNotReady } = options
  let looking: Promise<string | null> | null = null
  const look = (): Promise<string | null> => {
    looking ??= limited(whyNotReady, scheduler).finally(() => {
      looking = null
    })
    return looking
  }
  const server = createServer({ maxHeaderSize: HEADER_BYTES_MAX }, (request, response) => {
    // Cannot reject: `look` answers with what went wrong.
    void answer(request, role, look).then(({ status, body }) => reply(response, status, body))
  })
  server.maxConnections = CONNECTIONS_MAX
  server.requestTimeout = REQUEST_MS_MAX
  server.headersTimeout = REQUEST_MS_MAX
  await bind(server, options)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Reply {
  readonly status: number
  readonly body: HealthAnswer | null
}

async function answer(
  { method, url }: IncomingMessage,
  role: string,
  look: () => Promise<string | null>,
): Promise<Reply> {
  if (url !== '/livez' && url !== '/readyz') return { status: NOT_FOUND, body: null }
  if (method !== 'GET' && method !== 'HEAD') return { status: NOT_ALLOWED, body: null }
  const reason = url === '/livez' ? null : await look()
  return reason === null
    ? { status: OK, body: { role, status: 'ok', reason } }
    : { status: UNAVAILABLE, body: { role, status: 'not ready', reason } }
}

function reply(response: ServerResponse, status: number, body: HealthAnswer | null): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    connection: 'close',
  })
  response.end(body === null ? '' : `${JSON.stringify(body)}\n`)
}

async function limited(
  whyNotReady: HealthOptions['whyNotReady'],
  scheduler: Scheduler,
): Promise<string | null> {
  const late = Promise.withResolvers<string>()
  const cancelTimer = scheduler.timer(READY_MS_MAX, () =>
    late.resolve(`no answer within ${READY_MS_MAX} ms`),
  )
  try {
    return await Promise.race([whyNotReady(), late.promise])
  } catch (error) {
    return toFailure(error).message
  } finally {
    cancelTimer()
  }
}

function bind(server: Server, { host, port }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE'
      const message = isTaken
        ? `port ${port} on ${host} is in use`
        : `cannot listen on ${host}:${port}: ${cause.message}`
      const hint = 'Choose another address or port with health.bind-host and health.port.'
      const code = isTaken ? 'net/port-in-use' : 'net/bad-address'
      reject(new WeirError(code, message, { domain: 'user', cause, hint }))
    })
    server.listen({ host, port, exclusive: true }, resolve)
  })
}
