// One row group being read: records are built from decoded columns as they are asked for.

import type { SourceOutput } from '@weirjs/api/connector'
import { Mismatch } from '@weirjs/api/declared-type'
import type { FieldTypes, StructType } from '@weirjs/api/struct'
import type { Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { BlockPump } from './block-pump.ts'
import type { FileSystem } from './file-system.ts'
import { ParquetProducer, type RowBlock, type WantedColumn } from './parquet-producer.ts'
import type { ParquetSplit } from './parquet-source.ts'
import type { SplitCursor } from './split-reader.ts'

/** Records between two looks at whether more are wanted. */
const WANTED_EVERY_RECORDS = 64

export interface ParquetCursorOptions<T> {
  readonly fs: FileSystem
  readonly type: StructType<T> | null
  readonly scheduler: Scheduler
  readonly wake: () => void
}

interface Field {
  readonly name: string
  /** Null: values are taken as they are. */
  readonly type: FieldTypes[string] | null
  /** Null: the file has no such column. */
  readonly values: ArrayLike<unknown> | null
}

export class ParquetCursor<T> implements SplitCursor<T, ParquetSplit> {
  readonly #split: ParquetSplit
  readonly #types: FieldTypes | null
  readonly #pump: BlockPump<RowBlock>
  #fields: readonly Field[] | null = null
  #rows = 0
  /** Rows of the block that were emitted. */
  #emitted = 0

  constructor(options: ParquetCursorOptions<T>, split: ParquetSplit) {
    this.#split = split
    this.#types = options.type?.types ?? null
    const wanted = this.#types === null ? null : Object.entries(this.#types).map(wantedColumn)
    this.#pump = new BlockPump(
      new ParquetProducer(options.fs, split, wanted, options.scheduler),
      options.wake,
    )
  }

  poll(output: SourceOutput<T>, max: number): 'more' | 'wait' | 'end' {
    if (this.#fields === null) {
      const block = this.#pump.take()
      if (block === 'wait' || block === 'end') return block
      this.#fields = fieldsOf(block, this.#types)
      this.#rows = block.rows
    }
    const stop = Math.min(this.#rows, this.#emitted + max)
    while (this.#emitted < stop) {
      const pause = Math.min(stop, this.#emitted + WANTED_EVERY_RECORDS)
      while (this.#emitted < pause) {
        const record = this.#record(this.#fields, this.#emitted)
        this.#emitted += 1
        output.emit(record as T, NO_TIMESTAMP)
      }
      if (!output.wanted) break
    }
    return this.#emitted < this.#rows ? 'more' : 'end'
  }

  position(): ParquetSplit {
    return { ...this.#split, next: this.#split.next + this.#emitted }
  }

  close(): Promise<void> {
    return this.#pump.close()
  }

  #record(fields: readonly Field[], row: number): unknown {
    const record: Record<string, unknown> = {}
    for (let i = 0; i < fields.length; i++) {
      const { name, type, values } = fields[i] as Field
      const raw = values === null ? undefined : values[row]
      record[name] = type === null ? raw : this.#value(type, name, raw, row)
    }
    return record
  }

  #value(type: FieldTypes[string], name: string, raw: unknown, row: number): unknown {
    try {
      return type.from(raw)
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error
      const { path, firstRow, next } = this.#split
      const place = `${path}, row ${firstRow + next + row + 1}`
      throw new WeirError('files/bad-record', `${place}: ${error.within(name).sentence}`, {
        domain: 'user',
        location: path,
        hint: 'Where a column has nulls, declare its field nullable.',
      })
    }
  }
}

const wantedColumn = ([name, type]: readonly [string, FieldTypes[string]]): WantedColumn => ({
  name,
  required: type.default === undefined && type.kind !== 'optional' && type.kind !== 'nullable',
})

function fieldsOf(block: RowBlock, types: FieldTypes | null): readonly Field[] {
  if (types === null) {
    return block.names.map((name, i) => ({ name, type: null, values: block.columns[i] ?? null }))
  }
  return Object.entries(types).map(([name, type]) => ({
    name,
    type,
    values: block.columns[block.names.indexOf(name)] ?? null,
  }))
}
