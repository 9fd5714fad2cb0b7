// What can be wrong with files, as WeirErrors with the path and what to do about it.

import { type RetryHint, WeirError } from '@weirjs/common/core/errors'

interface Kind {
  readonly code: string
  readonly says: string
  readonly domain: 'user' | 'external'
  readonly retry: RetryHint
  readonly hint?: string
}

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  [
    'ENOENT',
    {
      code: 'files/not-found',
      says: 'there is no',
      domain: 'user',
      retry: 'never',
      hint: 'Check the path: it is looked up on the machine that runs the task.',
    },
  ],
  [
    'ENOTDIR',
    {
      code: 'files/not-a-directory',
      says: 'a part of this path is no directory:',
      domain: 'user',
      retry: 'never',
    },
  ],
  [
    'EEXIST',
    { code: 'files/exists', says: 'there is already a', domain: 'external', retry: 'never' },
  ],
  [
    'EACCES',
    {
      code: 'files/denied',
      says: 'no permission for',
      domain: 'user',
      retry: 'never',
      hint: 'Let the user that runs the task read or write it.',
    },
  ],
  ['EPERM', { code: 'files/denied', says: 'no permission for', domain: 'user', retry: 'never' }],
  [
    'EROFS',
    { code: 'files/denied', says: 'the file system is read-only:', domain: 'user', retry: 'never' },
  ],
  [
    'EISDIR',
    {
      code: 'files/is-a-directory',
      says: 'a directory, not a file, is at',
      domain: 'user',
      retry: 'never',
    },
  ],
  [
    'ELOOP',
    {
      code: 'files/link-loop',
      says: 'symbolic links lead round in a circle at',
      domain: 'user',
      retry: 'never',
    },
  ],
  [
    'ENAMETOOLONG',
    { code: 'files/bad-name', says: 'the name is too long:', domain: 'user', retry: 'never' },
  ],
  [
    // Node refuses NUL in a path before it asks the system.
    'ERR_INVALID_ARG_VALUE',
    { code: 'files/bad-name', says: 'this can be no path:', domain: 'user', retry: 'never' },
  ],
  [
    'ENOSPC',
    {
      code: 'files/full',
      says: 'no space is left for',
      domain: 'external',
      retry: 'backoff',
      hint: 'Make room on that disk; the job goes on by itself.',
    },
  ],
  [
    'EDQUOT',
    { code: 'files/full', says: 'the quota is used up for', domain: 'external', retry: 'backoff' },
  ],
  [
    'EMFILE',
    {
      code: 'files/too-many-open',
      says: 'too many files are open for',
      domain: 'external',
      retry: 'backoff',
      hint: 'Raise the limit of open files (ulimit -n).',
    },
  ],
  [
    'ENFILE',
    {
      code: 'files/too-many-open',
      says: 'too many files are open for',
      domain: 'external',
      retry: 'backoff',
    },
  ],
  [
    'EXDEV',
    {
      code: 'files/unsupported',
      says: 'no file can be moved to another file system:',
      domain: 'user',
      retry: 'never',
      hint: 'The output directory must be one file system.',
    },
  ],
  [
    'ENOTSUP',
    {
      code: 'files/unsupported',
      says: 'this file system cannot do that:',
      domain: 'user',
      retry: 'never',
    },
  ],
])

const UNKNOWN: Kind = {
  code: 'files/io',
  says: 'reading or writing failed:',
  domain: 'external',
  retry: 'backoff',
  hint: 'The disk or its connection may be ill; the log of the machine (dmesg) knows more.',
}

/** The WeirError for a failed file operation; one that is a WeirError already is passed through. */
export function fileError(path: string, cause: unknown): WeirError {
  if (cause instanceof WeirError) return cause
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  const kind = KINDS.get(code) ?? UNKNOWN
  const detail = kind === UNKNOWN && cause instanceof Error ? ` (${cause.message})` : ''
  return new WeirError(kind.code, `${kind.says} ${path}${detail}`, {
    domain: kind.domain,
    retry: kind.retry,
    location: path,
    cause,
    ...(kind.hint === undefined ? {} : { hint: kind.hint }),
  })
}

/** For a file that was found before: what is not there now may come back. Everything else is passed through. */
export function goneSince(error: unknown): never {
  if (!hasCode(error, 'files/not-found')) throw error
  const { message, location = '' } = error as WeirError
  throw new WeirError('files/not-found', `${message}, and there was`, {
    domain: 'external',
    retry: 'backoff',
    location,
    cause: error,
    hint: 'Bring it back, or mount again what it lies on; the job goes on by itself.',
  })
}

/** True for a WeirError of this code. */
export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof WeirError && error.code === code

/** A file whose bytes are not what its format wants. */
export function damagedFile(path: string, what: string, cause?: unknown): WeirError {
  const why = cause instanceof Error ? `: ${cause.message}` : ''
  return new WeirError('files/damaged', `${path} ${what}${why}`, {
    domain: 'external',
    retry: 'never',
    location: path,
    cause,
  })
}
