// The producing end of the data plane between slots of different processes: one bidirectional gRPC stream per slot
// pair. The consumer is the gRPC client, because only a client can widen its HTTP/2 window, so frames run towards the
// wide end. What waits for the socket leaves together, as one message.
//
// It delivers frames in order or reports the connection lost, once, as soon as the kernel knows. It never retries and
// never looks into a frame. How much may be in flight is decided by the credits of those above; `send` only says when
// the socket is slower than they thought.

import type { Socket } from 'node:net'

import {
  type handleBidiStreamingCall,
  Metadata,
  ServerCredentials,
  type ServerDuplexStream,
} from '@grpc/grpc-js'

import type { Clock } from '../core/clock.ts'
import { WeirError } from '../core/errors.ts'
import type { Identity } from '../tls/identity.ts'
import { askingServer, unimplemented } from './asking-server.ts'
import { refuse } from './check.ts'
import {
  closedByPeer,
  connectionLost,
  DownBatch,
  EXCHANGE_METHOD,
  type QueuedFrame,
} from './exchange-method.ts'
import {
  decodeUp,
  DOWN_BATCH_BYTES,
  DOWN_MESSAGE_BYTES_MAX,
  downBytes,
  EXCHANGE_CHANNELS_MAX,
  EXCHANGE_FRAME_BYTES_MAX,
  type ExchangeOpen,
  takeSequence,
  UP_MESSAGE_BYTES_MAX,
  type UpVisitor,
} from './exchange-wire.ts'
import { listen, type PortRange } from './listen.ts'
import { messageTooLarge, toStatus, unauthenticated } from './status.ts'
import { Strangers } from './strangers.ts'
import { tlsDoor } from './tls-door.ts'
import { type SecretCheck, secretCheck } from './token.ts'

/** `send` answers false from here on … */
export const SEND_BUFFER_BYTES_HIGH: number = 1_024 * 1_024
/** … and `onDrain` comes when this little is left. */
export const SEND_BUFFER_BYTES_LOW: number = 256 * 1_024
const CONSUMERS_PER_CONNECTION_MAX = 64
/** Connections that have not shown the job's credential; probes of peers are some, for a moment. */
const STRANGERS_MAX = 1_000

/** Handed to `accept`: the way down to one consuming slot. */
export interface ExchangeConnection {
  /**
   * Queues a frame (copied when it is written, so it must not change any more). False: more than
   * SEND_BUFFER_BYTES_HIGH wait for the socket; frames are still taken, `onDrain` tells when it has caught up.
   * Harmless after the end. Error: `rpc/message-too-large`.
   */
  send(channel: number, frame: Uint8Array): boolean
  /** Bytes of frames that the socket has not taken yet. */
  readonly bufferedBytes: number
  /** Ends the stream, after what is queued; the consumer is told `error`, or that we closed. */
  close(error?: WeirError): void
}

/** What a producing slot hears from one consuming slot. After `onLost` nothing else comes. */
export interface ExchangeProducer {
  /** The consumer listens to one more channel; numbers go on from `open.channels`. */
  onChannel(channel: number, name: string): void
  onCredit(channel: number, bytes: number): void
  onHint(channel: number): void
  onDrain(): void
  /** Once, unless we closed. `exchange/closed-by-peer`, `exchange/connection-lost`, or what the peer did wrong. */
  onLost(error: WeirError): void
}

export interface ExchangeServerOptions {
  readonly host: string
  readonly portRange: PortRange
  /** Of the job and attempt whose slots may connect; compared in constant time before any message is read. */
  readonly credential: string
  /** Left out: connections are not encrypted. */
  readonly tls?: { readonly identity: Identity; readonly clock: Clock } | undefined
  /** The producer's ears, or why this consumer is refused. */
  accept(open: ExchangeOpen, connection: ExchangeConnection): ExchangeProducer | WeirError
}

export interface ExchangeServer {
  /** `host:port` as bound. */
  readonly address: string
  /** Ends every stream at once and stops listening. */
  close(): Promise<void>
}

type ServerCall = ServerDuplexStream<Buffer, Buffer>

/** Errors: `net/port-in-use`, `net/bad-address`. */
export async function serveExchange(options: ExchangeServerOptions): Promise<ExchangeServer> {
  const secret = secretCheck(options.credential)
  const connections = new Set<ProducerConnection>()
  const strangers = new Strangers({ max: STRANGERS_MAX })
  const asked =
    (serve: (call: ServerCall) => void): handleBidiStreamingCall<Buffer, Buffer> =>
    (call) => {
      if (refuseStranger(call, secret)) {
        strangers.refused(call.getPeer())
        return
      }
      strangers.vouch(call.getPeer())
      serve(call)
    }
  const server = askingServer(
    {
      'grpc.max_receive_message_length': UP_MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': DOWN_MESSAGE_BYTES_MAX,
      'grpc.max_concurrent_streams': CONSUMERS_PER_CONNECTION_MAX,
      'grpc.enable_channelz': 0,
    },
    {
      onNoCall: (peer) => strangers.refused(peer),
      onUnknownMethod: asked(unimplemented),
    },
  )
  const open = asked((call) => {
    const connection = new ProducerConnection(call, options)
    connections.add(connection)
    call.once('close', () => connections.delete(connection))
  })
  server.addService({ Open: EXCHANGE_METHOD }, { Open: open })
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const inject = (socket: Socket): void => injector.injectConnection(socket)
  // Whoever is refused at the door learns it there; a slot has no log of its own.
  const door =
    options.tls === undefined
      ? null
      : tlsDoor({ ...options.tls, onConnection: inject, onRefused: () => {} })
  const listener = await listen({
    host: options.host,
    portRange: options.portRange,
    flag: 'taskmanager.data.port-range',
    onConnection: (socket) => {
      strangers.meet(socket)
      if (door === null) inject(socket)
      else door.take(socket)
    },
  })
  return {
    address: listener.address,
    close: async () => {
      for (const connection of connections) connection.abandon()
      server.forceShutdown()
      listener.disconnect()
      await listener.close()
      door?.close()
    },
  }
}

