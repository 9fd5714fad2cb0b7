// What files are read and written through: an interface with two implementations (node's, and one in memory with faults
// and power loss), so that exactly-once output can be proven without a disk. Paths use `/`. Everything that goes wrong is
// a WeirError: `files/not-found`, `files/exists`, `files/denied`, `files/full`, `files/io`, `files/not-a-directory`,
// `files/unsupported`, `files/too-many-open`.

export type EntryKind = 'file' | 'directory' | 'other'

export interface FileFacts {
  readonly kind: EntryKind
  readonly bytes: number
}

export interface DirectoryEntry {
  readonly name: string
  /** Of a symbolic link: of what it leads to. */
  readonly kind: EntryKind
  /** It is a symbolic link; absent: none. */
  readonly link?: boolean
}

export interface ReadableFile {
  /** Size when it was opened. */
  readonly bytes: number
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

export interface WritableFile {
  /** Appends. The bytes may be used again by the caller when the promise has resolved. */
  write(bytes: Uint8Array): Promise<void>
  /** Makes everything written so far survive a power loss (its name needs `syncDirectory` besides). */
  sync(): Promise<void>
  close(): Promise<void>
}

export interface FileSystem {
  /** Null when there is nothing at `path`. Follows symbolic links. */
  facts(path: string): Promise<FileFacts | null>
  /** The one path to what is there that has no symbolic link in it. */
  realPath(path: string): Promise<string>
  /** In no particular order. */
  list(directory: string): Promise<readonly DirectoryEntry[]>
  openRead(path: string): Promise<ReadableFile>
  /** Makes a new file; `files/exists` when the name is taken. */
  create(path: string): Promise<WritableFile>
  /** Makes a directory with those above it, durably; harmless when it exists. */
  makeDirectories(path: string): Promise<void>
  /**
   * Gives a file another name, in one step also for a process that dies, and not in place of another file: `exists` when
   * the name is taken. Only one who makes a file of that very name in the same moment is not seen.
   */
  rename(from: string, to: string): Promise<'renamed' | 'exists'>
  /** Harmless when there is nothing. */
  remove(path: string): Promise<void>
  /** Removes a directory when it is empty; harmless when it is not, or not there. */
  removeEmptyDirectory(path: string): Promise<void>
  /** Makes the names in a directory survive a power loss. */
  syncDirectory(path: string): Promise<void>
}

/** Two parts of a path as one. */
export function joinPath(directory: string, name: string): string {
  return directory === '' || directory.endsWith('/')
    ? `${directory}${name}`
    : `${directory}/${name}`
}

/** The directory of a path: `.` for a bare name. */
export function directoryOf(path: string): string {
  const at = path.lastIndexOf('/')
  if (at < 0) return '.'
  return at === 0 ? '/' : path.slice(0, at)
}

/** The last part of a path. */
export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)
