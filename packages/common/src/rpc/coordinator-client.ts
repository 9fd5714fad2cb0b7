// How a worker reaches its JobManager: CoordinatorGateway over gRPC, calling end. `register` also attaches: it resolves
// when the stream stands whose loss tells both sides at once that the other is gone. Calls are not repeated here; the
// worker's outgoing lanes do that, one call of a job at a time.
//
// A connection that stands says nothing about who leads: a JobManager that was deposed answers on it for ever, and
// refuses. After some refusals a new one is made, for which the address is looked up anew.

import { createHash } from 'node:crypto'

import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'

import type { Scheduler } from '../core/clock.ts'
import { WeirError } from '../core/errors.ts'
import type {
  CheckpointAck,
  CheckpointDecline,
  CoordinatorGateway,
  Heartbeat,
  HeartbeatReply,
  OutputLine,
  RegistrationReply,
  TaskUpdate,
  WorkerRegistration,
} from '../core/gateways.ts'
import type { BundleHash, Fence, JobId, WorkerId } from '../core/ids.ts'
import type { Failure } from '../core/errors.ts'
import type { Identity } from '../tls/identity.ts'
import { CALL_MS_MAX, RpcChannel } from './call.ts'
import { failureToWire } from './convert.ts'
import {
  acknowledgeToWire,
  declineToWire,
  heartbeatReplyFromWire,
  heartbeatToWire,
  outputLineToWire,
  registrationReplyFromWire,
  registrationToWire,
  taskUpdateToWire,
} from './convert-coordinator.ts'
import { BUNDLE_BYTES_MAX } from './convert-job.ts'
import type { AttachResponse__Output } from './gen/weir/v1/AttachResponse.ts'
import { wireServices } from './load-proto.ts'
import { unavailable } from './status.ts'
import { tlsTo } from './tls-credentials.ts'

export const FETCH_BUNDLE_MS_MAX = 60_000

/** Registrations that fail in a row before a new connection is made. */
export const REGISTRATIONS_PER_CONNECTION = 10

export interface CoordinatorClientOptions {
  /** The JobManager's control address. */
  readonly address: string
  /** The cluster token. */
  readonly token: string
  readonly workerId: WorkerId
  readonly scheduler: Scheduler
  /** Left out: the connection is not encrypted. */
  readonly tls?: Identity | undefined
  readonly messageBytesMax?: number
  /** The attachment of the last `register` broke. Once per registration, never after `unregister` or `close`. */
  onLost(reason: string): void
}

export interface CoordinatorConnection {
  readonly gateway: CoordinatorGateway
  /** Running calls reject with `rpc/unavailable`. */
  close(): void
}

export function connectCoordinator(options: CoordinatorClientOptions): CoordinatorConnection {
  const tls = tlsTo('jobmanager', options.tls)
  let sequence = 0
  const nextSequence = (): number => ++sequence
  const connect = (): RpcChannel =>
    new RpcChannel({ ...options, tls, sender: options.workerId, nextSequence })
  const client = new CoordinatorClient(connect, options)
  return { gateway: client, close: () => client.close() }
}

class CoordinatorClient implements CoordinatorGateway {
  readonly #connect: () => RpcChannel
  #channel: RpcChannel
  #closed = false
  /** The JobManager's word on how long silence is; null before its first. */
  #silenceMsMax: number | null = null
  /** Registrations that have failed since the last that did not. */
  #failed = 0
  readonly #options: CoordinatorClientOptions
  readonly #methods = wireServices().coordinator
  #attachment: ClientReadableStream<AttachResponse__Output> | null = null

  constructor(connect: () => RpcChannel, options: CoordinatorClientOptions) {
    this.#connect = connect
    this.#channel = connect()
    this.#options = options
  }

  async register(registration: WorkerRegistration): Promise<RegistrationReply> {
    try {
      const reply = await this.#register(registration)
      this.#failed = 0
      return reply
    } catch (error) {
      this.#failed += 1
      if (this.#failed % REGISTRATIONS_PER_CONNECTION === 0) this.#connectAnew()
      throw error
    }
  }

  async #register(registration: WorkerRegistration): Promise<RegistrationReply> {
    const header = this.#channel.header()
    const request = { ...registrationToWire(registration), header }
    const reply = registrationReplyFromWire(
      await this.#channel.unary(this.#methods.Register, request),
    )
    this.#silenceMsMax = reply.heartbeatTimeoutMs
    await this.#attach(registration.workerId, reply.coordinatorId)
    return reply
  }

