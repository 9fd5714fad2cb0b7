// A refused call, on both sides of the wire. Going out, anything thrown becomes a gRPC status whose trailing metadata
// holds the whole Failure; coming in, that Failure is the error again, code and retry hint unharmed. Only when there is
// none (the network spoke, not our code) the status code is translated. Trailers are HTTP/2 headers: peers refuse big
// ones, so what does not fit is cut, longest first, and never dropped silently.

import { Metadata, status, type StatusObject } from '@grpc/grpc-js'

import {
  type ErrorDomain,
  type Failure,
  fromFailure,
  type RetryHint,
  toFailure,
  WeirError,
} from '../core/errors.ts'
import { isRecord } from './check.ts'

export const FAILURE_METADATA_KEY = 'weir-failure-bin'
/** JSON bytes of a Failure in trailers; as base64 a third more, well below the 64 KiB that Node accepts. */
export const FAILURE_METADATA_BYTES_MAX = 16_384
const DETAILS_CHARS_MAX = 256

/** What grpc-js wants as the end of a call. */
export interface OutgoingStatus {
  readonly code: status
  readonly details: string
  readonly metadata: Metadata
}

const INTERNAL = { code: 'rpc/internal', domain: 'internal', retry: 'never' } as const
const STACKLESS: readonly string[] = ['rpc/invalid-argument', 'rpc/unauthenticated']

/** Any mistake as the status of a call. What is no WeirError is our own bug: `rpc/internal`. */
export function toStatus(thrown: unknown): OutgoingStatus {
  const { stack, ...rest } = toFailure(thrown, INTERNAL)
  // Where a check stands is about our files: whoever sent nonsense has no use for it, and a stranger no right to it.
  const failure = stack === undefined || STACKLESS.includes(rest.code) ? rest : { ...rest, stack }
  const metadata = new Metadata()
  metadata.set(FAILURE_METADATA_KEY, encodeFailure(failure))
  const details = `${failure.code}: ${failure.message}`.slice(0, DETAILS_CHARS_MAX).toWellFormed()
  return { code: codeOf(failure), details, metadata }
}

function codeOf(failure: Failure): status {
  if (failure.code === 'rpc/unauthenticated') return status.UNAUTHENTICATED
  if (failure.code === 'rpc/invalid-argument') return status.INVALID_ARGUMENT
  if (failure.code === 'rpc/message-too-large') return status.RESOURCE_EXHAUSTED
  if (failure.code.endsWith('/not-found')) return status.NOT_FOUND
  if (failure.domain === 'user') return status.FAILED_PRECONDITION
  return failure.domain === 'external' ? status.ABORTED : status.INTERNAL
}

function encodeFailure(failure: Failure): Buffer {
  let fitting = failure
  for (const charsMax of [8_192, 4_096, 1_024, 256]) {
    const bytes = Buffer.from(JSON.stringify(fitting))
    if (bytes.length <= FAILURE_METADATA_BYTES_MAX) return bytes
    fitting = cutFailure(failure, charsMax)
  }
  return Buffer.from(JSON.stringify(fitting))
}

function cutFailure(failure: Failure, charsMax: number): Failure {
  const { hint, location, stack } = failure
  return {
    code: failure.code.slice(0, charsMax),
    message: cut(failure.message, charsMax),
    domain: failure.domain,
    retry: failure.retry,
    ...(hint === undefined ? {} : { hint: cut(hint, charsMax) }),
    ...(location === undefined ? {} : { location: cut(location, charsMax) }),
    ...(stack === undefined ? {} : { stack: cut(stack, charsMax) }),
  }
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`
}

/** The end of a call that failed, as our error. `what` names the call and the peer for the reader. */
export function fromStatus(ended: StatusObject, what: string): WeirError {
  const failure = decodeFailure(ended.metadata)
  if (failure !== null) return fromFailure(failure)
  const message = `${what}: ${ended.details || status[ended.code]}`
  switch (ended.code) {
    case status.UNAVAILABLE:
    case status.CANCELLED:
      return unavailable(message)
    case status.DEADLINE_EXCEEDED:
      return new WeirError('rpc/deadline', message, { domain: 'external', retry: 'backoff' })
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return unauthenticated(message)
    case status.RESOURCE_EXHAUSTED:
      return /larger than/.test(ended.details) ? messageTooLarge(message) : overloaded(message)
    case status.UNIMPLEMENTED:
      return new WeirError('rpc/unimplemented', message, {
        domain: 'user',
        retry: 'never',
        hint: 'Is this the port of the right service, and the same version of Weir on both sides?',
      })
    default:
      // Not our code but the network has spoken, in the middle of a stream: that may pass.
      return new WeirError('rpc/internal', message, { domain: 'external', retry: 'backoff' })
  }
}

export function unavailable(message: string): WeirError {
  return new WeirError('rpc/unavailable', message, { domain: 'external', retry: 'backoff' })
}

export function unauthenticated(message: string): WeirError {
  return new WeirError('rpc/unauthenticated', message, {
    domain: 'user',
    retry: 'never',
    hint: 'All processes of a cluster need the same token.',
  })
}

export function messageTooLarge(message: string): WeirError {
  return new WeirError('rpc/message-too-large', message, { domain: 'internal', retry: 'never' })
}

export function overloaded(message: string): WeirError {
  return new WeirError('rpc/overloaded', message, { domain: 'external', retry: 'backoff' })
}

const DOMAINS: readonly string[] = ['user', 'external', 'internal'] satisfies ErrorDomain[]
const RETRIES: readonly string[] = ['never', 'backoff', 'immediate'] satisfies RetryHint[]

/** null when there is none, or when it is nonsense: then the status code speaks. */
function decodeFailure(metadata: Metadata | null | undefined): Failure | null {
  const bytes = metadata?.get(FAILURE_METADATA_KEY)[0]
  if (!(bytes instanceof Buffer) || bytes.length > FAILURE_METADATA_BYTES_MAX) return null
  const parsed = parseJson(bytes)
  if (!isRecord(parsed)) return null
  const { code, message, domain, retry, hint, location, stack } = parsed
  if (typeof code !== 'string' || typeof message !== 'string') return null
  if (typeof domain !== 'string' || !DOMAINS.includes(domain)) return null
  if (typeof retry !== 'string' || !RETRIES.includes(retry)) return null
  return {
    code,
    message,
    domain: domain as ErrorDomain,
    retry: retry as RetryHint,
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(typeof location === 'string' ? { location } : {}),
    ...(typeof stack === 'string' ? { stack } : {}),
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    // Not from our code: as good as absent.
    return null
  }
}
