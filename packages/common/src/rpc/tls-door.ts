// The serving end of TLS: takes a connection as it comes from the kernel and hands on what has become of it, once both
// sides have shown certificates that the other believes. Whoever fails is cut off before a byte of HTTP/2 is read; the
// reason goes to `onRefused`, at most once in a while for each sort, so that a stranger cannot fill the log.

import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type SecureContextOptions, type TLSSocket } from 'node:tls'
import type { Clock } from '../core/clock.ts'
import type { WeirError } from '../core/errors.ts'
import type { Identity } from '../tls/identity.ts'
import { handshakeProblem, noCertificate } from '../tls/problems.ts'
import { TOLD_EVERY_MS } from './refusals.ts'

export const HANDSHAKE_MS_MAX = 10_000

export interface TlsDoorOptions {
  readonly identity: Identity
  readonly clock: Clock
  onConnection(socket: TLSSocket): void
  /** `untold`: of the same sort since the last one. */
  onRefused(problem: WeirError, untold: number): void
}

export interface TlsDoor {
  /** A connection from the kernel. */
  take(socket: Socket): void
  close(): void
}

export function tlsDoor(options: TlsDoorOptions): TlsDoor {
  const { identity } = options
  const refusals = new Refusals(options)
  const server = createServer({
    ...servedBy(identity),
    requestCert: true,
    // Judged below, where the reason can still be told.
    rejectUnauthorized: false,
    handshakeTimeout: HANDSHAKE_MS_MAX,
    ALPNProtocols: ['h2'],
  })
  server.on('secureConnection', (socket) => {
    // Its end comes as a close; what broke it is the business of those above.
    socket.on('error', () => {})
    if (isBelieved(socket)) return options.onConnection(socket)
    refusals.tell(judge(socket))
    socket.destroy()
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    // Who comes and goes without a word only wanted to know whether somebody listens.
    if (error.code !== 'ECONNRESET') refusals.tell(handshakeProblem(error, peerOf(socket)))
    socket.destroy()
  })
  const stop = identity.onRenewed(() => server.setSecureContext(servedBy(identity)))
  return {
    take: (socket) => server.emit('connection', socket),
    close: stop,
  }
}

/** No tickets: a session that is taken up again shows no certificate, and so has none that ends. */
const servedBy = ({ options }: Identity): SecureContextOptions => ({
  ...options,
  secureOptions: constants.SSL_OP_NO_TICKET,
})

/** It has shown its certificate now, on this connection. */
const isBelieved = (socket: TLSSocket): boolean =>
  socket.authorized && !socket.isSessionReused() && socket.getPeerX509Certificate() !== undefined

function judge(socket: TLSSocket): WeirError {
  const peer = peerOf(socket)
  if (socket.getPeerX509Certificate() === undefined) return noCertificate(peer)
  if (socket.isSessionReused())
    return handshakeProblem({ message: 'it takes up an earlier session' }, peer)
  const code = String(socket.authorizationError)
  return handshakeProblem({ code, message: code }, peer)
}

function peerOf({ remoteAddress }: Socket): string {
  return remoteAddress === undefined ? 'a peer that is gone' : `a peer at ${remoteAddress}`
}

class Refusals {
  readonly #options: TlsDoorOptions
  readonly #told = new Map<string, { atMs: number; untold: number }>()

  constructor(options: TlsDoorOptions) {
    this.#options = options
  }

  tell(problem: WeirError): void {
    const nowMs = this.#options.clock.nowMs()
    const before = this.#told.get(problem.code)
    if (before !== undefined && nowMs - before.atMs < TOLD_EVERY_MS) {
      before.untold += 1
      return
    }
    this.#told.set(problem.code, { atMs: nowMs, untold: 0 })
    this.#options.onRefused(problem, before?.untold ?? 0)
  }
}
