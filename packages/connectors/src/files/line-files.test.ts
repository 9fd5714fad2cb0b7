import { SourceRun } from '@weirjs/api/contracts/source-run.contract'
import { struct } from '@weirjs/api/struct'
import { int } from '@weirjs/api/types'
import { describe, expect, it } from 'vitest'
import { READ_BYTES } from './byte-blocks.ts'
import { patternExpression } from './file-paths.ts'
import { type LineFiles } from './line-files.ts'
import { ndjsonFiles, textFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

const Row = struct('Row', { n: int() })

function filled(files: Readonly<Record<string, string | Uint8Array>>): MemoryFileSystem {
  const fs = new MemoryFileSystem()
  for (const [path, content] of Object.entries(files)) fs.put(path, content)
  return fs
}

async function read<T>(source: LineFiles<T>) {
  const run = await SourceRun.start(source, { readers: 2, batch: 10 })
  try {
    return { records: await run.finish(), deadLetters: run.output.deadLetters }
  } finally {
    await run.close()
  }
}

describe('input paths', () => {
  const fs = filled({
    '/in/a.txt': 'a',
    '/in/deep/er/b.txt': 'b',
    '/in/c.csv': 'c',
    '/in/.hidden': 'h',
    '/in/_log/x.txt': 'x',
  })
  const records = async (path: string): Promise<readonly string[]> =>
    [...(await read(textFiles(path, { fileSystem: fs }))).records].sort((a, b) => (a < b ? -1 : 1))

  it('may be a file, a directory or a pattern; hidden names are never read', async () => {
    expect(await records('/in/a.txt')).toEqual(['a'])
    expect(await records('/in')).toEqual(['a', 'b', 'c'])
    expect(await records('/in/')).toEqual(['a', 'b', 'c'])
    expect(await records('/in/*.txt')).toEqual(['a'])
    expect(await records('/in/**/*.txt')).toEqual(['a', 'b'])
    expect(await records('/in/?.{csv,txt}')).toEqual(['a', 'c'])
    expect(await records('/in/**')).toEqual(['a', 'b', 'c'])
    expect(await records('/*/d*/e?/*')).toEqual(['b'])
    expect(await records('/in/deep/**/b.txt')).toEqual(['b'])
  })

  it.each([
    ['/nowhere', 'files/not-found'],
    ['/nowhere/*.txt', 'files/not-found'],
    ['/in/*.parquet', 'files/empty-input'],
    ['', 'files/no-path'],
  ])('%j is refused as %s', async (path, code) => {
    await expect(records(path)).rejects.toMatchObject({ code, domain: 'user', retry: 'never' })
  })

  it('lead into no directory that they cannot match', async () => {
    const listed: string[] = []
    fs.hook = (operation, path) => {
      if (operation === 'list') listed.push(path)
    }
    await records('/in/*.txt')
    fs.hook = () => {}
    expect(listed).toEqual(['/in'])
  })

  it('may be empty when that is allowed', async () => {
    expect(
      (await read(textFiles('/in/*.none', { fileSystem: fs, allowEmpty: true }))).records,
    ).toEqual([])
  })

  it('match as patterns do', () => {
    const matches = (pattern: string, path: string): boolean =>
      patternExpression(pattern).test(path)
    expect(matches('*.b', 'x.b')).toBe(true)
    expect(matches('*.b', 'x.bc')).toBe(false)
    expect(matches('x?{1,2}', 'xa2')).toBe(true)
    expect(matches('[!a-c]x', 'dx')).toBe(true)
    expect(matches('[!a-c]x', 'ax')).toBe(false)
    expect(matches('a+(b).txt', 'a+(b).txt')).toBe(true)
    expect(matches('a+(b).txt', 'aab.txt')).toBe(false)
  })
})

describe('bad lines', () => {
  const lines = Array.from({ length: 100 }, (_, n) =>
    n === 57 ? 'no JSON' : JSON.stringify({ n }),
  )
  const fs = filled({ '/in/x.ndjson': lines.join('\n') })

  it('fail the job, naming file and line even in the middle of a cut file', async () => {
    for (const splitBytes of [1_000_000, 100]) {
      await expect(
        read(ndjsonFiles('/in', Row, { fileSystem: fs, splitBytes })),
      ).rejects.toMatchObject({
        code: 'files/bad-line',
        location: '/in/x.ndjson:58',
        message: expect.stringMatching(/^\/in\/x\.ndjson:58: this is no JSON/) as string,
      })
    }
  })

  it('become dead letters with their line number and text', async () => {
    const { records, deadLetters } = await read(
      ndjsonFiles('/in', Row, { fileSystem: fs, splitBytes: 100, badLines: 'dead-letter' }),
    )
    expect(records.length).toBe(99)
    expect(deadLetters).toMatchObject([{ source: '/in/x.ndjson', line: 58, text: 'no JSON' }])
  })

  it('can be skipped', async () => {
    const { records, deadLetters } = await read(
      ndjsonFiles('/in', Row, { fileSystem: fs, badLines: 'skip' }),
    )
    expect([records.length, deadLetters.length]).toEqual([99, 0])
  })

  it('are also those that are not valid UTF-8', async () => {
    const broken = filled({
      '/in/x.txt': Buffer.concat([Buffer.from('ä\n'), Buffer.of(0xff, 0x41), Buffer.from('\nb')]),
    })
    await expect(read(textFiles('/in', { fileSystem: broken }))).rejects.toMatchObject({
      location: '/in/x.txt:2',
    })
    const { records } = await read(textFiles('/in', { fileSystem: broken, badLines: 'skip' }))
    expect(new Set(records)).toEqual(new Set(['b', 'ä']))
  })

  it('are told from mistakes of the steps behind the source', async () => {
    const run = await SourceRun.start(
      ndjsonFiles('/in', Row, { fileSystem: fs, badLines: 'skip' }),
      { readers: 1, batch: 10 },
    )
    run.output.emit = () => {
      Row.from({ n: 'wrong' })
    }
    await expect(run.finish()).rejects.toThrow('expected a whole number')
    await run.close()
  })
})

it.each([
  [{ watch: 0 }, 'files/bad-option'],
  [{ roll: { every: '0.2ms' } }, 'files/bad-option'],
  [{ roll: { every: '-5s' } }, 'job/bad-duration'],
] as const)('options are refused where they are said: %j', (options, code) => {
  expect(() => textFiles('/x', options)).toThrow(expect.objectContaining({ code, domain: 'user' }))
})

it.each(['skip', 'dead-letter'] as const)(
  'a poll takes no more bad lines than it is to take records (%s)',
  async (badLines) => {
    const fs = filled({ '/in/x.ndjson': `${'bad\n'.repeat(5_000)}{"n":1}` })
    const source = ndjsonFiles('/in', Row, { fileSystem: fs, badLines })
    const run = await SourceRun.start(source, { readers: 1, batch: 100 })
    let rounds = 0
    for (let before = 0; !run.done; before = run.output.deadLetters.length, rounds++) {
      await run.round()
      expect(run.output.deadLetters.length - before).toBeLessThanOrEqual(100)
    }
    expect(rounds).toBeGreaterThan(50)
    expect(run.output.values).toEqual([{ n: 1 }])
    await run.close()
  },
)

describe('damaged input', () => {
  it.each(['x.txt.gz', 'x.txt.zst'])('%s that cannot be unpacked is named', async (name) => {
    const fs = filled({ [`/in/${name}`]: 'this is not packed' })
    await expect(read(textFiles('/in', { fileSystem: fs }))).rejects.toMatchObject({
      code: 'files/damaged',
      location: `/in/${name}`,
    })
  })

  it('a file that became shorter than where it was read is refused', async () => {
    const fs = filled({ '/in/x.txt': 'one\ntwo\n'.repeat(100_000) })
    const source = textFiles('/in', { fileSystem: fs })
    const run = await SourceRun.start(source, { readers: 1, batch: 1_000 })
    while (run.output.values.length < 150_000) await run.round()
    const snapshot = run.snapshot()
    await run.close()
    fs.put('/in/x.txt', 'short\n')
    const next = await SourceRun.start(source, { readers: 1, batch: 10 }, snapshot)
    await expect(next.finish()).rejects.toMatchObject({ code: 'files/truncated' })
    await next.close()
  })

  it.each(['none', 'gzip'] as const)(
    'a file that became shorter since it was found is refused (%s)',
    async (compression) => {
      const fs = filled({ '/in/x': 'one\ntwo\nthree\n' })
      const source = textFiles('/in', { fileSystem: fs, compression, splitBytes: 8 })
      fs.hook = (operation) => {
        if (operation === 'open') fs.put('/in/x', 'one\ntwo\nth')
      }
      await expect(read(source)).rejects.toMatchObject({ code: 'files/truncated' })
    },
  )

  it('a file that is cut while it is read is refused, and what is left of a line is no record', async () => {
    const fs = filled({ '/in/x.txt': '1234567\n'.repeat(100_000) })
    const left = READ_BYTES + 3
    const openRead = fs.openRead.bind(fs)
    fs.openRead = async (path) => {
      const file = await openRead(path)
      const shorter = async (offset: number, length: number): Promise<Uint8Array> =>
        (await file.read(offset, length)).subarray(0, Math.max(0, left - offset))
      return { ...file, read: shorter }
    }
    const run = await SourceRun.start(textFiles('/in', { fileSystem: fs }), {
      readers: 1,
      batch: 1_000,
    })
    await expect(run.finish()).rejects.toMatchObject({ code: 'files/truncated' })
    expect(new Set(run.output.values)).toEqual(new Set(['1234567']))
    await run.close()
  })

  it('a read that fails is reported by the poll', async () => {
    const fs = filled({ '/in/x.txt': 'one\n' })
    fs.hook = (operation) => {
      if (operation === 'read') throw Object.assign(new Error('the disk said no'), { code: 'EIO' })
    }
    await expect(read(textFiles('/in', { fileSystem: fs }))).rejects.toThrow('the disk said no')
  })

  it('a line without an end is refused', async () => {
    const fs = filled({ '/in/x.txt': 'x'.repeat(17 * 1024 * 1024) })
    await expect(read(textFiles('/in', { fileSystem: fs }))).rejects.toMatchObject({
      code: 'files/line-too-long',
    })
  })
})
