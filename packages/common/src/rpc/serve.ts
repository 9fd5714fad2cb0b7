// A gRPC server of ours: token on every method, checked before a message is read; limits that are written down;
// loopback unless somebody says otherwise. Handlers are promises and iterables, so that nothing outside this folder
// knows grpc-js. A broken invariant in a handler ends the process, as everywhere; every other error is the answer.

import { X509Certificate } from 'node:crypto'
import type { Writable } from 'node:stream'

import {
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  ResponderBuilder,
  type sendUnaryData,
  type Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'

import { AssertionFailed } from '../core/assert.ts'
import type { Scheduler } from '../core/clock.ts'
import { type Log, silentLog } from '../core/log.ts'
import type { Identity } from '../tls/identity.ts'
import { wrongRole } from '../tls/problems.ts'
import { type Role, roleOf } from '../tls/roles.ts'
import { askingServer } from './asking-server.ts'
import { callerFromWire } from './convert.ts'
import type { Header__Output } from './gen/weir/v1/Header.ts'
import { listen, LOOPBACK } from './listen.ts'
import { Refusals } from './refusals.ts'
import { toStatus, unauthenticated } from './status.ts'
import { Strangers } from './strangers.ts'
import { type TlsDoor, tlsDoor } from './tls-door.ts'
import { type SecretCheck, secretCheck } from './token.ts'

/** A plan of 10,000 vertices and 50,000 edges has some 20 MB. */
export const CONTROL_MESSAGE_BYTES_MAX: number = 32 * 1_024 * 1_024
const CALLS_PER_CONNECTION_MAX = 1_000
/** Sockets of peers that vanished are given back; life and death are judged by heartbeats, not here. */
export const PING_AFTER_MS = 20_000
export const PING_ANSWER_MS_MAX = 20_000
const SHUTDOWN_GRACE_MS = 500
/** Connections that have not shown the token: some 20 KB each. */
export const STRANGERS_MAX = 1_000

/** One service with its handlers, made by coordinator-server, worker-server or job-server. */
export interface ServiceBinding {
  readonly definition: ServiceDefinition
  readonly handlers: UntypedServiceImplementation
  /** Who may call it, by certificate, where there are certificates. */
  readonly callers: readonly Role[]
  /** The server is about to close: end what is held open. */
  close(): void
}

export interface ServeOptions {
  /** Default: loopback. */
  readonly host?: string
  /** 0: any free port. */
  readonly port: number
  /** What sets the port, for errors: `--port`, `jobmanager.port`. */
  readonly flag: string
  /** The cluster token. */
  readonly token: string
  readonly scheduler: Scheduler
  /** Left out: connections are not encrypted. */
  readonly tls?: ServerTls | undefined
  /** Default: CONTROL_MESSAGE_BYTES_MAX; both directions. */
  readonly messageBytesMax?: number
  readonly services: readonly ServiceBinding[]
  /** Told of strangers, at most once a minute. Default: nobody is. */
  readonly log?: Log
}

export interface ServerTls {
  readonly identity: Identity
  /** Who is refused at the door is told here. */
  readonly log: Log
}

export interface RpcServer {
  /** `host:port` as bound. */
  readonly address: string
  readonly port: number
  /** Ends held streams, lets running calls finish for half a second, then ends every connection. */
  close(): Promise<void>
}

/** Errors: `net/port-in-use`, `net/bad-address`. */
export async function serve(options: ServeOptions): Promise<RpcServer> {
  const messageBytesMax = options.messageBytesMax ?? CONTROL_MESSAGE_BYTES_MAX
  const { scheduler, log = silentLog } = options
  const refusals = new Refusals(scheduler, log, 'Refused calls without the cluster token')
  const crowd = new Refusals(scheduler, log, 'Put out connections that never showed the token')
  const misplaced = new Refusals(scheduler, log, 'Refused calls by certificates of another role')
  const strangers = new Strangers({ max: STRANGERS_MAX, onPutOut: (peer) => crowd.note(peer) })
  const refused = (peer: string): void => {
    refusals.note(peer)
    strangers.refused(peer)
  }
  const server = askingServer(
    {
      'grpc.max_receive_message_length': messageBytesMax,
      'grpc.max_send_message_length': messageBytesMax,
      'grpc.max_concurrent_streams': CALLS_PER_CONNECTION_MAX,
      'grpc.keepalive_time_ms': PING_AFTER_MS,
      'grpc.keepalive_timeout_ms': PING_ANSWER_MS_MAX,
      'grpc.enable_channelz': 0,
      interceptors: [
        ...(options.tls === undefined ? [] : [authorization(options.services, misplaced)]),
        authentication(secretCheck(options.token), strangers, refused),
      ],
    },
    { onNoCall: refused },
  )
  for (const { definition, handlers } of options.services) server.addService(definition, handlers)
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const door = options.tls === undefined ? null : doorOf(options.tls, options.scheduler, injector)
  const listener = await listen({
    host: options.host ?? LOOPBACK,
    portRange: { first: options.port, last: options.port },
    flag: options.flag,
    onConnection: (socket) => {
      strangers.meet(socket)
      if (door === null) injector.injectConnection(socket)
      else door.take(socket)
    },
  })
  return {
    address: listener.address,
    port: listener.port,
    close: async () => {
      refusals.close()
      crowd.close()
      misplaced.close()
      for (const service of options.services) service.close()
      // Tells every peer to go; its callback is not worth waiting for: it comes before running calls have ended.
      server.tryShutdown(() => {})
      const cancelTimer = options.scheduler.timer(SHUTDOWN_GRACE_MS, () => listener.disconnect())
      await listener.close()
      cancelTimer()
      door?.close()
    },
  }
}

type Injector = ReturnType<Server['createConnectionInjector']>

function doorOf({ identity, log }: ServerTls, clock: Scheduler, injector: Injector): TlsDoor {
  return tlsDoor({
    identity,
    clock,
    onConnection: (socket) => injector.injectConnection(socket),
    onRefused: ({ code, message }, untold) =>
      log.warn({ code, reason: message, untold }, 'a connection was refused'),
  })
}

/** Whether the caller's certificate is for this service. The connection itself is believed already. */
function authorization(services: readonly ServiceBinding[], refusals: Refusals): ServerInterceptor {
  const callers = new Map(
    services.flatMap(({ definition, callers: allowed }) =>
      Object.values(definition).map(({ path }) => [path, allowed] as const),
    ),
  )
  return (method, call) => {
    const certificate = call.getAuthContext().sslPeerCertificate
    const role = certificate === undefined ? null : roleOf(new X509Certificate(certificate.raw))
    const allowed = callers.get(method.path)
    // A method that is not there is for nobody; that is said to whoever has the token.
    if (allowed === undefined) return new ServerInterceptingCall(call)
    if (role !== null && allowed.includes(role)) return new ServerInterceptingCall(call)
    const name = method.path.slice(1)
    refusals.note(`${call.getPeer()} as ${role ?? 'nobody'} to ${name}`)
    const refused = toStatus(wrongRole(`the caller of ${name}`, role, allowed))
    const responder = new ResponderBuilder().withStart(() => call.sendStatus(refused)).build()
    return new ServerInterceptingCall(call, responder)
  }
}

function authentication(
  secret: SecretCheck,
  strangers: Strangers,
  refused: (peer: string) => void,
): ServerInterceptor {
  return (_method, call) => {
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const presented = metadata.get('authorization')[0]
        if (secret.accepts(typeof presented === 'string' ? presented : undefined)) {
          strangers.vouch(call.getPeer())
          next(metadata)
          return
        }
        const peer = call.getPeer()
        call.sendStatus(toStatus(unauthenticated('the cluster token is missing or wrong')))
        refused(peer)
      })
      .build()
    const responder = new ResponderBuilder().withStart((next) => next(listener)).build()
    return new ServerInterceptingCall(call, responder)
  }
}

