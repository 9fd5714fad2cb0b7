import { type Snapshot, SourceRun } from '@weirjs/api/contracts/source-run.contract'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import { settle } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { READ_BYTES } from './byte-blocks.ts'
import { csvFiles, ndjsonFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

function filled(path: string, content: string): MemoryFileSystem {
  const fs = new MemoryFileSystem()
  fs.put(path, content)
  return fs
}

describe('a reader of lines that restarts', () => {
  it('between the blocks of one long record takes that record again from its first line', async () => {
    const Row = struct('Row', { n: int(), story: text() })
    const line = `${'x'.repeat(99)}\n`
    const long = line.repeat(Math.ceil((2.5 * READ_BYTES) / line.length))
    const expected = [
      { n: 1, story: 'short' },
      { n: 2, story: long },
      { n: 3, story: 'end' },
    ]
    const csv = ['n,story', ...expected.map((row) => `${row.n},"${row.story}"`)].join('\n')
    const fileSystem = filled('/in/x.csv', csv)
    // Slow enough for a snapshot between any two blocks.
    fileSystem.hook = async (operation) => {
      if (operation === 'read') for (let turns = 0; turns < 5; turns++) await settle()
    }
    const source = csvFiles('/in/x.csv', Row, { fileSystem })
    const first = await SourceRun.start(source, { readers: 1, batch: 10 })
    const taken: { readonly snapshot: Snapshot; readonly emitted: number }[] = []
    while (!first.done) {
      await first.round()
      taken.push({ snapshot: first.snapshot(), emitted: first.output.values.length })
    }
    expect(taken.filter(({ emitted }) => emitted === 1).length).toBeGreaterThan(1)
    for (const { snapshot, emitted } of taken) {
      const again = await SourceRun.start(source, { readers: 1, batch: 10 }, snapshot)
      expect(await again.finish()).toEqual(expected.slice(emitted))
      await again.close()
    }
    expect(first.output.values).toEqual(expected)
    await first.close()
  })

  it('still knows the numbers of lines', async () => {
    const Row = struct('Row', { n: int() })
    const lines = Array.from({ length: 100_000 }, (_, n) => JSON.stringify({ n }))
    lines[90_000] = 'bad'
    const source = ndjsonFiles('/in/x.ndjson', Row, {
      fileSystem: filled('/in/x.ndjson', lines.join('\n')),
      badLines: 'dead-letter',
      splitBytes: 1_000_000,
    })
    const first = await SourceRun.start(source, { readers: 1, batch: 1_000 })
    while (first.output.values.length < 80_000) await first.round()
    const next = await SourceRun.start(source, { readers: 1, batch: 1_000 }, first.snapshot())
    await next.finish()
    expect(next.output.deadLetters).toMatchObject([{ line: 90_001, text: 'bad' }])
    await first.close()
    await next.close()
  })
})
