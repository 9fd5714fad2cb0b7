// One error class for mistakes of the world. A code is stable and documented, the domain says whose mistake it is,
// and the retry hint travels over the wire to the component that decides about restarts. Translate at borders only.

export type ErrorDomain = 'user' | 'external' | 'internal'
/** `never`: restarting cannot help. `backoff`: it may. `immediate`: the cause is already gone (a lost worker). */
export type RetryHint = 'never' | 'backoff' | 'immediate'

const DOMAINS: readonly unknown[] = ['user', 'external', 'internal'] satisfies ErrorDomain[]
const RETRY_HINTS: readonly unknown[] = ['never', 'backoff', 'immediate'] satisfies RetryHint[]

export const isErrorDomain = (value: unknown): value is ErrorDomain => DOMAINS.includes(value)
export const isRetryHint = (value: unknown): value is RetryHint => RETRY_HINTS.includes(value)

export interface WeirErrorOptions {
  readonly domain: ErrorDomain
  readonly retry?: RetryHint
  /** What the reader can do about it, one sentence. */
  readonly hint?: string
  /** `file:line[:column]` of the user's code or input, when known. */
  readonly location?: string
  /** The worker at the other end, when a connection between two is at fault. */
  readonly peer?: string
  readonly cause?: unknown
}

/** `code` is `area/what`, for instance `state/file-damaged`. */
export class WeirError extends Error {
  override readonly name = 'WeirError'
  readonly code: string
  readonly domain: ErrorDomain
  readonly retry: RetryHint
  readonly hint: string | undefined
  readonly location: string | undefined
  readonly peer: string | undefined

  constructor(code: string, message: string, options: WeirErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.domain = options.domain
    this.retry = options.retry ?? (options.domain === 'external' ? 'backoff' : 'never')
    this.hint = options.hint
    this.location = options.location
    this.peer = options.peer
  }

  /** Survives two copies of this module in one process (a bundled job and its host). */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return (
      typeof value === 'object' && value !== null && 'name' in value && value.name === 'WeirError'
    )
  }
}

/** A WeirError in the shape that crosses processes and is kept in histories. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly domain: ErrorDomain
  readonly retry: RetryHint
  readonly hint?: string
  readonly location?: string
  /** The worker at the other end, when a connection between two is at fault. */
  readonly peer?: string
  /** At most 16 KiB. */
  readonly stack?: string
  /** What a process wrote last before it ended; oldest line first. */
  readonly lastOutput?: readonly string[]
}

export const FAILURE_MESSAGE_CHARS_MAX = 8_192
export const FAILURE_STACK_CHARS_MAX = 16_384
/** Errors of a chain of causes that a failure tells: one that leads round in a circle has no end. */
export const FAILURE_CAUSES_MAX = 20
export const LAST_OUTPUT_LINES_MAX = 20
export const LAST_OUTPUT_LINE_CHARS_MAX = 400

/**
 * Anything thrown, as a Failure. What is no WeirError is the user's code unless `fallback` says otherwise. A WeirError may be
 * one by name only, of a job's own library or of another version: what of it cannot travel gives way to the fallback,
 * because a failure that cannot be told leaves its task running for ever.
 */
export function toFailure(
  thrown: unknown,
  fallback: { code: string; domain: ErrorDomain; retry: RetryHint } = {
    code: 'job/user-code-failed',
    domain: 'user',
    retry: 'backoff',
  },
): Failure {
  const known = thrown instanceof WeirError ? thrown : undefined
  const message = textOf(thrown instanceof Error ? thrown.message || thrown.name : thrown)
  const stack = thrown instanceof Error ? describeStack(thrown) : undefined
  return {
    code: isText(known?.code) ? known.code : fallback.code,
    message: message.slice(0, FAILURE_MESSAGE_CHARS_MAX),
    domain: isErrorDomain(known?.domain) ? known.domain : fallback.domain,
    retry: isRetryHint(known?.retry) ? known.retry : fallback.retry,
    ...(isText(known?.hint) ? { hint: known.hint } : {}),
    ...(isText(known?.location) ? { location: known.location } : {}),
    ...(isText(known?.peer) ? { peer: known.peer } : {}),
    ...(stack === undefined ? {} : { stack: stack.slice(0, FAILURE_STACK_CHARS_MAX) }),
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''

/** Of anything, also of an object that cannot be made a text of. */
function textOf(value: unknown): string {
  try {
    return String(value)
  } catch {
    return Object.prototype.toString.call(value)
  }
}

/** `failure` with the newest of `lines`, cut to what may travel; no lines, no change. */
export function withLastOutput(failure: Failure, lines: readonly string[]): Failure {
  if (lines.length === 0) return failure
  const newest = lines.slice(-LAST_OUTPUT_LINES_MAX)
  return {
    ...failure,
    lastOutput: newest.map((line) => line.slice(0, LAST_OUTPUT_LINE_CHARS_MAX)),
  }
}

function describeStack(thrown: Error): string {
  const stacks: string[] = []
  for (let error: unknown = thrown; error instanceof Error; error = error.cause) {
    if (stacks.length > FAILURE_CAUSES_MAX) break
    stacks.push(isText(error.stack) ? error.stack : `${error.name}: ${error.message}`)
  }
  return stacks.join('\ncaused by: ')
}

const ABSENCES: readonly string[] = ['rpc/unavailable', 'rpc/deadline', 'tls/handshake-failed']

/** Nobody answered, and may do so later: the way was blocked, or who is wanted there has just ended. */
export function isAbsence(error: unknown): boolean {
  return error instanceof WeirError && ABSENCES.includes(error.code)
}

/** The Failure as an error again, on the other side of a wire. */
export function fromFailure(failure: Failure): WeirError {
  const error = new WeirError(failure.code, failure.message, {
    domain: failure.domain,
    retry: failure.retry,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    ...(failure.location === undefined ? {} : { location: failure.location }),
    ...(failure.peer === undefined ? {} : { peer: failure.peer }),
  })
  if (failure.stack !== undefined) error.stack = failure.stack
  return error
}
