// Decodes one row group, column by column, with a turn of the event loop between two columns: decoding a column is one
// long computation that nothing else can get into.

import { type FileMetaData, parquetScan } from 'hyparquet'
import { didYouMean } from '@weirjs/api/suggest'
import { nextTurn, type Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { BlockProducer } from './block-pump.ts'
import { damagedFile, goneSince } from './file-errors.ts'
import type { FileSystem } from './file-system.ts'
import {
  asyncBuffer,
  columnNames,
  parquetCompressors,
  parquetParsers,
  readMetadata,
} from './parquet-format.ts'
import type { ParquetSplit } from './parquet-source.ts'

/** Values by column; all have the same length. */
export interface RowBlock {
  readonly names: readonly string[]
  readonly columns: readonly ArrayLike<unknown>[]
  readonly rows: number
}

export interface WantedColumn {
  readonly name: string
  /** False: a file without it is read, the field is absent. */
  readonly required: boolean
}

export class ParquetProducer implements BlockProducer<RowBlock> {
  readonly #fs: FileSystem
  readonly #split: ParquetSplit
  /** Null: all there are. */
  readonly #wanted: readonly WantedColumn[] | null
  readonly #scheduler: Scheduler
  #done = false

  constructor(
    fs: FileSystem,
    split: ParquetSplit,
    wanted: readonly WantedColumn[] | null,
    scheduler: Scheduler,
  ) {
    this.#fs = fs
    this.#split = split
    this.#wanted = wanted
    this.#scheduler = scheduler
  }

  async next(): Promise<RowBlock | null> {
    if (this.#done) return null
    this.#done = true
    const { path, firstRow, rows, next } = this.#split
    const opened = await this.#fs.openRead(path).catch(goneSince)
    try {
      const file = asyncBuffer(opened)
      const metadata = await readMetadata(path, opened)
      this.#refuseOther(metadata)
      const names = this.#choose(columnNames(metadata))
      const range = { rowStart: firstRow + next, rowEnd: firstRow + rows }
      const formats = { compressors: parquetCompressors, parsers: parquetParsers }
      const scan = await parquetScan({ file, metadata, columns: [...names], ...formats, ...range })
      const columns: ArrayLike<unknown>[] = []
      for (const column of names) {
        await nextTurn(this.#scheduler)
        columns.push(await scan.readColumn({ column, ...range }))
      }
      return { names, columns, rows: rows - next }
    } catch (error) {
      throw error instanceof WeirError
        ? error
        : damagedFile(path, `cannot be read (row group ${this.#split.group})`, error)
    } finally {
      await opened.close()
    }
  }

  async close(): Promise<void> {}

  /** Rows of another file would be taken for those that are left of this one. */
  #refuseOther({ row_groups: groups }: FileMetaData): void {
    const { path, group, firstRow, rows } = this.#split
    const before = groups.slice(0, group).reduce((sum, each) => sum + Number(each.num_rows), 0)
    if (before === firstRow && Number(groups[group]?.num_rows) === rows) return
    throw new WeirError('files/changed', `${path} has other row groups than it had`, {
      domain: 'external',
      retry: 'never',
      location: path,
      hint: 'Files must not be changed while they are read; put the old one back.',
    })
  }

  #choose(present: readonly string[]): readonly string[] {
    if (this.#wanted === null) return present
    const missing = this.#wanted.find(({ name, required }) => required && !present.includes(name))
    if (missing === undefined)
      return this.#wanted.map(({ name }) => name).filter((name) => present.includes(name))
    const hint = didYouMean(missing.name, present)
    throw new WeirError('files/no-column', `${this.#split.path} has no column "${missing.name}"`, {
      domain: 'user',
      location: this.#split.path,
      ...(hint === undefined ? {} : { hint }),
    })
  }
}
