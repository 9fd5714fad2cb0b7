// Exit codes of every command, and which error means which. A script can decide by them what to do next.

import type { WeirError } from '@weirjs/common/core/errors'

export const EXIT_OK = 0
/** The job or the server said no. */
export const EXIT_FAILED = 1
/** Bad usage or configuration. */
export const EXIT_USAGE = 2
export const EXIT_UNREACHABLE = 3
export const EXIT_NOT_FOUND = 4
/** Conflict or wrong state. */
export const EXIT_CONFLICT = 5
/** Timed out waiting. */
export const EXIT_TIMEOUT = 6
export const EXIT_INTERRUPTED = 130

const BY_CODE: Readonly<Record<string, number>> = {
  'cli/usage': EXIT_USAGE,
  'cli/interrupted': EXIT_INTERRUPTED,
  'cli/timeout': EXIT_TIMEOUT,
  'cli/no-cluster': EXIT_UNREACHABLE,
  'rpc/unavailable': EXIT_UNREACHABLE,
  'rpc/deadline': EXIT_UNREACHABLE,
  'tls/handshake-failed': EXIT_UNREACHABLE,
  'rpc/unauthenticated': EXIT_USAGE,
  'job/unknown-argument': EXIT_USAGE,
  'job/bad-argument': EXIT_USAGE,
  'job/missing-argument': EXIT_USAGE,
  'job/secret-argument': EXIT_USAGE,
  'job/file-not-found': EXIT_USAGE,
  'job/no-bundler': EXIT_USAGE,
  'job/wrong-state': EXIT_CONFLICT,
  'job/ambiguous-id': EXIT_CONFLICT,
  'job/not-retained': EXIT_CONFLICT,
  'worker/ambiguous-id': EXIT_CONFLICT,
  'worker/no-room': EXIT_CONFLICT,
  'checkpoint/timed-out': EXIT_TIMEOUT,
  'net/port-in-use': EXIT_CONFLICT,
  'certs/unwritable': EXIT_USAGE,
  'cli/already-running': EXIT_CONFLICT,
  'config/data-directory-in-use': EXIT_CONFLICT,
}

export function exitCodeOf(error: WeirError): number {
  const known = BY_CODE[error.code]
  if (known !== undefined) return known
  if (error.code.startsWith('config/') || error.code.startsWith('tls/')) return EXIT_USAGE
  if (error.code.endsWith('/not-found')) return EXIT_NOT_FOUND
  return EXIT_FAILED
}
