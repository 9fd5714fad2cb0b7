import { SinkAttempt, type SinkCheckpoint } from '@weirjs/api/contracts/sink-run.contract'
import { struct } from '@weirjs/api/struct'
import { bigint, float, int, text } from '@weirjs/api/types'
import { WeirError } from '@weirjs/common/core/errors'
import { Prng } from '@weirjs/common/core/prng'
import { describe, expect, it } from 'vitest'
import { csvFiles, ndjsonFiles } from './files.ts'
import { STAGING_DIRECTORY } from './file-parts.ts'
import { type FileOperation, MemoryFileSystem } from './memory-file-system.ts'

const Row = struct('Row', { n: int() })
const row = (n: number): { n: number } => ({ n })

const published = (fs: MemoryFileSystem): string[] =>
  fs.paths().filter((path) => !path.includes(STAGING_DIRECTORY))
const lines = (fs: MemoryFileSystem): string[] =>
  published(fs).flatMap((path) => fs.text(path).split('\n').slice(0, -1))
const numbers = (fs: MemoryFileSystem): number[] =>
  lines(fs)
    .map((line) => Row.fromText(line).n)
    .sort((a, b) => a - b)

/** Fails the n-th operation of a kind. */
function failing(fs: MemoryFileSystem, operation: FileOperation, nth: number, code = 'EIO'): void {
  let count = 0
  fs.hook = (at) => {
    if (at === operation && ++count === nth)
      throw Object.assign(new Error(`${at} failed`), { code })
  }
}

