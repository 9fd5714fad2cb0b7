// The calling end: one connection to one address, with the token, a deadline on every call and limits that are written
// down. Deadlines run by the monotonic clock that is passed in, not by grpc-js, whose deadlines are wall-clock moments
// and fire when the clock jumps. Nothing is retried here: who calls knows what a repetition would mean.

import {
  type ChannelOptions,
  Client,
  type ClientReadableStream,
  type ClientWritableStream,
  connectivityState,
  credentials,
  Metadata,
  type requestCallback,
  type ServiceError,
} from '@grpc/grpc-js'

import type { Scheduler } from '../core/clock.ts'
import { WeirError } from '../core/errors.ts'
import type { Fence } from '../core/ids.ts'
import { tlsRequired } from '../tls/problems.ts'
import { headerToWire } from './convert.ts'
import type { Header } from './gen/weir/v1/Header.ts'
import { CONTROL_MESSAGE_BYTES_MAX, PING_AFTER_MS, PING_ANSWER_MS_MAX } from './serve.ts'
import { fromStatus, unavailable } from './status.ts'
import { type TlsClient, TlsCredentials, tlsProblem } from './tls-credentials.ts'
import { speaksTls } from './tls-probe.ts'
import { bearer } from './token.ts'

/** For calls that are answered when they have been taken up. */
export const CALL_MS_MAX = 10_000

export interface RpcChannelOptions {
  /** `host:port`. */
  readonly address: string
  /** The cluster token. */
  readonly token: string
  /** Name of this process life; first field of every header. */
  readonly sender: string
  readonly scheduler: Scheduler
  /** Left out: the connection is not encrypted. */
  readonly tls?: TlsClient | undefined
  /** Numbers of calls, rising over all connections of this sender. Default: from 1 for this connection. */
  readonly nextSequence?: () => number
  /** Default: CONTROL_MESSAGE_BYTES_MAX; both directions. */
  readonly messageBytesMax?: number
}

export interface UnaryOptions {
  /** Default: CALL_MS_MAX. */
  readonly deadlineMs?: number
  /** The other side has begun to work on it; called at most once, and never after the promise has settled. */
  readonly onTakenUp?: () => void
}

/** As much of a generated method definition as a caller needs. */
export interface Method<Request, Response> {
  readonly path: string
  readonly requestSerialize: (value: Request) => Buffer
  readonly responseDeserialize: (bytes: Buffer) => Response
}

interface Ended {
  readonly code: number
  readonly details: string
  readonly metadata: Metadata
}

export class RpcChannel {
  readonly address: string
  readonly #options: RpcChannelOptions
  readonly #client: Client
  readonly #tls: TlsCredentials | null
  readonly #metadata = new Metadata()
  readonly #running = new Set<{ cancel(): void }>()
  #sequence = 0
  #closed = false

