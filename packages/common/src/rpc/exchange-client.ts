// The consuming end of the data plane between slots of different processes. Frames come down; channel names, credits and
// hints go up, those of one turn as one message. The window of 4 MiB is what makes the stream fast, the credits of those
// above are what bounds it.
//
// It gives no verdict on life while the other loop is merely busy: a broken connection is reported at once, a silent one
// is looked into by `peer-probe`, which asks the other kernel and not the loop; pings are rare and patient.

import {
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
  type StatusObject,
} from '@grpc/grpc-js'

import type { Scheduler } from '../core/clock.ts'
import { WeirError } from '../core/errors.ts'
import type { Identity } from '../tls/identity.ts'
import { closedByPeer, connectionLost, EXCHANGE_METHOD } from './exchange-method.ts'
import {
  DOWN_MESSAGE_BYTES_MAX,
  eachFrame,
  encodeClosing,
  encodeOpen,
  encodeUp,
  type ExchangeOpen,
  SEQUENCE_BYTES,
  takeSequence,
  UP_MESSAGE_BYTES_MAX,
  writeSequence,
} from './exchange-wire.ts'
import { PeerProbe, type PeerProbeTimes } from './peer-probe.ts'
import { fromStatus } from './status.ts'
import { TlsCredentials, tlsProblem } from './tls-credentials.ts'
import { bearer } from './token.ts'

/** HTTP/2 window of the consumer, per stream and per connection. */
export const FLOW_CONTROL_WINDOW_BYTES: number = 4 * 1_024 * 1_024
/**
 * A slot that restores much state, or starves, answers late: that is no reason to restart everybody. One whose process
 * is gone refuses at once, and a machine that is gone is told by the heartbeats.
 */
export const CONNECT_MS_MAX = 60_000
const CLOSE_GRACE_MS = 1_000
/** A slot's loop may be in user code for long; a peer that answers no ping for two minutes is cut off, not slow. */
const PING_AFTER_MS = 30_000
const PING_ANSWER_MS_MAX = 120_000

export interface ExchangeClientOptions {
  /** The producing slot's data address. */
  readonly address: string
  readonly open: ExchangeOpen
  readonly scheduler: Scheduler
  /** Left out: the connection is not encrypted. */
  readonly tls?: Identity | undefined
  /** When a silent peer is asked whether it can be reached; left out: never. */
  readonly probe?: PeerProbeTimes
  /** `frame` stays valid, but is a view: its ArrayBuffer may hold other frames. */
  onFrame(channel: number, frame: Uint8Array): void
  /** Once, in a later turn, unless we closed. After it nothing comes. */
  onLost(error: WeirError): void
}

/** Calls never throw and are kept until the connection stands; after the end they do nothing. */
export interface ExchangeConsumer {
  /** Adds a channel to those of `open` and answers its number. */
  addChannel(name: string): number
  /** `bytes` ≥ 1 more may be sent on `channel`. */
  credit(channel: number, bytes: number): void
  hint(channel: number): void
  close(): void
}

const CLIENT_OPTIONS: ChannelOptions = {
  'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
  'grpc.max_receive_message_length': DOWN_MESSAGE_BYTES_MAX,
  'grpc.max_send_message_length': UP_MESSAGE_BYTES_MAX,
  'grpc.keepalive_time_ms': PING_AFTER_MS,
  'grpc.keepalive_timeout_ms': PING_ANSWER_MS_MAX,
  'grpc.enable_retries': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_channelz': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
}

export function connectExchange(options: ExchangeClientOptions): ExchangeConsumer {
  return new ConsumerConnection(options)
}

class ConsumerConnection implements ExchangeConsumer {
  readonly #options: ExchangeClientOptions
  readonly #onFrame: (channel: number, frame: Uint8Array) => void
  readonly #tls: TlsCredentials | null
  readonly #client: Client
  readonly #call: ClientDuplexStream<Buffer, Buffer>
  readonly #probe: PeerProbe | null
  #state: 'connecting' | 'open' | 'closing' | 'ended' = 'connecting'
  #cancelTimer: () => void
  #channels: number
  #names: string[] = []
  #credits = new Map<number, number>()
  #hints = new Set<number>()
  /** Messages in either direction. */
  #sent = 0
  #heard = 0
  #flushing = false
  #blocked = false

