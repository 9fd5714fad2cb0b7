// A path that is watched and is not there: a mistake when the job starts, a misfortune later.

import { job, type JobDefinition } from '@weirjs/api/define-job'
import { text } from '@weirjs/api/types'
import { collected } from '@weirjs/connectors/memory/collected'
import { textFiles } from '@weirjs/connectors/files/files'
import { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { afterEach, expect, test, vi } from 'vitest'
import { LocalCluster } from './local-cluster.ts'

/** Only ends what hangs. */
const PATIENCE = { timeout: 50_000 }

let cluster: LocalCluster | null = null
afterEach(async () => {
  await cluster?.close()
  cluster = null
})

const restart = { strategy: 'fixed-delay', attempts: 1_000, delayMs: 1 } as const

interface Watching {
  readonly definition: JobDefinition
  /** Lines that were read, also those that no checkpoint holds. */
  readonly lines: readonly string[]
}

function watching(fs: MemoryFileSystem, allowEmpty = false): Watching {
  const lines: string[] = []
  const options = { fileSystem: fs, watch: '1ms', allowEmpty } as const
  const definition = job('watching', { parallelism: 1 }, (env) => {
    env
      .from(textFiles('/in', options), { uid: 'lines' })
      .filter((line) => lines.push(line) > 0)
      .to(collected(text()), { uid: 'sink' })
  })
  return { definition, lines }
}

test('one that was never there fails the job at once, and says so', async () => {
  cluster = await LocalCluster.start({ taskManagers: 1, slots: 1 })
  const { definition } = watching(new MemoryFileSystem())
  const end = await cluster.ended(await cluster.submit(definition, { settings: { restart } }))
  expect(end).toMatchObject({ state: 'FAILED', restarts: 0 })
  expect(end.failure).toMatchObject({ code: 'files/not-found' })
  expect(end.failure?.hint).toContain('allowEmpty: true')
})

test('one that comes later is waited for, where that is said', async () => {
  cluster = await LocalCluster.start({ taskManagers: 1, slots: 1 })
  const fs = new MemoryFileSystem()
  const { definition, lines } = watching(fs, true)
  const id = await cluster.submit(definition, { settings: { restart } })
  await cluster.until(id, ({ state }) => state === 'RUNNING')
  fs.put('/in/a', 'one\n')
  await vi.waitFor(() => expect(lines).toEqual(['one']), PATIENCE)
  expect((await cluster.client.describe(id)).restarts).toBe(0)
})

test('one that goes away with files that are not read yet restarts the job until it is back', async () => {
  cluster = await LocalCluster.start({ taskManagers: 1, slots: 1 })
  const fs = new MemoryFileSystem()
  const names = Array.from({ length: 50 }, (_, n) => `/in/${n}`)
  const put = (): void => names.forEach((name) => fs.put(name, `${name}\n`))
  const { definition, lines } = watching(fs)
  // The first file that a reader opens: from now on none of them is there.
  let gone = false
  fs.hook = async (operation, path) => {
    if (gone || operation !== 'open' || path !== '/in/7') return
    gone = true
    for (const name of names) await fs.remove(name)
  }
  put()
  const id = await cluster.submit(definition, { settings: { restart } })
  await cluster.until(id, ({ restarts }) => restarts >= 1)
  const { attempts } = await cluster.client.describe(id)
  expect(attempts.at(-1)?.failure).toMatchObject({ code: 'files/not-found', retry: 'backoff' })
  put()
  await vi.waitFor(() => expect(new Set(lines)).toEqual(new Set(names)), PATIENCE)
  expect((await cluster.client.describe(id)).state).toBe('RUNNING')
})

test('one that goes away restarts the job until it is back, also without a checkpoint', async () => {
  cluster = await LocalCluster.start({ taskManagers: 1, slots: 1 })
  const fs = new MemoryFileSystem()
  fs.put('/in/a', 'one\n')
  const { definition, lines } = watching(fs)
  const id = await cluster.submit(definition, { settings: { restart } })
  await vi.waitFor(() => expect(lines).toEqual(['one']), PATIENCE)
  await fs.remove('/in/a')
  await fs.removeEmptyDirectory('/in')
  await cluster.until(id, ({ restarts }) => restarts >= 3)
  fs.put('/in/b', 'two\n')
  await vi.waitFor(() => expect(lines).toContain('two'), PATIENCE)
  expect((await cluster.client.describe(id)).state).toBe('RUNNING')
})
