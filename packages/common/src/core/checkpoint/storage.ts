// The shared storage that checkpoints, job logs and bundles lie on, as the few operations that exactly-once needs
// (decisions D1 to D3). Paths are relative to the storage root, with `/`, checked by the implementation. Every failure
// is a WeirError: `storage/not-found`, `storage/exists`, `storage/full`, `storage/io`, `storage/closed`,
// `storage/invalid-path`, and at opening `storage/unsupported`.

/** A file being written under a name that no reader looks at. One writer, calls in sequence. */
export interface StagedFile {
  /** The bytes may be used again by the caller when the promise has resolved. */
  write(bytes: Uint8Array): Promise<void>
  /**
   * Makes the file durable and visible under its final name, atomically; never replaces a file.
   * Throws `storage/exists` when the name is taken, `storage/io` when durability could not be had (the file is
   * abandoned then: a failed fsync is never tried again).
   */
  publish(): Promise<void>
  /** Drops what was written. Harmless after publish or a failure. */
  abandon(): Promise<void>
}

export interface CheckpointStorage {
  /** Starts a file that will appear at `path`. `tag` makes the staging name unique per attempt. */
  stage(path: string, tag: string): Promise<StagedFile>
  /**
   * Creates a small file exclusively and durably: `created`, or `exists` when the name was taken before (durably too).
   * An ambiguous failure throws `storage/io`; the caller reads back and compares (D2).
   */
  createExclusive(path: string, bytes: Uint8Array, tag: string): Promise<'created' | 'exists'>
  /** The whole file; `storage/not-found` when there is none. */
  read(path: string): Promise<Uint8Array>
  /** Length of a file; `storage/not-found` when there is none. */
  size(path: string): Promise<number>
  /** Paths of files below a directory (recursive), sorted; empty when it does not exist. Staging files are left out. */
  list(directory: string): Promise<readonly string[]>
  /** Names of the directories directly in `directory`, sorted; '' is the root. Empty when it does not exist. */
  listDirectories(directory: string): Promise<readonly string[]>
  /** Deletes a file; harmless when it does not exist. */
  remove(path: string): Promise<void>
  /** Deletes a directory with everything in it, staging files too; harmless when it does not exist. */
  removeTree(directory: string): Promise<void>
  /** What a person can open: the absolute path or URL of `path`. */
  locate(path: string): string
}
