// Each persisting call of FsStorage fails once, with each errno that a disk, a network file system or a limit may give: the
// caller hears of it by a code of ours or the work is done all the same; nothing torn is ever visible, and the next try
// gets through.

import { link, mkdir, mkdtemp, open, readdir, readFile, rm, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runs } from '../codec/runs.contract.ts'
import { WeirError } from '../core/errors.ts'
import type { DurableCalls } from './fs-calls.ts'
import { FsStorage } from './fs-storage.ts'

const ALL_ERRNOS = [
  'EIO',
  'ENOENT',
  'ENOSPC',
  'EMFILE',
  'EDQUOT',
  'ENFILE',
  'EACCES',
  'EROFS',
  'ESTALE',
]
const ERRNOS = ALL_ERRNOS.slice(0, runs(2, ALL_ERRNOS.length))
const CODES = ['storage/io', 'storage/full', 'storage/unsupported']
const BYTES = new TextEncoder().encode('content')
const PATH = 'job/chk-1/file'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-fs-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

/** The system's calls, counted; the one with number `victim` fails, before it does anything or after. */
class FailingCalls implements DurableCalls {
  victim = -1
  errno = 'EIO'
  after = false
  readonly names: string[] = []

  async open(path: string, flags: string): ReturnType<DurableCalls['open']> {
    const handle = await this.#call(`open ${flags}`, () => open(path, flags))
    return {
      write: ((...args: Parameters<typeof handle.write>) =>
        this.#call('write', () => handle.write(...args))) as typeof handle.write,
      sync: () => this.#call('sync', () => handle.sync()),
      // Whatever it says, it has closed.
      close: async () => {
        await handle.close()
        await this.#call('close', async () => {})
      },
    }
  }

  link(from: string, to: string): Promise<void> {
    return this.#call('link', () => link(from, to))
  }

  unlink(path: string): Promise<void> {
    return this.#call('unlink', () => unlink(path))
  }

  mkdir(path: string): Promise<void> {
    return this.#call('mkdir', async () => {
      await mkdir(path)
    })
  }

  async #call<T>(name: string, run: () => Promise<T>): Promise<T> {
    const number = this.names.push(name) - 1
    const fails = number === this.victim
    const error = Object.assign(new Error(`${this.errno}: injected`), { code: this.errno })
    if (fails && !this.after) throw error
    const done = await run()
    // An `open` that has succeeded and says that it has not would leak the handle: of the test, not of the storage.
    if (fails && !name.startsWith('open')) throw error
    return done
  }
}

/** What the storage is made to do: answers the code of the first refusal, or null. */
async function deeds(calls: DurableCalls): Promise<string | null> {
  try {
    const storage = await FsStorage.open(join(root, 'store'), calls)
    const staged = await storage.stage(PATH, 'tag')
    await staged.write(BYTES)
    await staged.publish()
    await storage.createExclusive('job/log/1', BYTES, 'tag')
    await storage.createExclusive('job/log/1', BYTES, 'tag')
    await storage.remove(PATH)
    return null
  } catch (error) {
    if (error instanceof WeirError) return error.code
    throw error
  }
}

async function visible(): Promise<readonly string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.staging-'))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** A thousand calls that wait for the disk. */
const SYNCING_MS_MAX = 600_000

it.each(['ENOSPC', 'EDQUOT'])(
  'a name that is taken is taken on a full disk, too (%s)',
  async (errno) => {
    const calls = Object.assign(new FailingCalls(), { errno })
    const storage = await FsStorage.open(join(root, 'store'), calls)
    await storage.createExclusive('job/log/1', BYTES, 'tag')
    for (const call of ['open wx', 'write', 'sync']) {
      // What the next one will do, now that the directory is known.
      calls.names.length = 0
      await storage.createExclusive('job/log/1', BYTES, 'tag')
      const victim = calls.names.indexOf(call)
      const nextFails = (): void => {
        calls.names.length = 0
        calls.victim = victim
      }
      nextFails()
      expect(await storage.createExclusive('job/log/1', BYTES, 'tag'), call).toBe('exists')
      nextFails()
      const other = storage.createExclusive('job/log/2', BYTES, 'tag')
      await expect(other, call).rejects.toMatchObject({ code: 'storage/full' })
      calls.victim = -1
    }
  },
)

describe('FsStorage, each of whose calls fails once', () => {
  it.each([
    ['and does nothing', false],
    ['although it has done its work', true],
  ])('%s', { timeout: SYNCING_MS_MAX }, async (_, after) => {
    const calm = new FailingCalls()
    expect(await deeds(calm)).toBeNull()
    expect(calm.names.length).toBeGreaterThan(30)
    for (const [victim, name] of calm.names.entries())
      for (const errno of ERRNOS) {
        await rm(join(root, 'store'), { recursive: true, force: true })
        const where = `${errno} at call ${victim}, ${name}`
        const calls = Object.assign(new FailingCalls(), { victim, errno, after })
        const code = await deeds(calls)
        if (code !== null) expect(CODES, where).toContain(code)
        for (const path of await visible())
          expect(new Uint8Array(await readFile(path)), `${where}: ${path}`).toEqual(BYTES)
        // What had become visible may be in the way of the same name; other names are free.
        const again = await FsStorage.open(join(root, 'store'))
        expect(await again.createExclusive('job/chk-2/file', BYTES, 'tag'), where).toBe('created')
        expect(['created', 'exists'], where).toContain(
          await again.createExclusive('job/log/1', BYTES, 'tag'),
        )
      }
  })
})
