import { describeSource } from '@weirjs/api/contracts/source.contract'
import { textCodec } from '@weirjs/common/codec/primitives'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { SourceRun } from '@weirjs/api/contracts/source-run.contract'
import { partFiles } from './part-files.ts'
import { WordCutter } from './word-cutter.ts'

const words = (count: number, chars: number): string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(chars, 'w'))

function wordFiles(parts: readonly string[]): {
  source: ReturnType<typeof partFiles<string>>
  dispose: () => Promise<void>
} {
  const directory = mkdtempSync(join(tmpdir(), 'weir-parts-'))
  parts.forEach((text, i) => writeFileSync(join(directory, `part-${i}`), text))
  const source = partFiles({
    directory,
    parts: parts.length,
    headerBytes: 0,
    record: textCodec,
    cutter: () => new WordCutter(),
  })
  const dispose = async (): Promise<void> => rmSync(directory, { recursive: true })
  return { source, dispose }
}

const lines = (list: readonly string[]): string => list.map((word) => `${word}\n`).join('')

describeSource('words in part files', () => {
  const [some, others] = [words(90, 5), words(40, 300)]
  return { ...wordFiles([lines(some), lines(others)]), expected: [...some, ...others] }
})

it('records that pieces and blocks cut in two come whole', async () => {
  // 2.4 MB: several blocks of 1 MiB, and pieces of 64 KiB that end anywhere.
  const expected = words(2_000, 1_199)
  const { source, dispose } = wordFiles([lines(expected)])
  const run = await SourceRun.start(source, { readers: 1, batch: 100 })
  expect(await run.finish()).toEqual(expected)
  await run.close()
  await dispose()
})

it('a file that ends within a record is refused by name', async () => {
  const { source, dispose } = wordFiles(['whole\nhal'])
  const run = await SourceRun.start(source, { readers: 1, batch: 10 })
  await expect(run.finish()).rejects.toThrow(/part-0 ends within a record/)
  await run.close()
  await dispose()
})
