import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SourceRun } from '@weirjs/api/contracts/source-run.contract'
import { struct } from '@weirjs/api/struct'
import { float, int, nullable, optional, text, timestamp } from '@weirjs/api/types'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { settle } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { parquetFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'
import { parquetParsers } from './parquet-format.ts'
import { sampleParquet } from './parquet-sample.ts'

const Visit = struct('Visit', { user: text(), pages: int() })
const columns = [
  { name: 'user', kind: 'text' },
  { name: 'pages', kind: 'int' },
] as const
const file = sampleParquet(
  columns,
  [
    { user: 'ann', pages: 3 },
    { user: 'bob', pages: 4 },
  ],
  10,
)

function withFile(content: Uint8Array | string): MemoryFileSystem {
  const fs = new MemoryFileSystem()
  fs.put('/in/a.parquet', content)
  return fs
}

async function read(source: ReturnType<typeof parquetFiles<unknown>>): Promise<readonly unknown[]> {
  const run = await SourceRun.start(source, { readers: 1, batch: 100 })
  try {
    return await run.finish()
  } finally {
    await run.close()
  }
}

it('times before 1970 are rounded like those behind, whatever their unit', () => {
  const { timestampFromMicroseconds, timestampFromNanoseconds } = parquetParsers
  for (const [micros, ms] of [
    [-1n, -1],
    [-1_000n, -1],
    [-1_001n, -2],
    [1_999n, 1],
  ] as const) {
    expect(timestampFromMicroseconds?.(micros)).toBe(ms)
    expect(timestampFromNanoseconds?.(micros * 1_000n)).toBe(ms)
  }
})

describe('parquetFiles', () => {
  it('gives every column as it is when no type is declared', async () => {
    const records = await read(parquetFiles('/in', { fileSystem: withFile(file) }))
    expect(records).toEqual([
      { user: 'ann', pages: 3n },
      { user: 'bob', pages: 4n },
    ])
  })

  it('leaves optional fields out that a file does not have', async () => {
    const Wider = struct('Wider', {
      user: text(),
      note: optional(text()),
      score: nullable(float()),
      n: int({ default: 7 }),
    })
    const records = await read(
      parquetFiles<unknown>('/in', Wider as never, { fileSystem: withFile(file) }),
    )
    expect(records[0]).toEqual({ user: 'ann', note: undefined, score: null, n: 7 })
  })

  it('names a column that is missing, and the nearest one', async () => {
    const Wrong = struct('Wrong', { usr: text() })
    const reading = read(
      parquetFiles<unknown>('/in', Wrong as never, { fileSystem: withFile(file) }),
    )
    await expect(reading).rejects.toMatchObject({
      code: 'files/no-column',
      hint: 'Did you mean "user"?',
    })
  })

  it('names the row whose value does not fit its type', async () => {
    const Wrong = struct('Wrong', { user: int() })
    const reading = read(
      parquetFiles<unknown>('/in', Wrong as never, { fileSystem: withFile(file) }),
    )
    await expect(reading).rejects.toMatchObject({
      code: 'files/bad-record',
      message: '/in/a.parquet, row 1: field "user": expected a whole number, got "ann"',
    })
  })

  it.each([
    ['is empty', ''],
    ['is something else', 'a,b,c\n1,2,3\n'],
    ['is cut short', file.subarray(0, file.length - 9)],
  ])('refuses a file that %s', async (_, content) => {
    const reading = read(
      parquetFiles<unknown>('/in', Visit as never, { fileSystem: withFile(content) }),
    )
    await expect(reading).rejects.toMatchObject({
      code: 'files/damaged',
      location: '/in/a.parquet',
    })
  })

  it('takes a file that goes before its row groups were read for one that was never there', async () => {
    const fs = withFile(file)
    fs.put('/in/b.parquet', file)
    fs.hook = async (operation, path) => {
      if (operation === 'open' && path === '/in/a.parquet') await fs.remove(path)
    }
    const source = parquetFiles('/in', { fileSystem: fs, watch: '1s' })
    const scheduler = new ManualScheduler()
    const context = { parallelism: 1, restarted: false, scheduler, wake: () => {} }
    const enumerator = source.createEnumerator(context, null)
    const found = (): readonly string[] => enumerator.snapshot().pending.map(({ path }) => path)
    await enumerator.start()
    expect(found()).toEqual(['/in/b.parquet'])
    fs.hook = () => {}
    fs.put('/in/a.parquet', file)
    scheduler.advance(1_000)
    await settle()
    expect(found()).toEqual(['/in/b.parquet', '/in/a.parquet'])
    await enumerator.close()
    fs.hook = async (operation, path) => {
      if (operation === 'open') await fs.remove(path)
    }
    const once = parquetFiles('/in', { fileSystem: fs }).createEnumerator(context, null)
    await expect(once.start()).rejects.toMatchObject({ code: 'files/not-found', retry: 'never' })
  })

  it.each([
    ['fewer rows', [{ user: 'ann', pages: 3 }], 10],
    [
      'its rows in other groups',
      [
        { user: 'ann', pages: 3 },
        { user: 'bob', pages: 4 },
      ],
      1,
    ],
  ])('refuses a file that has %s since it was found', async (_, rows, group) => {
    const fs = withFile(file)
    let opened = 0
    fs.hook = (operation) => {
      if (operation === 'open' && ++opened === 2)
        fs.put('/in/a.parquet', sampleParquet(columns, rows, group))
    }
    await expect(read(parquetFiles('/in', { fileSystem: fs }))).rejects.toMatchObject({
      code: 'files/changed',
      location: '/in/a.parquet',
    })
  })

  const flights = flightsFile()
  it.skipIf(flights === null)('reads three million flights by their row groups', async () => {
    const Flight = struct('Flight', { date: timestamp(), delay: int(), origin: text() })
    const source = parquetFiles(flights ?? '', Flight)
    const enumerator = source.createEnumerator(
      { parallelism: 1, restarted: false, scheduler: neverUsed, wake: () => {} },
      null,
    )
    await enumerator.start()
    const splits = enumerator.snapshot().pending
    expect(splits.length).toBe(11)
    expect(splits.reduce((rows, split) => rows + split.rows, 0)).toBe(3_000_000)
    const last = splits.at(-1)
    const run = await SourceRun.start(
      source,
      { readers: 1, batch: 1_000 },
      {
        enumerator: { looked: true, pending: [], seen: [] },
        splits: [{ ...last, next: (last?.rows ?? 0) - 3 }],
      },
    )
    expect(await run.finish()).toEqual([
      expect.objectContaining({ origin: expect.any(String) as string }),
      expect.anything(),
      expect.objectContaining({
        date: expect.any(Number) as number,
        delay: expect.any(Number) as number,
      }),
    ])
    await run.close()
  })
})

const neverUsed = {
  nowMs: () => 0,
  wallMs: () => 0,
  timer: () => () => {},
  nextTurn: () => () => {},
}

/** Examples depend on the data set; this package does not. */
function flightsFile(): string | null {
  const examples = join(dirname(fileURLToPath(import.meta.url)), '../../../../examples')
  const path = join(examples, 'node_modules/vega-datasets/data/flights-3m.parquet')
  return existsSync(path) ? path : null
}
