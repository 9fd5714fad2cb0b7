// Errors of the file system as WeirErrors with a code that callers decide by and a hint that a person can use.

import { WeirError } from '../core/errors.ts'

/** `ENOENT` and the like; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'The process may not do this here: check owner and mode of the directory.',
  EPERM:
    'The process may not do this here: check owner and mode, and that the file system allows hard links.',
  EROFS: 'The file system is mounted read-only.',
  EMFILE: 'The process has too many open files: raise its limit (ulimit -n).',
  ENFILE: 'The machine has too many open files.',
  ENOTDIR: 'A part of the path is a file where a directory was expected.',
  EISDIR: 'The path is a directory where a file was expected.',
  EIO: 'The disk or the network file system failed.',
  ESTALE: 'The network file system was remounted or its server restarted.',
}

/** `action` as in "cannot <action> <location>". A WeirError is passed through. */
export function storageError(error: unknown, action: string, location: string): WeirError {
  if (error instanceof WeirError) return error
  const code = codeOf(error) ?? 'unknown'
  const cause = { domain: 'external', cause: error } as const
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new WeirError('storage/full', `cannot ${action} ${location}: no space left (${code})`, {
      ...cause,
      hint: 'Free space on the checkpoint storage, or move it to a larger one.',
    })
  }
  if (code === 'EEXIST') {
    return new WeirError(
      'storage/exists',
      `${location} exists already; files are never replaced`,
      cause,
    )
  }
  if (code === 'ENOENT' && action === 'read') {
    return new WeirError('storage/not-found', `${location} does not exist`, cause)
  }
  if (
    action === 'link' &&
    (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS' || code === 'EOPNOTSUPP')
  ) {
    return new WeirError(
      'storage/unsupported',
      `${location} is on a file system without hard links (${code})`,
      {
        ...cause,
        retry: 'never',
        hint: 'Keep checkpoints on ext4, XFS, NFS or another POSIX file system.',
      },
    )
  }
  const message = error instanceof Error ? error.message : String(error)
  const hint = HINTS[code]
  return new WeirError('storage/io', `cannot ${action} ${location}: ${message}`, {
    ...cause,
    ...(hint === undefined ? {} : { hint }),
  })
}
