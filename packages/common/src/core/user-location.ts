// Where in the user's own code an error comes from: the first frame of its stack that is neither Node's, nor a
// library's, nor ours. Works on the text of the stack, which has gone through source maps already.

import type { Failure } from './errors.ts'
import { placeInFrame } from './stack-frame.ts'

/**
 * `file:line:column` of the first frame outside of `ownRoots` (directories of Weir's packages, as paths), or undefined.
 * Frames in `node_modules` are libraries.
 */
export function userLocation(stack: string, ownRoots: readonly string[]): string | undefined {
  for (const line of stack.split('\n')) {
    const place = placeInFrame(line)
    if (place?.column === undefined || place.file.startsWith('.')) continue
    const { file, line: row, column } = place
    const path = file.startsWith('file://')
      ? decodeURIComponent(file.slice('file://'.length).replace(/\?.*$/, ''))
      : file
    if (path.includes('/node_modules/') || ownRoots.some((root) => path.startsWith(root))) continue
    return `${path}:${row}:${column}`
  }
  return undefined
}

/** `failure` with the place in the user's code, when it has none yet and its stack tells one. */
export function withUserLocation(failure: Failure, ownRoots: readonly string[]): Failure {
  if (failure.location !== undefined || failure.stack === undefined) return failure
  const location = userLocation(failure.stack, ownRoots)
  return location === undefined ? failure : { ...failure, location }
}
