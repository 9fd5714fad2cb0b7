// What FsStorage asks of the system, as an interface: tests make single calls fail, and the simulator puts a disk of its own
// beneath, which loses power between any two of them.

import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rmdir,
  stat,
  unlink,
} from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from './fs-errors.ts'

const REMOVE_TREE_RETRIES = 3
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants

/** A file that is being written, or a directory that is open to be synced. */
export interface OpenFile {
  write(
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): Promise<{ readonly bytesWritten: number }>
  sync(): Promise<void>
  close(): Promise<void>
}

/** The calls that persist something, one by one. */
export interface DurableCalls {
  open(path: string, flags: 'wx' | 'r'): Promise<OpenFile>
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  mkdir(path: string): Promise<void>
}

/** Device and inode say whether two names are one file. */
interface FileStatus {
  readonly ino: bigint
  readonly dev: bigint
  readonly size: bigint
  isDirectory(): boolean
}

export interface FileEntry {
  readonly name: string
  isFile(): boolean
  isDirectory(): boolean
}

/** The others. Names that are not there are an error with the code `ENOENT`, except to `removeTree`. */
export interface LookCalls {
  /** Of this process: a part of the names of files that are being written. */
  readonly pid: number
  readFile(path: string): Promise<Uint8Array>
  stat(path: string): Promise<FileStatus>
  readdir(path: string): Promise<readonly FileEntry[]>
  removeTree(path: string): Promise<void>
}

export const SYSTEM_CALLS: DurableCalls & LookCalls = {
  pid: process.pid,
  open: (path, flags): Promise<FileHandle> => open(path, flags, 0o644),
  link,
  unlink,
  mkdir: async (path) => {
    await mkdir(path)
  },
  readFile: readRegular,
  stat: (path) => stat(path, { bigint: true }),
  readdir: (path) => readdir(path, { withFileTypes: true }),
  removeTree,
}

/** Where others may write, there may be a link that leads elsewhere, a pipe that nobody writes to, or a device without end. */
async function readRegular(path: string): Promise<Uint8Array> {
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const status = await handle.stat()
    if (status.isFile() || status.isDirectory()) return await handle.readFile()
    throw Object.assign(new Error(`EINVAL: neither a file nor a directory, read '${path}'`), {
      code: 'EINVAL',
    })
  } finally {
    await handle.close()
  }
}

/**
 * Not by walking down: whoever may write in a directory may exchange one below it for a link while somebody walks, and have
 * him remove what is elsewhere. So each directory that is found is moved out first, beside the tree, where only the owner
 * of the tree can exchange it.
 */
async function removeTree(root: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await removeOnce(root)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      // Somebody still writes.
      if (codeOf(error) !== 'ENOTEMPTY' || tries === REMOVE_TREE_RETRIES) throw error
    }
  }
}

async function removeOnce(root: string): Promise<void> {
  const directories = [root]
  for (const directory of directories) {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name)
      if (!entry.isDirectory()) {
        await unlink(path).catch(unlessAbsent)
        continue
      }
      const aside = `${root}.gone-${randomUUID()}`
      await rename(path, aside)
      if ((await lstat(aside)).isDirectory()) directories.push(aside)
      else await unlink(aside)
    }
  }
  for (const directory of directories.toReversed()) await rmdir(directory)
}

/** Another one removes the same. */
function unlessAbsent(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}
