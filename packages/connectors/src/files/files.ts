// The author's door to files: `ndjsonFiles`, `csvFiles`, `textFiles` read and write, `parquetFiles` reads.

import { type DeclaredType, Mismatch, isDeclaredType } from '@weirjs/api/declared-type'
import type { StructType } from '@weirjs/api/struct'
import { json, text } from '@weirjs/api/types'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import { type CsvOptions, csvFormat } from './csv-format.ts'
import { type FileOptions, type LineFiles, lineFiles } from './line-files.ts'
import { ndjsonFormat, textFormat } from './line-format.ts'
import { type ParquetOptions, type ParquetSource, parquetSource } from './parquet-source.ts'

/** One JSON value a line. With a type, records are checked and converted; without, they are what JSON says. */
export function ndjsonFiles<T>(
  path: string,
  type: DeclaredType<T>,
  options?: FileOptions,
): LineFiles<T>
export function ndjsonFiles<T = unknown>(path: string, options?: FileOptions): LineFiles<T>
export function ndjsonFiles<T>(
  path: string,
  second: DeclaredType<T> | FileOptions = {},
  third: FileOptions = {},
): LineFiles<T> {
  if (isType(second)) return lineFiles(path, ndjsonFormat(second as DeclaredType<T>), third)
  return lineFiles(path, ndjsonFormat(json<T>()), second as FileOptions)
}

export interface CsvFileOptions extends FileOptions, CsvOptions {}

/**
 * Comma-separated values whose first line names the columns. With a type, cells are converted and columns chosen by
 * name; without, records have a text for every column.
 */
export function csvFiles<T>(
  path: string,
  type: StructType<T>,
  options?: CsvFileOptions,
): LineFiles<T>
export function csvFiles(
  path: string,
  options?: CsvFileOptions,
): LineFiles<Readonly<Record<string, string>>>
export function csvFiles<T>(
  path: string,
  second: StructType<T> | CsvFileOptions = {},
  third: CsvFileOptions = {},
): LineFiles<T> {
  const typed = isType(second)
  const type = typed ? (second as StructType<T>) : null
  const options = typed ? third : (second as CsvFileOptions)
  try {
    return lineFiles(path, csvFormat(type, type ?? (dynamicCodec as Codec<T>), options), options)
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error
    throw new WeirError('files/bad-option', error.message, { domain: 'user' })
  }
}

/** Every line is a record. */
export function textFiles(path: string, options: FileOptions = {}): LineFiles<string> {
  return lineFiles(path, textFormat(text()), options)
}

/**
 * Parquet files, by their row groups. With a type only its columns are read; times are milliseconds since 1970, and an
 * `int()` is read from 64-bit columns too. Without, records have every column as it is.
 */
export function parquetFiles<T>(
  path: string,
  type: StructType<T>,
  options?: ParquetOptions,
): ParquetSource<T>
export function parquetFiles<T = Readonly<Record<string, unknown>>>(
  path: string,
  options?: ParquetOptions,
): ParquetSource<T>
export function parquetFiles<T>(
  path: string,
  second: StructType<T> | ParquetOptions = {},
  third: ParquetOptions = {},
): ParquetSource<T> {
  if (isType(second)) return parquetSource(path, second as StructType<T>, third)
  return parquetSource<T>(path, null, second as ParquetOptions)
}

function isType(value: object): value is DeclaredType<never> {
  return 'write' in value && isDeclaredType(value as Codec)
}
