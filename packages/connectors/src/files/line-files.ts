// Files of lines as a place that a job reads from or writes to: what NDJSON, CSV and text have in common.

import type { Sink, Source } from '@weirjs/api/connector'
import { type Duration, durationMs } from '@weirjs/api/durations'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import { plainCodec } from '../plain-codec.ts'
import type { Compression } from './byte-blocks.ts'
import { FileCommitter } from './file-committer.ts'
import { FileEnumerator, type FileEnumeratorState, fileWork } from './file-enumerator.ts'
import { type FileCommittable, fileCommittableCodec } from './file-parts.ts'
import type { FileSystem } from './file-system.ts'
import { FileWriter } from './file-writer.ts'
import { type BadLines, LineCursor } from './line-cursor.ts'
import type { LineFormat } from './line-format.ts'
import { bytesLeft, type LineSplit, SPLIT_BYTES, cutFile, lineSplitCodec } from './line-split.ts'
import { nodeFileSystem } from './node/node-file-system.ts'
import { SplitReader } from './split-reader.ts'

const ROLL_BYTES = 128 * 1024 * 1024

export interface ReadOptions {
  /** Look for new files so often, for ever. Files must appear complete (by a rename). Default: look once. */
  readonly watch?: Duration
  /** Default `fail`; `dead-letter`: they leave by `.side('dead-letters')`. */
  readonly badLines?: BadLines
  /** True: no file is no mistake; with `watch`, nor is a path that is not there yet. */
  readonly allowEmpty?: boolean
  /** Default: by the file's name (`.gz`, `.zst`). */
  readonly compression?: Compression | 'auto'
  /** Files are cut into pieces of about this size. Default 16 MiB. */
  readonly splitBytes?: number
}

export interface WriteOptions {
  /** When a part is closed besides at every checkpoint. Default: 128 MiB. */
  readonly roll?: { readonly bytes?: number; readonly every?: Duration }
}

export interface FileOptions extends ReadOptions, WriteOptions {
  /** Default: the machine's own. */
  readonly fileSystem?: FileSystem
}

/** A source of the records in files, and a sink that writes them: exactly once both ways. */
export interface LineFiles<T>
  extends Source<T, LineSplit, FileEnumeratorState<LineSplit>>,
    Sink<T, FileCommittable, never> {
  readonly record: Codec<T>
}

const enumeratorStateCodec: Codec<FileEnumeratorState<LineSplit>> = plainCodec(
  'files/enumerator',
  1,
)

/** `path`: a file, directory or pattern to read; a directory to write. Throws WeirError `files/bad-option`. */
export function lineFiles<T>(
  path: string,
  format: LineFormat<T>,
  options: FileOptions,
): LineFiles<T> {
  const {
    badLines = 'fail',
    compression = 'auto',
    splitBytes = SPLIT_BYTES,
    allowEmpty = false,
  } = options
  const fs = options.fileSystem ?? nodeFileSystem
  const watchMs = period(options.watch, 'watch')
  const rollBytes = positive(options.roll?.bytes ?? ROLL_BYTES, 'roll.bytes')
  const rollAfterMs = period(options.roll?.every, 'roll.every')
  const cut = {
    splittable: format.splittable,
    splitBytes: positive(splitBytes, 'splitBytes'),
    compression,
  }
  return {
    description: `${format.name} files ${path}`,
    bounded: watchMs === null,
    deadLetters: badLines === 'dead-letter',
    record: format.record,
    splitCodec: lineSplitCodec,
    enumeratorStateCodec,
    work: fileWork(bytesLeft),
    createEnumerator: (context, restored) =>
      new FileEnumerator(context, restored, {
        fs,
        path,
        watchMs,
        allowEmpty,
        splitsOf: async (file) => cutFile(file, cut),
      }),
    createReader: (context) => {
      const wake = (): void => context.wake()
      return new SplitReader((split) => new LineCursor({ fs, format, badLines, wake }, split))
    },

    guarantee: 'exactly-once',
    committableCodec: fileCommittableCodec,
    stateCodec: null,
    createWriter: (context) =>
      new FileWriter(context, {
        fs,
        directory: path,
        ending: format.ending,
        lines: format.writer(),
        rollBytes,
        rollAfterMs,
      }),
    createCommitter: (context) => new FileCommitter(fs, path, context),
  }
}

/** Milliseconds; null: not said. Throws WeirError `files/bad-option` for less than one, `job/bad-duration`. */
export const period = (said: Duration | undefined, what: string): number | null =>
  said === undefined ? null : positive(durationMs(said, what), what)

function positive(value: number, what: string): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new WeirError('files/bad-option', `${what} is ${value}: a whole number above 0`, {
    domain: 'user',
  })
}