  constructor(options: RpcChannelOptions) {
    this.address = options.address
    this.#options = options
    this.#metadata.set('authorization', bearer(options.token))
    const bytesMax = options.messageBytesMax ?? CONTROL_MESSAGE_BYTES_MAX
    const { tls, address, scheduler } = options
    this.#tls = tls === undefined ? null : new TlsCredentials(tls, address, scheduler)
    this.#client = new Client(
      options.address,
      this.#tls ?? credentials.createInsecure(),
      channelOptions(bytesMax),
    )
  }

  /** The header of the next call. */
  header(fence: Fence | null = null): Header {
    const { sender, nextSequence } = this.#options
    this.#sequence = nextSequence?.() ?? this.#sequence + 1
    return headerToWire({ sender, sequence: this.#sequence }, fence)
  }

  /** Errors: `rpc/unavailable`, `rpc/deadline`, `rpc/message-too-large`, `rpc/unauthenticated`, or the callee's own. */
  unary<Request, Response>(
    method: Method<Request, Response>,
    request: NoInfer<Request>,
    options: UnaryOptions = {},
  ): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = method
    return this.#settle(method.path, options, (done) =>
      this.#client.makeUnaryRequest<Request, Response>(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#metadata,
        done,
      ),
    )
  }

  /** Sends `requests` one after the other, as fast as they are taken, and resolves with the one answer. */
  upload<Request, Response>(
    method: Method<Request, Response>,
    requests: Iterable<NoInfer<Request>>,
    options: UnaryOptions = {},
  ): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = method
    return this.#settle(path, options, (done) => {
      const call = this.#client.makeClientStreamRequest<Request, Response>(
        path,
        requestSerialize,
        responseDeserialize,
        this.#metadata,
        done,
      )
      writeAll(call, requests)
      return call
    })
  }

  /** A stream of answers. Its `error` event carries a ServiceError: translate it with `explain`. */
  open<Request, Response>(
    method: Method<Request, Response>,
    request: NoInfer<Request>,
  ): ClientReadableStream<Response> {
    const { path, requestSerialize, responseDeserialize } = method
    if (this.#closed) throw this.#gone()
    const call = this.#client.makeServerStreamRequest<Request, Response>(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      this.#metadata,
    )
    this.#running.add(call)
    call.on('status', () => this.#running.delete(call))
    return call
  }

  /** What ended a call to `path`, as our error. */
  explain(ended: Ended, path: string): WeirError {
    if (this.#closed) return this.#gone()
    return tlsProblem(this.#tls, ended) ?? fromStatus(ended, `${path.slice(1)} at ${this.address}`)
  }

  /**
   * Connects now, and tells once when that fails or when the connection is gone again. A connection that is merely
   * idle is never given up by us.
   */
  watch(onBroken: (reason: string) => void): void {
    const channel = this.#client.getChannel()
    const look = (before: connectivityState): void => {
      if (this.#closed) return
      const state = channel.getConnectivityState(true)
      const wasReady = before === connectivityState.READY && state !== connectivityState.READY
      if (wasReady) onBroken(`the connection to ${this.address} is gone`)
      else if (state === connectivityState.TRANSIENT_FAILURE)
        onBroken(this.#tls?.problem?.message ?? `${this.address} cannot be reached`)
      else channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => look(state))
    }
    look(connectivityState.IDLE)
  }

  /** Running calls reject with `rpc/unavailable`. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const call of this.#running) call.cancel()
    this.#client.close()
  }

  #settle<Response>(
    path: string,
    options: UnaryOptions,
    begin: (done: requestCallback<Response>) => {
      cancel(): void
      on(event: 'metadata', fn: () => void): unknown
    },
  ): Promise<Response> {
    if (this.#closed) return Promise.reject(this.#gone())
    const deadlineMs = options.deadlineMs ?? CALL_MS_MAX
    return new Promise((resolve, reject) => {
      let late = false
      let settled = false
      const call = begin((error: ServiceError | null, response?: Response) => {
        settled = true
        cancelTimer()
        this.#running.delete(call)
        if (error === null) resolve(response as Response)
        else if (late) reject(this.#late(path, deadlineMs))
        else if (this.#mayWantTls(error)) this.#explainByAsking(error, path).then(reject, reject)
        else reject(this.explain(error, path))
      })
      const cancelTimer = this.#options.scheduler.timer(deadlineMs, () => {
        late = true
        call.cancel()
      })
      this.#running.add(call)
      call.on('metadata', () => {
        if (this.#tls !== null) this.#tls.accepted = true
        if (!settled) options.onTakenUp?.()
      })
    })
  }

  /** Somebody took the connection and ended it before it was one. */
  #mayWantTls({ details }: ServiceError): boolean {
    return this.#tls === null && !this.#closed && details.includes('Last error: Failed to connect')
  }

  async #explainByAsking(error: ServiceError, path: string): Promise<WeirError> {
    const wantsTls = await speaksTls(this.address, this.#options.scheduler)
    return wantsTls ? tlsRequired(this.address) : this.explain(error, path)
  }

  #late(path: string, deadlineMs: number): WeirError {
    const what = `${path.slice(1)} at ${this.address}`
    return new WeirError('rpc/deadline', `${what} was not answered within ${deadlineMs} ms`, {
      domain: 'external',
      retry: 'backoff',
    })
  }

  #gone(): WeirError {
    return unavailable(`the connection to ${this.address} was closed`)
  }
}

function channelOptions(messageBytesMax: number): ChannelOptions {
  return {
    'grpc.max_receive_message_length': messageBytesMax,
    'grpc.max_send_message_length': messageBytesMax,
    'grpc.keepalive_time_ms': PING_AFTER_MS,
    'grpc.keepalive_timeout_ms': PING_ANSWER_MS_MAX,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 250,
    // Longest that fits a timer: an idle connection is how we learn that the other side died.
    'grpc.client_idle_timeout_ms': 2 ** 31 - 1,
    'grpc.enable_retries': 0,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_channelz': 0,
    'grpc.service_config_disable_resolution': 1,
    'grpc.use_local_subchannel_pool': 1,
  }
}

function writeAll<Request>(call: ClientWritableStream<Request>, requests: Iterable<Request>): void {
  const rest = requests[Symbol.iterator]()
  const write = (): void => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) {
      if (!call.write(next.value)) {
        call.once('drain', write)
        return
      }
    }
    call.end()
  }
  write()
}
