// Readers may take finished files away at any time. Here they do so at every step of a commit, and the commit ends there.

import { SinkAttempt, type SinkCheckpoint } from '@weirjs/api/contracts/sink-run.contract'
import { struct } from '@weirjs/api/struct'
import { int } from '@weirjs/api/types'
import { WeirError } from '@weirjs/common/core/errors'
import { describe, expect, it } from 'vitest'
import { STAGING_DIRECTORY } from './file-parts.ts'
import { ndjsonFiles } from './files.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

const Row = struct('Row', { n: int() })
const ROWS = [0, 1, 2, 3, 4, 5]
/** One record fills a part: a commit has several of them. */
const ROLL = { bytes: 1 }

/** Takes away whatever is finished, durably, and remembers what it held. */
class Reader {
  readonly #fs: MemoryFileSystem
  readonly #taken: number[] = []
  #busy = false

  constructor(fs: MemoryFileSystem) {
    this.#fs = fs
  }

  get taken(): readonly number[] {
    return this.#taken.toSorted((a, b) => a - b)
  }

  async take(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    for (const path of this.#fs.paths().filter((each) => !each.includes(STAGING_DIRECTORY))) {
      const lines = this.#fs.text(path).split('\n').slice(0, -1)
      this.#taken.push(...lines.map((line) => Row.fromText(line).n))
      await this.#fs.remove(path)
      await this.#fs.syncDirectory('/out')
    }
    this.#busy = false
  }

  get busy(): boolean {
    return this.#busy
  }
}

interface Crash {
  /** Number of the file operation that the process does not live to do. */
  readonly at: number
  readonly reads: Reads
}

/** When the reader looks: when an attempt is over, before every operation, or from the second attempt's first one on. */
type Reads = 'at the end' | 'at once' | 'late'

const LAST = Number.POSITIVE_INFINITY

/** Two checkpoints of three parts each, a crash, and a second attempt. Gives the operations of the first. */
async function run(
  fs: MemoryFileSystem,
  reader: Reader,
  crash: Crash,
  between: () => void,
): Promise<number> {
  const sink = ndjsonFiles('/out', Row, { fileSystem: fs, roll: ROLL })
  let count = 0
  fs.hook = async () => {
    if (reader.busy) return
    count += 1
    if (count >= crash.at) throw new WeirError('test/kill', 'killed', { domain: 'external' })
    if (crash.reads === 'at once') await reader.take()
  }
  const first = new SinkAttempt(sink, { attempt: 1, subtasks: 1 })
  const checkpoints: SinkCheckpoint[] = []
  let next = 0
  try {
    for (let id = 1; id <= 2; id++) {
      await first.write(0, ...ROWS.slice(next, next + 3).map((n) => ({ n })))
      const completed = await first.snapshot(id)
      checkpoints.push(completed)
      next += 3
      await first.commit(completed)
    }
  } catch (error) {
    expect(error).toMatchObject({ code: 'test/kill' })
  }
  const operations = count
  fs.hook = () => {}
  if (crash.reads !== 'late') await reader.take()
  between()
  fs.hook = async () => {
    if (crash.reads !== 'at the end') await reader.take()
  }
  const completed = checkpoints.at(-1)
  const restored = completed === undefined ? {} : { restored: completed }
  const second = new SinkAttempt(sink, { attempt: 2, subtasks: 1, ...restored })
  if (completed !== undefined) await second.commit(completed)
  await second.cleanUp()
  await second.write(0, ...ROWS.slice(next).map((n) => ({ n })))
  await second.commit(await second.snapshot(3))
  await reader.take()
  await second.close()
  return operations
}

describe.each<Reads>(['at the end', 'at once', 'late'])(
  'files that their reader takes away %s',
  (reads) => {
    it('hold each record once, whichever operation a crash prevents', async () => {
      const whole = new MemoryFileSystem()
      const operations = await run(whole, new Reader(whole), { at: LAST, reads }, () => {})
      for (let at = 1; at <= operations; at++) {
        const fs = new MemoryFileSystem()
        const reader = new Reader(fs)
        await run(fs, reader, { at, reads }, () => {})
        expect(reader.taken, `killed at operation ${at}`).toEqual(ROWS)
        expect(fs.paths(), `killed at operation ${at}`).toEqual([])
      }
    })

    it('are not lost nor repeated when others commit the same parts at any moment', async () => {
      for (let at = 1; ; at++) {
        const fs = new MemoryFileSystem()
        const reader = new Reader(fs)
        const sink = ndjsonFiles('/out', Row, { fileSystem: fs, roll: ROLL })
        const zombie = new SinkAttempt(sink, { attempt: 1, subtasks: 1 })
        await zombie.write(0, { n: 0 }, { n: 1 }, { n: 2 })
        const checkpoint = await zombie.snapshot(1)
        const heir = new SinkAttempt(sink, { attempt: 2, subtasks: 1, restored: checkpoint })
        let count = 0
        fs.hook = async () => {
          if (reader.busy) return
          count += 1
          if (count === at) await heir.commit(checkpoint)
          if (reads === 'at once') await reader.take()
        }
        // One that is dead may well say that its parts are gone; nobody hears it.
        const outcome = await zombie.commit(checkpoint).then(
          () => 'committed',
          (error: unknown) => (error instanceof WeirError ? error.code : error),
        )
        fs.hook = () => {}
        await reader.take()
        expect(['committed', 'files/output-lost']).toContain(outcome)
        if (count < at) break
        expect(reader.taken, `at operation ${at}`).toEqual([0, 1, 2])
        expect(fs.paths()).toEqual([])
      }
    })
  },
)

it('what was committed and taken away does not come back after a loss of power', async () => {
  const fs = new MemoryFileSystem()
  const reader = new Reader(fs)
  await run(fs, reader, { at: LAST, reads: 'at the end' }, () => fs.losePower())
  expect(reader.taken).toEqual(ROWS)
})
