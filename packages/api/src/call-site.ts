// Where in the author's file a step was written. Asked once per step while the graph is built, never per record. The
// text of the stack is used, not raw frames, because the text has already gone through source maps where there are any.

import { fileURLToPath } from 'node:url'
import { placeInFrame } from '@weirjs/common/core/stack-frame'

/** Frames looked at before giving up: the runtime's own may lie between (Array.map and the like). */
const FRAMES_MAX = 10

/**
 * `file:line` of the code that called the function that calls this; relative to the working directory when the file lies
 * below it. `depth` counts further functions in between. Undefined when the runtime does not tell. Never throws.
 */
export function callSite(depth = 0): string | undefined {
  const limit = Error.stackTraceLimit
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = FRAMES_MAX
    Error.captureStackTrace(holder, callSite)
    // The text is made on first reading, by whatever formatter is installed.
    return typeof holder.stack === 'string' ? callerIn(holder.stack, depth) : undefined
  } catch {
    return undefined // a formatter of somebody else threw: a missing location is no reason to refuse a job
  } finally {
    Error.stackTraceLimit = limit
  }
}

/** The first frame with a file behind those of the SDK's own functions. */
function callerIn(stack: string, depth: number): string | undefined {
  const frames = stack.split('\n').filter((line) => /^\s*at /.test(line))
  for (const line of frames.slice(depth + 1)) {
    const place = placeInFrame(line)
    if (place !== null) return `${shorten(place.file)}:${place.line}`
  }
  return undefined
}

function shorten(file: string): string {
  const path = file.startsWith('file://') ? fileURLToPath(file.replace(/\?.*$/, '')) : file
  const here = `${process.cwd()}/`
  return path.startsWith(here) ? path.slice(here.length) : path
}