describe('the file sink', () => {
  it('names parts by sink, subtask, writer and number', async () => {
    const fs = new MemoryFileSystem()
    const run = new SinkAttempt(ndjsonFiles('/out', Row, { fileSystem: fs }), {
      attempt: 1,
      subtasks: 2,
    })
    await run.write(1, row(1))
    const first = await run.snapshot(1)
    expect(fs.paths()).toEqual([
      expect.stringMatching(
        /^\/out\/\.weir-staging\/[0-9a-f]{32}\/out\/1-1\/out-1-w\d+-000000\.ndjson$/,
      ),
    ])
    await run.commit(first)
    await run.write(1, row(2))
    await run.commit(await run.snapshot(2))
    expect(published(fs)).toEqual([
      expect.stringMatching(/^\/out\/out-1-w\d+-000000\.ndjson$/),
      expect.stringMatching(/^\/out\/out-1-w\d+-000001\.ndjson$/),
    ])
    await run.close()
    expect(await fs.facts(`/out/${STAGING_DIRECTORY}`)).toBeNull()
  })

  it('rolls parts by size', async () => {
    const fs = new MemoryFileSystem()
    const run = new SinkAttempt(ndjsonFiles('/out', Row, { fileSystem: fs, roll: { bytes: 40 } }), {
      attempt: 1,
      subtasks: 1,
    })
    await run.write(0, ...Array.from({ length: 10 }, (_, n) => row(n)))
    const checkpoint = await run.snapshot(1)
    expect(checkpoint.committables.length).toBe(2)
    await run.commit(checkpoint)
    expect(numbers(fs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    await run.close()
  })

  it('rolls parts by age', async () => {
    const fs = new MemoryFileSystem()
    const sealed = new Promise<void>((resolve) => {
      fs.hook = (operation) => {
        if (operation === 'sync') resolve()
      }
    })
    const run = new SinkAttempt(
      ndjsonFiles('/out', Row, { fileSystem: fs, roll: { every: '5ms' } }),
      { attempt: 1, subtasks: 1 },
    )
    await run.write(0, row(1))
    await sealed
    await run.write(0, row(2))
    const checkpoint = await run.snapshot(1)
    expect(checkpoint.committables.length).toBe(2)
    await run.close()
  })

  it('writes a CSV header into every part, and quotes what needs it', async () => {
    const fs = new MemoryFileSystem()
    const Word = struct('Word', { word: text(), n: bigint() })
    const run = new SinkAttempt(csvFiles('/out', Word, { fileSystem: fs }), {
      attempt: 1,
      subtasks: 1,
    })
    await run.write(0, { word: 'a "b", c\nd', n: 2n ** 60n })
    await run.commit(await run.snapshot(1))
    await run.write(0, { word: '', n: 0n })
    await run.commit(await run.snapshot(2))
    expect(published(fs).map((path) => fs.text(path))).toEqual([
      'word,n\n"a ""b"", c\nd",1152921504606846976\n',
      'word,n\n,0\n',
    ])
    await run.close()
  })

  it.each([
    ['a bigint', { n: 1n }],
    ['nothing', undefined],
    ['a Map', { a: [{ m: new Map([['x', 1]]) }] }],
    ['a Set', { s: new Set([1]) }],
    ['bytes', { b: Uint8Array.of(1) }],
    ['NaN', { x: Number.NaN }],
  ])('refuses records that JSON cannot say: %s', async (what, record) => {
    const open = (make: typeof ndjsonFiles): SinkAttempt<unknown> =>
      new SinkAttempt<unknown>(make('/out', { fileSystem: new MemoryFileSystem() }), {
        attempt: 1,
        subtasks: 1,
      })
    const run = open(ndjsonFiles)
    await expect(run.write(0, record)).rejects.toMatchObject({
      code: 'files/record-not-writable',
      domain: 'user',
    })
    await run.close()
    if (what !== 'a Map') return
    const csv = open(csvFiles as typeof ndjsonFiles)
    await expect(csv.write(0, record)).rejects.toThrow('a Map cannot be written as JSON')
    await csv.close()
  })

  it('writes a float that JSON has no number for as the text that the type reads back', async () => {
    const Measure = struct('Measure', { x: float() })
    const values = [{ x: Number.NaN }, { x: Number.NEGATIVE_INFINITY }, { x: 1.5 }]
    for (const format of ['ndjson', 'csv']) {
      const fs = new MemoryFileSystem()
      const options = { fileSystem: fs }
      const sink =
        format === 'csv'
          ? csvFiles('/out', Measure, options)
          : ndjsonFiles('/out', Measure, options)
      const run = new SinkAttempt(sink, { attempt: 1, subtasks: 1 })
      await run.write(0, ...values)
      await run.commit(await run.snapshot(1))
      const written = lines(fs)
      if (format === 'ndjson')
        expect(written.map((line) => Measure.from(JSON.parse(line)))).toEqual(values)
      else expect(written).toEqual(['x', 'NaN', '-Infinity', '1.5'])
      await run.close()
    }
  })

  it('never replaces a file that is already there', async () => {
    const fs = new MemoryFileSystem()
    const run = new SinkAttempt(ndjsonFiles('/out', Row, { fileSystem: fs }), {
      attempt: 1,
      subtasks: 1,
    })
    await run.write(0, row(1))
    const checkpoint = await run.snapshot(1)
    const { final } = checkpoint.committables[0] as { final: string }
    fs.put(final, 'of somebody else\n')
    await expect(run.commit(checkpoint)).rejects.toMatchObject({
      code: 'files/output-exists',
      location: final,
    })
    expect(fs.text(final)).toBe('of somebody else\n')
    await run.close()
  })

  it('goes on when committed output was taken away before a restart, and fails when staged output was', async () => {
    const fs = new MemoryFileSystem()
    const sink = ndjsonFiles('/out', Row, { fileSystem: fs })
    const run = new SinkAttempt(sink, { attempt: 1, subtasks: 1 })
    await run.write(0, row(1))
    const checkpoint = await run.snapshot(1)
    await run.commit(checkpoint)
    for (const path of published(fs)) await fs.remove(path)
    const next = new SinkAttempt(sink, { attempt: 2, subtasks: 1, restored: checkpoint })
    await next.commit(checkpoint)
    expect(next.printed).toEqual([expect.stringMatching(/has been taken away/)])
    await next.write(0, row(2))
    const second = await next.snapshot(2)
    for (const path of fs.paths()) await fs.remove(path)
    await expect(next.commit(second)).rejects.toMatchObject({ code: 'files/output-lost' })
    await run.close()
    await next.close()
  })

  it('knows earlier attempts of an earlier epoch, whatever their number', async () => {
    const fs = new MemoryFileSystem()
    const sink = ndjsonFiles('/out', Row, { fileSystem: fs })
    const old = new SinkAttempt(sink, { epoch: 1, attempt: 7, subtasks: 1 })
    await old.write(0, row(1))
    const checkpoint = await old.snapshot(1)
    await old.write(0, row(2))
    await old.snapshot(2)
    const next = new SinkAttempt(sink, {
      epoch: 2,
      attempt: 1,
      subtasks: 1,
      restored: checkpoint,
    })
    await next.commit(checkpoint)
    await next.write(0, row(3))
    const staged = await next.snapshot(3)
    await old.cleanUp()
    await next.cleanUp()
    await next.commit(staged)
    expect(numbers(fs)).toEqual([1, 3])
    await old.close()
    await next.close()
    expect(fs.paths()).toEqual(published(fs))
  })

  it.each([
    ['create', 'EACCES', 'files/denied'],
    ['write', 'ENOSPC', 'files/full'],
    ['sync', 'EIO', 'files/io'],
    ['close', 'EIO', 'files/io'],
    ['sync-directory', 'EIO', 'files/io'],
  ] as const)(
    'reports a failed %s at the barrier, and at the next record',
    async (operation, code, expected) => {
      const fs = new MemoryFileSystem()
      failing(fs, operation, 1, code)
      const run = new SinkAttempt(ndjsonFiles('/out', Row, { fileSystem: fs }), {
        attempt: 1,
        subtasks: 1,
      })
      await run.write(0, row(1))
      await expect(run.snapshot(1)).rejects.toMatchObject({ code: expected })
      expect(run.ready(0)).toBe(true)
      await expect(run.write(0, row(2))).rejects.toMatchObject({ code: expected })
      await expect(run.snapshot(2)).rejects.toMatchObject({ code: expected })
      fs.hook = () => {}
      await run.close()
    },
  )

  it('closes every file that it opened, whatever failed', async () => {
    for (const operation of ['write', 'sync', 'sync-directory'] as const) {
      const fs = new MemoryFileSystem()
      let open = 0
      let failed = false
      fs.hook = (at) => {
        if (at === 'create') open += 1
        if (at === 'close') open -= 1
        if (at !== operation || failed) return
        failed = true
        throw Object.assign(new Error('once'), { code: 'EIO' })
      }
      const options = { fileSystem: fs, roll: { bytes: 10 } }
      const run = new SinkAttempt(ndjsonFiles('/out', Row, options), { attempt: 1, subtasks: 1 })
      await expect(
        (async () => {
          for (let n = 0; n < 5; n++) await run.write(0, row(n))
          await run.snapshot(1)
        })(),
      ).rejects.toThrow('once')
      await run.close()
      expect(open, operation).toBe(0)
    }
  })

  it('waits for its disk when it is slow', async () => {
    const fs = new MemoryFileSystem()
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    fs.hook = (operation) => (operation === 'write' ? gate : undefined)
    const run = new SinkAttempt(ndjsonFiles('/out', Row, { fileSystem: fs }), {
      attempt: 1,
      subtasks: 1,
    })
    let written = 0
    while (run.ready(0)) await run.write(0, row(written++))
    expect(written).toBeLessThan(600_000)
    const blocked = run.write(0, row(written++))
    open()
    await blocked
    await run.commit(await run.snapshot(1))
    expect(lines(fs).length).toBe(written)
    await run.close()
  })
})

describe('power losses', () => {
  it('at any operation cost nothing that was committed and repeat nothing', async () => {
    const operations = await countOperations()
    for (let crashAt = 1; crashAt <= operations; crashAt++) {
      const fs = new MemoryFileSystem()
      const sink = ndjsonFiles('/out', Row, { fileSystem: fs })
      let count = 0
      fs.hook = () => {
        if (++count >= crashAt)
          throw new WeirError('test/power', 'the power is out', { domain: 'external' })
      }
      // Each checkpoint that became durable counts as complete; its commit may or may not have happened.
      const run = new SinkAttempt(sink, { attempt: 1, subtasks: 1 })
      const checkpoints: SinkCheckpoint[] = []
      let next = 0
      try {
        for (let id = 1; id <= 3; id++) {
          await run.write(0, row(2 * id - 2), row(2 * id - 1))
          const completed = await run.snapshot(id)
          checkpoints.push(completed)
          next = 2 * id
          await run.commit(completed)
        }
      } catch (error) {
        expect(error).toMatchObject({ code: 'test/power' })
      }
      fs.losePower()
      fs.hook = () => {}
      const completed = checkpoints.at(-1)
      const again = new SinkAttempt(sink, {
        attempt: 2,
        subtasks: 1,
        ...(completed === undefined ? {} : { restored: completed }),
      })
      if (completed !== undefined) await again.commit(completed)
      await again.cleanUp()
      for (; next < 6; next++) await again.write(0, row(next))
      await again.commit(await again.snapshot(10))
      expect(numbers(fs), `power lost at operation ${crashAt}`).toEqual([0, 1, 2, 3, 4, 5])
      await again.close()
    }
  })

  it('survive any mix of faults, by seed', async () => {
    for (let seed = 1; seed <= 25; seed++) await faultyRun(new Prng(seed), seed)
  })
})

async function countOperations(): Promise<number> {
  const fs = new MemoryFileSystem()
  let count = 0
  fs.hook = () => {
    count += 1
  }
  const run = new SinkAttempt(ndjsonFiles('/out', Row, { fileSystem: fs }), {
    attempt: 1,
    subtasks: 1,
  })
  for (let id = 1; id <= 3; id++) {
    await run.write(0, row(2 * id - 2), row(2 * id - 1))
    await run.commit(await run.snapshot(id))
  }
  return count
}

/** Attempts that fail here and there, with power losses between, until all records are committed. */
async function faultyRun(prng: Prng, seed: number): Promise<void> {
  const fs = new MemoryFileSystem()
  const sink = ndjsonFiles('/out', Row, { fileSystem: fs, roll: { bytes: 30 } })
  let done = 0
  const checkpoints: SinkCheckpoint[] = []
  for (let attempt = 1, id = 1; done < 60; attempt++) {
    const rate = attempt > 30 ? 0 : 0.05
    fs.hook = () => {
      if (prng.chance(rate)) throw Object.assign(new Error('EIO'), { code: 'EIO' })
    }
    const subtasks = prng.between(1, 3)
    const completed = checkpoints.at(-1)
    const run = new SinkAttempt(sink, {
      attempt,
      subtasks,
      ...(completed === undefined ? {} : { restored: completed }),
    })
    try {
      if (completed !== undefined) await run.commit(completed)
      await run.cleanUp()
      while (done < 60) {
        let next = done
        for (let i = prng.between(0, 8); i > 0 && next < 60; i--)
          await run.write(prng.int(subtasks), row(next++))
        const taken = await run.snapshot(id++)
        checkpoints.push(taken)
        done = next
        if (prng.chance(0.8)) await run.commit(taken)
        else throw Object.assign(new Error('crash before the commit'), { code: 'EIO' })
      }
    } catch (error) {
      expect(error).toHaveProperty('code')
    }
    fs.hook = () => {}
    if (prng.chance(0.3)) fs.losePower()
    else await run.close()
  }
  const last = new SinkAttempt(sink, { attempt: 1_000, subtasks: 1 })
  const final = checkpoints.at(-1)
  if (final !== undefined) await last.commit(final)
  await last.cleanUp()
  expect(numbers(fs), `seed ${seed}`).toEqual(Array.from({ length: 60 }, (_, n) => n))
  await last.close()
}
