import type { Source } from '@weirjs/api/connector'
import { type Snapshot, SourceRun } from '@weirjs/api/contracts/source-run.contract'
import { struct } from '@weirjs/api/struct'
import { int } from '@weirjs/api/types'
import { describe, expect, it } from 'vitest'
import { ndjsonFiles, parquetFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'
import { sampleParquet } from './parquet-sample.ts'

const Row = struct('Row', { day: int() })
/** Records of each day; a file a day. */
const DAYS = [30, 500, 500, 10, 10]
const BATCH = 10

const days = (rows: number, day: number): readonly { day: number }[] =>
  Array.from({ length: rows }, () => ({ day }))
const expected = DAYS.flatMap((rows, day) => days(rows, day))

function filled(content: (rows: readonly { day: number }[]) => string | Uint8Array) {
  const fileSystem = new MemoryFileSystem()
  for (const [day, rows] of DAYS.entries()) fileSystem.put(`/in/${day}`, content(days(rows, day)))
  return { fileSystem }
}

const ndjson = (rows: readonly unknown[]): string =>
  rows.map((row) => JSON.stringify(row)).join('\n')
const parquet = (rows: readonly { day: number }[]): Uint8Array =>
  sampleParquet([{ name: 'day', kind: 'int' }], rows, rows.length)

const sources: readonly (readonly [string, Source<{ readonly day: number }>])[] = [
  ['NDJSON', ndjsonFiles('/in', Row, filled(ndjson))],
  ['Parquet', parquetFiles('/in', Row, filled(parquet))],
]

/** As two readers leave it, of which the first is in day 2 and the second still in day 1. */
async function halfRead(source: Source<{ readonly day: number }>) {
  const run = await SourceRun.start(source, { readers: 2, batch: BATCH })
  while (!run.output.values.some(({ day }) => day === 2)) await run.round()
  const snapshot = run.snapshot()
  await run.close()
  return { snapshot, before: run.output.values }
}

async function goOn(source: Source<{ readonly day: number }>, snapshot: Snapshot) {
  const run = await SourceRun.start(source, { readers: 1, batch: BATCH }, snapshot)
  const records = await run.finish()
  await run.close()
  return records
}

const inOrder = (records: readonly { readonly day: number }[]) =>
  records.toSorted((a, b) => a.day - b.day)

describe.each(sources)('%s files read by fewer readers than before', (_, source) => {
  it('go on with the earliest', async () => {
    const { snapshot, before } = await halfRead(source)
    const records = await goOn(source, snapshot)
    expect(records).toEqual(inOrder(records))
    expect(inOrder([...before, ...records])).toEqual(expected)
  })

  it('go on from a checkpoint that does not say which are earlier', async () => {
    const { snapshot, before } = await halfRead(source)
    const without = (name: string) => (state: unknown) =>
      Object.fromEntries(Object.entries(state as object).filter(([key]) => key !== name))
    const older = {
      enumerator: without('handedOut')(snapshot.enumerator),
      splits: snapshot.splits.map(without('order')),
    }
    expect(older).not.toEqual(snapshot)
    const records = await goOn(source, older)
    expect(inOrder([...before, ...records])).toEqual(expected)
  })
})
