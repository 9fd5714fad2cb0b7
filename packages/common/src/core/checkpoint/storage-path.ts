// Which names may be used on the checkpoint storage. Paths reach us from manifests and log entries too, so a file that
// somebody tampered with must not lead outside the storage root.

import { WeirError } from '../errors.ts'

/** Files that are being written start so; no reader looks at them. */
export const STAGING_PREFIX = '.staging-'
export const STORAGE_PATH_CHARS_MAX = 1_024
export const STORAGE_NAME_CHARS_MAX = 200
const TAG_CHARS_MAX = 64

/** Throws `storage/invalid-path` unless `path` is relative, normal, and names no staging file. */
export function checkStoragePath(path: string): void {
  const problem = problemOf(path)
  if (problem === null) return
  throw new WeirError(
    'storage/invalid-path',
    `"${path.slice(0, 200)}" is no path on the checkpoint storage: ${problem}`,
    {
      domain: 'user',
      retry: 'never',
      hint: 'Paths are relative to the checkpoint directory, with "/", without "." and "..".',
    },
  )
}

function problemOf(path: string): string | null {
  if (path.length === 0) return 'it is empty'
  if (path.length > STORAGE_PATH_CHARS_MAX)
    return `it has more than ${STORAGE_PATH_CHARS_MAX} characters`
  if (path.includes('\\')) return 'it contains a backslash'
  for (const segment of path.split('/')) {
    if (segment === '') return 'a part of it is empty'
    if (segment === '.' || segment === '..') return `it contains "${segment}"`
    if (segment.startsWith(STAGING_PREFIX)) return 'it names a file that is being written'
    if (segment.length > STORAGE_NAME_CHARS_MAX)
      return `a part has more than ${STORAGE_NAME_CHARS_MAX} characters`
    if (hasControlCharacter(segment)) return 'it contains a control character'
  }
  return null
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) < 0x20 || text.charCodeAt(i) === 0x7f) return true
  return false
}

/** `tag` as part of a file name. */
export function safeTag(tag: string): string {
  return tag.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, TAG_CHARS_MAX)
}

/** Whether `path` lies in `directory`, at any depth. */
export function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`)
}
