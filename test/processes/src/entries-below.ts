// What lies below a directory of a cluster that works: directories are removed while somebody walks through them, and one
// that has gone holds nothing.

import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Files and directories, at any depth; none where there is no such directory. */
export function entriesBelow(directory: string): readonly Dirent[] {
  return entriesOf(directory).flatMap((entry) =>
    entry.isDirectory() ? [entry, ...entriesBelow(join(directory, entry.name))] : [entry],
  )
}

export function filesBelow(directory: string): readonly string[] {
  return entriesBelow(directory)
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
