// Which files of printed output there may be: their names, and which go when there are too many. Pure; OutputFiles acts.
//
//   <job>-<worker>.log      being written
//   <job>-<worker>.log.1    set aside, the newest; .2 is older

import type { JobId, WorkerId } from '@weirjs/common/core/ids'

/** Files in the directory, whatever their size: a job that restarts for days leaves small ones. */
export const OUTPUT_FILES_MAX = 1_000

const OURS = /^[0-9a-f]{32}-.+\.log(?:\.\d+)?$/

export const outputFileName = (job: JobId, worker: WorkerId): string => `${job}-${worker}.log`

/** Whatever else lies in the directory is somebody else's and stays. */
export const isOutputFile = (name: string): boolean => OURS.test(name)

/** The name that a file gets when it has been set aside `index` times. 0: it is being written. */
export const setAside = (path: string, index: number): string =>
  index === 0 ? path : `${path}.${index}`

export interface FoundFile {
  readonly name: string
  readonly bytes: number
  readonly modifiedMs: number
}

/** The oldest that must go so that `bytesMax` in `filesMax` files are not exceeded. */
export function surplus(
  found: readonly FoundFile[],
  { bytesMax, filesMax }: { readonly bytesMax: number; readonly filesMax: number },
): readonly FoundFile[] {
  const oldestFirst = found.toSorted((a, b) => a.modifiedMs - b.modifiedMs)
  let bytes = oldestFirst.reduce((sum, file) => sum + file.bytes, 0)
  let files = oldestFirst.length
  const gone: FoundFile[] = []
  for (const file of oldestFirst) {
    if (bytes <= bytesMax && files <= filesMax) break
    gone.push(file)
    bytes -= file.bytes
    files--
  }
  return gone
}
