import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describeSink } from '@weirjs/api/contracts/sink.contract'
import { describeSource } from '@weirjs/api/contracts/source.contract'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import { csvFiles, ndjsonFiles, textFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'
import { STAGING_DIRECTORY } from './file-parts.ts'

const Row = struct('Row', { n: int(), word: text() })
const rows = Array.from({ length: 240 }, (_, n) => ({
  n,
  word: n % 5 === 0 ? `ünï\n"${n}", côdé` : `word ${n}`,
}))
const ndjson = rows.map((row) => JSON.stringify(row)).join('\n')
const csv = ['n,word', ...rows.map((row) => `${row.n},"${row.word.replaceAll('"', '""')}"`)].join(
  '\r\n',
)
const lines = Array.from({ length: 300 }, (_, n) => 'x'.repeat(n % 23) + (n % 7 === 5 ? '🚀' : ''))

function filled(files: Readonly<Record<string, string | Uint8Array>>): MemoryFileSystem {
  const fs = new MemoryFileSystem()
  for (const [path, content] of Object.entries(files)) fs.put(path, content)
  return fs
}

describeSource('NDJSON files cut into many pieces', () => {
  const fs = filled({
    '/in/a.ndjson': `${ndjson}\n`,
    '/in/sub/b.ndjson': ndjson,
    '/in/_SUCCESS': 'no record',
  })
  return {
    source: ndjsonFiles('/in', Row, { fileSystem: fs, splitBytes: 700 }),
    expected: [...rows, ...rows],
  }
})

describeSource('text files cut at every few bytes', () => {
  const fs = filled({ '/in/a.txt': lines.join('\n') })
  return { source: textFiles('/in/*.txt', { fileSystem: fs, splitBytes: 7 }), expected: lines }
})

describeSource('packed files', () => {
  const fs = filled({
    '/in/a.ndjson.gz': gzipSync(ndjson),
    '/in/b.ndjson.zst': zstdCompressSync(Buffer.from(ndjson)),
  })
  return { source: ndjsonFiles('/in', Row, { fileSystem: fs }), expected: [...rows, ...rows] }
})

describeSource('CSV files with newlines in quotes', () => {
  const fs = filled({ '/in/a.csv': csv, '/in/b.csv.gz': gzipSync(csv) })
  return {
    source: csvFiles('/in', Row, { fileSystem: fs, splitBytes: 100 }),
    expected: [...rows, ...rows],
  }
})

describeSource('CSV files without newlines in quotes, cut', () => {
  const plain = rows.map((row) => ({ ...row, word: row.word.replaceAll('\n', ' ') }))
  const fs = filled({ '/in/a.csv': csv.replaceAll(/([^\r])\n/g, '$1 ') })
  return {
    source: csvFiles('/in', Row, { fileSystem: fs, splitBytes: 300, multiline: false }),
    expected: plain,
  }
})

describeSource('a watched directory', () => {
  const fs = filled({ '/in/a.txt': lines.slice(0, 100).join('\n') })
  const later = lines.slice(100)
  let looks = 0
  fs.hook = (operation) => {
    if (operation === 'list' && ++looks === 3) fs.put('/in/b.txt', later.join('\n'))
  }
  return { source: textFiles('/in', { fileSystem: fs, watch: '1ms' }), expected: lines }
})

describeSource('empty files', () => ({
  source: textFiles('/in', { fileSystem: filled({ '/in/a.txt': '', '/in/b.txt': '' }) }),
  expected: [],
}))

for (const format of ['ndjson', 'csv', 'text'] as const) {
  describeSink(`${format} files`, () => {
    const fs = new MemoryFileSystem()
    const published = (): string[] => fs.paths().filter((path) => !path.includes(STAGING_DIRECTORY))
    const content = (): string[] =>
      published().flatMap((path) => fs.text(path).split('\n').slice(0, -1))
    const staged = async (): Promise<number> => fs.paths().length - published().length
    const options = { fileSystem: fs, roll: { bytes: 1_000_000 } }
    const common = {
      staged,
      published: async () => new Map(published().map((path) => [path, fs.text(path)])),
    }
    if (format === 'ndjson') {
      return {
        ...common,
        sink: ndjsonFiles('/out', Row, options),
        record: (n: number) => ({ n, word: 'w' }),
        visible: async () => content().map((line) => (JSON.parse(line) as { n: number }).n),
      }
    }
    const numbers = (wanted: (line: string) => boolean): number[] =>
      content()
        .filter(wanted)
        .map((line) => Number.parseInt(line, 10))
    if (format === 'csv') {
      return {
        ...common,
        sink: csvFiles('/out', Row, options),
        record: (n: number) => ({ n, word: 'a,"b' }),
        visible: async () => numbers((line) => line !== 'n,word'),
      }
    }
    return {
      ...common,
      sink: textFiles('/out', options),
      record: String,
      visible: async () => numbers(() => true),
    } as never
  })
}