function refuseStranger(call: ServerCall, secret: SecretCheck): boolean {
  const presented = call.metadata.get('authorization')[0]
  if (secret.accepts(typeof presented === 'string' ? presented : undefined)) return false
  call.emit('error', toStatus(unauthenticated('the credential of the data plane is wrong')))
  return true
}

class ProducerConnection implements ExchangeConnection, UpVisitor {
  readonly #call: ServerCall
  readonly #options: ExchangeServerOptions
  #producer: ExchangeProducer | null = null
  #channels = 0
  /** Messages in either direction. */
  #sent = 0
  #heard = 0
  #ended = false
  #buffered = 0
  #full = false
  #queue: QueuedFrame[] = []
  #writing = false
  #closing = false

  constructor(call: ServerCall, options: ExchangeServerOptions) {
    this.#call = call
    this.#options = options
    call.on('data', (message: Buffer) => this.receive(message))
    // A killed process looks like the end of its stream, too; who leaves by its own will says so first.
    call.on('end', () => this.lose(connectionLost('the consuming slot is gone')))
    call.on('cancelled', () => this.lose(connectionLost('the consuming slot is gone')))
  }

  get bufferedBytes(): number {
    return this.#buffered
  }

  send(channel: number, frame: Uint8Array): boolean {
    if (this.#ended) return true
    if (frame.length > EXCHANGE_FRAME_BYTES_MAX) {
      throw messageTooLarge(
        `a frame of ${frame.length} bytes is larger than ${EXCHANGE_FRAME_BYTES_MAX}`,
      )
    }
    this.#queue.push({ channel, frame })
    this.#buffered += downBytes(frame)
    if (this.#buffered > SEND_BUFFER_BYTES_HIGH) this.#full = true
    if (!this.#writing) this.#write()
    return !this.#full
  }

  /** Writes what waits, as one message of about DOWN_BATCH_BYTES, and goes on when the socket has taken it. */
  #write(): void {
    let frames = 0
    let bytes = 0
    for (const { frame } of this.#queue) {
      if (frames > 0 && bytes + frame.length > DOWN_BATCH_BYTES) break
      frames += 1
      bytes += downBytes(frame)
    }
    const batch = new DownBatch(this.#queue.splice(0, frames), bytes, this.#sent++)
    this.#writing = true
    this.#call.write(batch.message, () => this.#written(bytes))
  }

  #written(bytes: number): void {
    this.#buffered -= bytes
    this.#writing = false
    if (this.#queue.length > 0) this.#write()
    else if (this.#closing) this.#call.end()
    if (!this.#full || this.#buffered > SEND_BUFFER_BYTES_LOW || this.#ended) return
    this.#full = false
    this.#producer?.onDrain()
  }

  close(error?: WeirError): void {
    if (this.#ended) return
    this.#ended = true
    if (error !== undefined) this.#call.emit('error', toStatus(error))
    else if (this.#writing) this.#closing = true
    else this.#call.end()
  }

  receive(message: Buffer): void {
    if (this.#ended) return
    try {
      decodeUp(takeSequence(message, this.#heard++), this.#options.credential, this)
    } catch (error) {
      if (!(error instanceof WeirError)) throw error
      this.#call.emit('error', toStatus(error))
      this.lose(error)
    }
  }

  /** The stream is over by the other side's doing. */
  lose(error: WeirError): void {
    if (this.#ended) return
    this.abandon()
    this.#producer?.onLost(error)
    this.#call.end()
  }

  /** Nothing is sent or told any more. */
  abandon(): void {
    this.#ended = true
    this.#queue = []
  }

  onOpen(open: ExchangeOpen): void {
    if (this.#producer !== null) refuse('open', 'came twice')
    this.#channels = open.channels.length
    const answer = this.#options.accept(open, this)
    if (answer instanceof WeirError) {
      this.close(answer)
      return
    }
    this.#producer = answer
    this.#call.sendMetadata(new Metadata())
  }

  onChannel(name: string): void {
    const producer = this.#told()
    if (this.#channels >= EXCHANGE_CHANNELS_MAX) refuse('channels', 'too many')
    this.#channels += 1
    producer.onChannel(this.#channels - 1, name)
  }

  onCredit(channel: number, bytes: number): void {
    this.#told().onCredit(this.#known(channel), bytes)
  }

  onHint(channel: number): void {
    this.#told().onHint(this.#known(channel))
  }

  onClosing(): void {
    this.lose(closedByPeer())
  }

  #told(): ExchangeProducer {
    if (this.#producer === null) refuse('open', 'must come first')
    if (this.#ended) refuse('closing', 'must come last')
    return this.#producer
  }

  #known(channel: number): number {
    return channel < this.#channels
      ? channel
      : refuse('channel', `${channel} of ${this.#channels} channels`)
  }
}
