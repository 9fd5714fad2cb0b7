// What FsStorage asks of the system, as an interface: tests make single calls fail, and the simulator puts a disk of its own
// beneath, which loses power between any two of them.

import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  unlink,
} from 'node:fs/promises'

const REMOVE_TREE_RETRIES = 3

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
  readFile,
  stat: (path) => stat(path, { bigint: true }),
  readdir: (path) => readdir(path, { withFileTypes: true }),
  removeTree: (path) => rm(path, { recursive: true, force: true, maxRetries: REMOVE_TREE_RETRIES }),
}