  async heartbeat(heartbeat: Heartbeat): Promise<HeartbeatReply> {
    const request = { ...heartbeatToWire(heartbeat), header: this.#channel.header() }
    // Whoever waits longer finds out too late that nobody is there.
    const deadlineMs = Math.min(CALL_MS_MAX, this.#silenceMsMax ?? CALL_MS_MAX)
    const { Heartbeat: method } = this.#methods
    return heartbeatReplyFromWire(await this.#channel.unary(method, request, { deadlineMs }))
  }

  async unregister(workerId: WorkerId, reason: string): Promise<void> {
    this.#letGo()
    const header = this.#channel.header()
    await this.#channel.unary(this.#methods.Unregister, {
      header,
      workerId,
      reason: reason.slice(0, 1_024),
    })
    this.detach()
  }

  async taskUpdate(update: TaskUpdate): Promise<void> {
    const header = this.#channel.header(update.fence)
    await this.#channel.unary(this.#methods.TaskUpdate, { ...taskUpdateToWire(update), header })
  }

  async acknowledge(ack: CheckpointAck): Promise<void> {
    const header = this.#channel.header(ack.fence)
    await this.#channel.unary(this.#methods.Acknowledge, { ...acknowledgeToWire(ack), header })
  }

  async decline(decline: CheckpointDecline): Promise<void> {
    const header = this.#channel.header(decline.fence)
    await this.#channel.unary(this.#methods.Decline, { ...declineToWire(decline), header })
  }

  async slotsLost(
    workerId: WorkerId,
    fence: Fence,
    slots: readonly number[],
    failure: Failure,
  ): Promise<void> {
    const header = this.#channel.header(fence)
    const request = { header, workerId, slots: [...slots], failure: failureToWire(failure) }
    await this.#channel.unary(this.#methods.SlotsLost, request)
  }

  async output(lines: readonly OutputLine[]): Promise<void> {
    const header = this.#channel.header()
    await this.#channel.unary(this.#methods.Output, { header, lines: lines.map(outputLineToWire) })
  }

  async fetchBundle(jobId: JobId, hash: BundleHash): Promise<Uint8Array> {
    const request = { header: this.#channel.header(), jobId, bundleHash: hash }
    const call = this.#channel.open(this.#methods.FetchBundle, request)
    const cancelTimer = this.#options.scheduler.timer(FETCH_BUNDLE_MS_MAX, () => call.cancel())
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      for await (const { chunk } of call as AsyncIterable<{ chunk: Buffer }>) {
        bytes += chunk.length
        if (bytes > BUNDLE_BYTES_MAX) throw mismatch(`is larger than ${BUNDLE_BYTES_MAX} bytes`)
        chunks.push(chunk)
      }
    } catch (error) {
      if (error instanceof WeirError) throw error
      throw this.#channel.explain(error as ServiceError, this.#methods.FetchBundle.path)
    } finally {
      cancelTimer()
      call.cancel()
    }
    const bundle = Buffer.concat(chunks)
    if (createHash('sha256').update(bundle).digest('hex') !== hash)
      throw mismatch('does not have its hash')
    return bundle
  }

  close(): void {
    this.#closed = true
    this.detach()
    this.#channel.close()
  }

  /** Nothing is registered, so nothing that still runs on the old connection matters to anybody. */
  #connectAnew(): void {
    if (this.#closed) return
    this.detach()
    this.#channel.close()
    this.#channel = this.#connect()
  }

  /** Ends the attachment without a word to anybody. */
  detach(): void {
    const call = this.#letGo()
    call?.cancel()
  }

  /** From here on the end of the attachment means nothing. */
  #letGo(): ClientReadableStream<AttachResponse__Output> | null {
    const call = this.#attachment
    this.#attachment = null
    return call
  }

  #attach(workerId: WorkerId, coordinatorId: string): Promise<void> {
    this.detach()
    const request = { header: this.#channel.header(), workerId, coordinatorId }
    const call = this.#channel.open(this.#methods.Attach, request)
    this.#attachment = call
    return new Promise((resolve, reject) => {
      let attached = false
      const ended = (error: WeirError): void => {
        cancelTimer()
        if (!attached) reject(error)
        if (this.#attachment !== call) return
        this.#attachment = null
        if (attached) this.#options.onLost(error.message)
      }
      const cancelTimer = this.#options.scheduler.timer(CALL_MS_MAX, () => call.cancel())
      call.on('data', () => {
        attached = true
        cancelTimer()
        resolve()
      })
      call.on('error', (error: ServiceError) =>
        ended(this.#channel.explain(error, this.#methods.Attach.path)),
      )
      call.on('end', () =>
        ended(unavailable(`the JobManager at ${this.#channel.address} ended the connection`)),
      )
    })
  }
}

function mismatch(what: string): WeirError {
  return new WeirError('job/bundle-mismatch', `the bundle that the JobManager sent ${what}`, {
    domain: 'internal',
    retry: 'backoff',
  })
}
