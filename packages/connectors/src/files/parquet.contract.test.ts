import { describeSource } from '@weirjs/api/contracts/source.contract'
import { struct } from '@weirjs/api/struct'
import { int, text, timestamp } from '@weirjs/api/types'
import { parquetFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'
import { sampleParquet } from './parquet-sample.ts'

const Visit = struct('Visit', { at: timestamp(), user: text(), pages: int() })
const visits = Array.from({ length: 130 }, (_, n) => ({
  at: 1_000 * n,
  user: `üser ${n % 9}`,
  pages: n,
}))
const columns = [
  { name: 'user', kind: 'text' },
  { name: 'pages', kind: 'int' },
  { name: 'unused', kind: 'int' },
  { name: 'at', kind: 'time' },
] as const

describeSource('Parquet files', () => {
  const fs = new MemoryFileSystem()
  fs.put('/in/a.parquet', sampleParquet(columns, visits.slice(0, 100), 23))
  fs.put('/in/b.parquet', sampleParquet(columns, visits.slice(100), 1_000))
  return { source: parquetFiles('/in/*.parquet', Visit, { fileSystem: fs }), expected: visits }
})
