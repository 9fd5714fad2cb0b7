// Files as sources and sinks: what a job's author imports from 'weirjs/files'.

export {
  type CsvFileOptions,
  csvFiles,
  ndjsonFiles,
  parquetFiles,
  textFiles,
} from '@weirjs/connectors/files/files'
export type { FileOptions, LineFiles } from '@weirjs/connectors/files/line-files'
export type { ParquetOptions, ParquetSource } from '@weirjs/connectors/files/parquet-source'