  constructor(options: ExchangeClientOptions) {
    this.#options = options
    this.#onFrame = (channel, frame) => {
      if (this.#state === 'open') options.onFrame(channel, frame)
    }
    this.#channels = options.open.channels.length
    const { address, tls, scheduler } = options
    const client = tls === undefined ? null : { identity: tls, peer: null }
    this.#tls = client === null ? null : new TlsCredentials(client, address, scheduler)
    this.#client = new Client(address, this.#tls ?? credentials.createInsecure(), CLIENT_OPTIONS)
    const metadata = new Metadata()
    metadata.set('authorization', bearer(options.open.credential))
    const { path, requestSerialize, responseDeserialize } = EXCHANGE_METHOD
    const call = this.#client.makeBidiStreamRequest<Buffer, Buffer>(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
    )
    this.#call = call
    this.#cancelTimer = options.scheduler.timer(CONNECT_MS_MAX, () => call.cancel())
    call.on('metadata', () => this.#connected())
    call.on('data', (message: Buffer) => this.#receive(message))
    call.on('drain', () => this.#drained())
    call.on('error', (error: ServiceError) => this.#finish(error))
    call.on('status', (ended: StatusObject) => {
      if (ended.code === status.OK) this.#finish(null)
    })
    this.#probe = this.#makeProbe()
    this.#write(encodeOpen(options.open))
  }

  addChannel(name: string): number {
    const channel = this.#channels
    this.#channels += 1
    this.#names.push(name)
    this.#flushSoon()
    return channel
  }

  credit(channel: number, bytes: number): void {
    this.#credits.set(channel, (this.#credits.get(channel) ?? 0) + bytes)
    this.#flushSoon()
  }

  hint(channel: number): void {
    this.#hints.add(channel)
    this.#flushSoon()
  }

  close(): void {
    if (this.#state === 'closing' || this.#state === 'ended') return
    this.#flush()
    this.#state = 'closing'
    this.#probe?.stop()
    this.#cancelTimer()
    this.#write(encodeClosing())
    this.#call.end()
    this.#cancelTimer = this.#options.scheduler.timer(CLOSE_GRACE_MS, () => this.#call.cancel())
  }

  #makeProbe(): PeerProbe | null {
    const { address, probe, scheduler } = this.#options
    if (probe === undefined) return null
    return new PeerProbe({
      ...probe,
      address,
      scheduler,
      onUnreachable: (reason) => {
        this.#call.cancel()
        this.#lose(connectionLost(`the slot at ${address} cannot be reached: ${reason}`))
      },
    })
  }

  #connected(): void {
    if (this.#state !== 'connecting') return
    this.#state = 'open'
    this.#cancelTimer()
  }

  #receive(message: Buffer): void {
    if (this.#state !== 'open') return
    this.#probe?.heard()
    try {
      eachFrame(takeSequence(message, this.#heard++), this.#channels, this.#onFrame)
    } catch (error) {
      if (!(error instanceof WeirError)) throw error
      this.#lose(error)
      this.#call.cancel()
    }
  }

  #flushSoon(): void {
    if (this.#flushing || this.#blocked) return
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  #write(message: Buffer): boolean {
    const numbered = Buffer.allocUnsafe(message.length + SEQUENCE_BYTES)
    numbered.set(message)
    writeSequence(numbered, message.length, this.#sent++)
    return this.#call.write(numbered)
  }

  #drained(): void {
    this.#blocked = false
    this.#flush()
  }

  #flush(): void {
    this.#flushing = false
    if (this.#blocked || this.#state === 'closing' || this.#state === 'ended') return
    if (this.#names.length + this.#credits.size + this.#hints.size === 0) return
    const message = encodeUp(this.#names, this.#credits, this.#hints)
    this.#names = []
    this.#credits.clear()
    this.#hints.clear()
    this.#blocked = !this.#write(message)
  }

  #finish(error: ServiceError | null): void {
    this.#lose(error === null ? closedByPeer() : this.#explain(error))
  }

  #explain(error: ServiceError): WeirError {
    const { address } = this.#options
    const known = fromStatus(error, `the data connection to ${address}`)
    if (known.code !== 'rpc/unavailable') return known
    const reason = this.#state === 'connecting' ? 'cannot be reached' : 'is gone'
    const why = tlsProblem(this.#tls, error)?.message ?? error.details
    return connectionLost(`the slot at ${address} ${reason}: ${why}`)
  }

  #lose(error: WeirError): void {
    if (this.#state === 'ended') return
    const told = this.#state === 'closing'
    this.#state = 'ended'
    this.#probe?.stop()
    this.#cancelTimer()
    this.#client.close()
    if (!told) this.#options.onLost(error)
  }
}
