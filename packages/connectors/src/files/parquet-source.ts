// Parquet files in: one split for each row group, decoded as a whole (its memory is the price of the format) and emitted
// row by row. With a record type only its columns are read.

import type { Source } from '@weirjs/api/connector'
import type { Duration } from '@weirjs/api/durations'
import type { StructType } from '@weirjs/api/struct'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import type { Codec } from '@weirjs/common/core/codec'
import { plainCodec } from '../plain-codec.ts'
import {
  FileEnumerator,
  type FileEnumeratorState,
  type FileSplit,
  fileWork,
} from './file-enumerator.ts'
import type { FoundFile } from './file-paths.ts'
import type { FileSystem } from './file-system.ts'
import { period } from './line-files.ts'
import { nodeFileSystem } from './node/node-file-system.ts'
import { ParquetCursor } from './parquet-cursor.ts'
import { readMetadata } from './parquet-format.ts'
import { SplitReader } from './split-reader.ts'

/** One row group. */
export interface ParquetSplit extends FileSplit {
  readonly path: string
  readonly group: number
  /** Number of its first row in the file. */
  readonly firstRow: number
  readonly rows: number
  /** Rows of the group that were emitted. */
  readonly next: number
}

export interface ParquetOptions {
  /** Look for new files so often, for ever. Files must appear complete (by a rename). Default: look once. */
  readonly watch?: Duration
  /** True: no file is no mistake; with `watch`, nor is a path that is not there yet. */
  readonly allowEmpty?: boolean
  /** Default: the machine's own. */
  readonly fileSystem?: FileSystem
}

const splitCodec: Codec<ParquetSplit> = plainCodec('files/parquet-split', 1)
const enumeratorStateCodec: Codec<FileEnumeratorState<ParquetSplit>> = plainCodec(
  'files/enumerator',
  1,
)

export type ParquetSource<T> = Source<T, ParquetSplit, FileEnumeratorState<ParquetSplit>>

/** `type` null: all columns as they are. */
export function parquetSource<T>(
  path: string,
  type: StructType<T> | null,
  options: ParquetOptions,
): ParquetSource<T> {
  const fs = options.fileSystem ?? nodeFileSystem
  const watchMs = period(options.watch, 'watch')
  return {
    description: `parquet files ${path}`,
    bounded: watchMs === null,
    record: type ?? (dynamicCodec as Codec<T>),
    splitCodec,
    enumeratorStateCodec,
    work: fileWork(({ rows, next }) => rows - next),
    createEnumerator: (context, restored) =>
      new FileEnumerator(context, restored, {
        fs,
        path,
        watchMs,
        allowEmpty: options.allowEmpty ?? false,
        splitsOf: (file) => rowGroups(fs, file),
      }),
    createReader: (context) => {
      const wake = (): void => context.wake()
      const { scheduler } = context
      return new SplitReader((split) => new ParquetCursor<T>({ fs, type, scheduler, wake }, split))
    },
  }
}

async function rowGroups(fs: FileSystem, { path }: FoundFile): Promise<readonly ParquetSplit[]> {
  const file = await fs.openRead(path)
  try {
    const metadata = await readMetadata(path, file)
    let firstRow = 0
    return metadata.row_groups.flatMap((each, group) => {
      const rows = Number(each.num_rows)
      const split = { id: `${path}#${group}`, path, group, firstRow, rows, next: 0 }
      firstRow += rows
      return rows === 0 ? [] : [split]
    })
  } finally {
    await file.close()
  }
}