// ---- handlers ----

/** Every request has a header; one without is refused before a handler sees it. */
interface Headed {
  readonly header: Header__Output | null
}

/**
 * One request, one answer. `run` is called synchronously when the request has come; only then the caller is told that
 * its call has been taken up (initial metadata), which worker-client waits for before it sends the next one.
 */
export function unary<Request extends Headed, Response>(
  run: (request: Request) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const answer = start(run, call.request)
    call.sendMetadata(new Metadata())
    // Cannot reject: both outcomes are the answer.
    void settle(answer, callback)
  }
}

async function settle<Response>(
  answer: Promise<Response>,
  callback: sendUnaryData<Response>,
): Promise<void> {
  let response: Response
  try {
    response = await answer
  } catch (error) {
    callback(refusal(error))
    return
  }
  callback(null, response)
}

/** Makes a synchronous throw a rejection, without giving up that `run` starts at once. */
async function start<Request extends Headed, Response>(
  run: (request: Request) => Promise<Response>,
  request: Request,
): Promise<Response> {
  callerFromWire(request.header)
  return await run(request)
}

/** One request, many answers, sent no faster than the caller takes them. `signal`: the caller is gone. */
export function serverStream<Request extends Headed, Response>(
  run: (request: Request, signal: AbortSignal) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const gone = new AbortController()
    call.on('cancelled', () => gone.abort())
    pump(call, run, gone.signal).then(
      () => call.end(),
      (error: unknown) => call.emit('error', refusal(error)),
    )
  }
}

async function pump<Request extends Headed, Response>(
  call: ServerWritableStream<Request, Response>,
  run: (request: Request, signal: AbortSignal) => AsyncIterable<Response>,
  gone: AbortSignal,
): Promise<void> {
  callerFromWire(call.request.header)
  for await (const response of run(call.request, gone)) {
    if (gone.aborted) return
    if (!call.write(response)) await writable(call, gone)
  }
}

function writable(call: Writable, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      call.removeListener('drain', done)
      gone.removeEventListener('abort', done)
      resolve()
    }
    call.once('drain', done)
    gone.addEventListener('abort', done)
  })
}

/** Many requests, one answer. */
export function clientStream<Request, Response>(
  run: (requests: AsyncIterable<Request>) => Promise<Response>,
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    // Cannot reject: both outcomes are the answer.
    void settle(run(call as AsyncIterable<Request>), callback)
  }
}

/** The error as the end of a call. A broken invariant also ends the process. */
export function refusal(error: unknown): ReturnType<typeof toStatus> & Error {
  if (error instanceof AssertionFailed) {
    queueMicrotask(() => {
      throw error
    })
  }
  return Object.assign(new Error('call refused'), toStatus(error))
}
