// The dialing end of TLS, as grpc-js wants it: a connector that wraps each new connection. Written over its connector
// interface because its own credentials know no least version, keep one key for ever, and lose why a handshake failed.
// grpc-js is pinned to the exact version; a change of that interface fails the tests of this file at once.

import type { Socket } from 'node:net'
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import { CallCredentials, ChannelCredentials } from '@grpc/grpc-js'
import type { Scheduler } from '../core/clock.ts'
import type { WeirError } from '../core/errors.ts'
import type { Identity } from '../tls/identity.ts'
import {
  handshakeProblem,
  noHandshake,
  notAccepted,
  wrongName,
  wrongRole,
} from '../tls/problems.ts'
import { type Role, roleOf } from '../tls/roles.ts'
import { HANDSHAKE_MS_MAX } from './tls-door.ts'

/** From then on the kernel asks whether the other machine is still there. */
const KEEP_ALIVE_AFTER_MS = 10_000

export interface TlsClient {
  readonly identity: Identity
  /** What the certificate of who answers must allow; null: to be of the one authority says everything. */
  readonly peer: Role | null
}

export const tlsTo = (peer: Role, identity: Identity | undefined): TlsClient | undefined =>
  identity === undefined ? undefined : { identity, peer }

type Connector = ReturnType<ChannelCredentials['_createSecureConnector']>
type Connected = Awaited<ReturnType<Connector['connect']>>

export class TlsCredentials extends ChannelCredentials {
  readonly #client: TlsClient
  readonly #address: string
  readonly #scheduler: Scheduler
  /**
   * Why the newest connection did not come about, as far as that is TLS. From the handshake until the other side speaks
   * it is that we were not accepted: in TLS 1.3 the dialing side has finished before the other has looked at it.
   */
  problem: WeirError | null = null
  /** The other side has answered a call once: since then, silence is more likely its end than a refusal. */
  accepted = false

  constructor(client: TlsClient, address: string, scheduler: Scheduler) {
    super()
    this.#scheduler = scheduler
    this.#client = client
    this.#address = address
  }

  override _isSecure(): boolean {
    return true
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other
  }

  override _createSecureConnector(
    _target: unknown,
    _options: unknown,
    callCredentials?: CallCredentials,
  ): Connector {
    return {
      connect: (socket) => this.#connect(socket),
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => callCredentials ?? CallCredentials.createEmpty(),
      destroy: () => {},
    }
  }

  #connect(socket: Socket): Promise<Connected> {
    const { identity } = this.#client
    const host = this.#address.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
    return new Promise((resolve, reject) => {
      const secured = connect({
        socket,
        host,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        secureContext: identity.context,
        ALPNProtocols: ['h2'],
        // Said, because what is not said comes from an environment variable, which code of a job can set.
        rejectUnauthorized: true,
        checkServerIdentity: (_host, certificate) => this.#misfit(host, certificate),
      })
      socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS)
      const cancelTimer = this.#scheduler.timer(HANDSHAKE_MS_MAX, () =>
        secured.destroy(noHandshake(this.#address, HANDSHAKE_MS_MAX)),
      )
      secured.once('close', cancelTimer)
      secured.once('secureConnect', () => {
        cancelTimer()
        if (!secured.authorized) return void secured.destroy(unauthorized(secured, this.#address))
        this.problem = notAccepted(this.#address)
        resolve({ socket: secured, secure: true })
      })
      // After that, too: an alert that comes later would be nobody's otherwise.
      secured.on('error', (error: NodeJS.ErrnoException) => {
        // Hung up on behind the handshake: what was said there about our certificate stays the reason.
        const hungUp = error.code === 'ECONNRESET' || error.code === 'EPIPE'
        if (!hungUp || !secured.authorized) this.problem = handshakeProblem(error, this.#address)
        reject(this.problem ?? error)
      })
    })
  }

  /** Called when the chain is believed. */
  #misfit(host: string, certificate: PeerCertificate): Error | undefined {
    const { identity, peer } = this.#client
    const misnamed = identity.verifiesNames ? checkServerIdentity(host, certificate) : undefined
    if (misnamed !== undefined) return wrongName(this.#address, misnamed.message)
    if (peer === null) return undefined
    const role = roleOf(new X509Certificate(certificate.raw))
    return role === peer ? undefined : wrongRole(this.#address, role, [peer])
  }
}

function unauthorized({ authorizationError }: TLSSocket, address: string): WeirError {
  const code = String(authorizationError)
  return handshakeProblem({ code, message: code }, address)
}

/** A problem of TLS as the reason that no connection came about; null where the network said no. */
export function tlsProblem(
  credentials: TlsCredentials | null,
  { details }: { readonly details: string },
): WeirError | null {
  if (credentials === null || !details.startsWith('No connection established')) return null
  const { problem, accepted } = credentials
  if (accepted && problem?.code === 'tls/not-accepted') return null
  // The kernel's own words: nobody listens, no route. Then nothing of TLS was tried.
  return /Last error: (?:Error: )?connect E/.test(details) ? null : problem
}
