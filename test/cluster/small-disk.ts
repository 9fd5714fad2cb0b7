// A disk of a few megabytes that a test can fill: a tmpfs, where this process may mount one. Null where it may not, which
// is said loudly: what needs it has not been tested then.

import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PAGE_BYTES = 4_096

export interface SmallDisk {
  readonly directory: string
  /** Takes all the room that there is; again, when somebody has made some. */
  fill(): void
  /** Takes what is left of the last page of a file, which is room for those who append to it. */
  fillPageOf(path: string): void
  /** Gives it back. */
  free(): void
  unmount(): void
}

export function mountSmallDisk(bytes: number): SmallDisk | null {
  const directory = mkdtempSync(join(tmpdir(), 'weir-disk-'))
  const ran = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', directory])
  if (ran.status !== 0) {
    rmSync(directory, { recursive: true, force: true })
    const why = ran.error?.message ?? ran.stderr.toString().trim()
    console.warn(`NOT TESTED: full disks, because no tmpfs can be mounted here: ${why}`)
    return null
  }
  const ballast = join(directory, '.ballast')
  return {
    directory,
    fill: () => {
      for (const bytes of [1_048_576, 65_536, PAGE_BYTES]) while (tryAppend(ballast, bytes));
    },
    fillPageOf: (path) => {
      tryAppend(path, PAGE_BYTES - (statSync(path).size % PAGE_BYTES))
    },
    free: () => rmSync(ballast, { force: true }),
    unmount: () => {
      spawnSync('umount', ['-l', directory])
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** False when there was not so much room. */
function tryAppend(path: string, bytes: number): boolean {
  try {
    appendFileSync(path, Buffer.alloc(bytes, '\n'))
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return false
    throw error
  }
}
