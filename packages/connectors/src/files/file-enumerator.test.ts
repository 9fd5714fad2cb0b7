import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { settle } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import {
  FileEnumerator,
  type FileEnumeratorOptions,
  type FileEnumeratorState,
  type FileSplit,
} from './file-enumerator.ts'
import type { FoundFile } from './file-paths.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

/** More than a call takes as arguments. */
const SPLITS = 300_000
const CONTEXT = { parallelism: 1, restarted: false, wake: () => {} }

describe('FileEnumerator', () => {
  it.each([null, 1_000])('takes as many splits as a file has (watching: %j)', async (watchMs) => {
    const fs = new MemoryFileSystem()
    fs.put('/in/x', 'content')
    const context = { ...CONTEXT, parallelism: 1, scheduler: new ManualScheduler() }
    const enumerator = new FileEnumerator(context, null, {
      fs,
      path: '/in',
      watchMs,
      allowEmpty: false,
      splitsOf: async () => Array.from({ length: SPLITS }, (_, i) => ({ id: String(i) })),
    })
    await enumerator.start()
    expect(enumerator.snapshot().pending).toHaveLength(SPLITS)
    await enumerator.close()
  })

  it('numbers splits as it hands them out, over restarts', async () => {
    const fs = new MemoryFileSystem()
    for (const name of ['a', 'b', 'c', 'd']) fs.put(`/in/${name}`, 'content')
    const context = { ...CONTEXT, parallelism: 2, scheduler: new ManualScheduler() }
    const options: FileEnumeratorOptions<FileSplit> = {
      fs,
      path: '/in',
      watchMs: null,
      allowEmpty: false,
      splitsOf: async ({ path }) => [{ id: path }],
    }
    const handedOut: unknown[] = []
    let state: FileEnumeratorState<FileSplit> | null = null
    for (let round = 0; round < 2; round++) {
      const enumerator: FileEnumerator<FileSplit> = new FileEnumerator(context, state, options)
      await enumerator.start()
      for (const subtask of [0, 1]) enumerator.readerIdle(subtask)
      const assigned = enumerator.poll()
      if (typeof assigned !== 'string')
        handedOut.push(...assigned.map(({ split }) => [split.id, split.order]))
      state = enumerator.snapshot()
      await enumerator.close()
    }
    expect(handedOut).toEqual([
      ['/in/a', 0],
      ['/in/b', 1],
      ['/in/c', 2],
      ['/in/d', 3],
    ])
  })

  describe('looks at a tree that changes meanwhile', () => {
    const watch = (
      fs: MemoryFileSystem,
      path: string,
      watchMs: number | null,
      { restarted = false, allowEmpty = false } = {},
    ) => {
      const scheduler = new ManualScheduler()
      const context = { ...CONTEXT, restarted, scheduler }
      const splitsOf = async (file: FoundFile) => [{ id: file.path }]
      const options = { fs, path, watchMs, allowEmpty, splitsOf }
      return { scheduler, enumerator: new FileEnumerator<FileSplit>(context, null, options) }
    }
    /** Takes a directory away when it is about to be listed. */
    const takeAway = (fs: MemoryFileSystem, directory: string): void => {
      fs.hook = async (operation, path) => {
        if (operation !== 'list' || path !== directory) return
        fs.hook = () => {}
        for (const file of fs.paths()) if (file.startsWith(directory)) await fs.remove(file)
        await fs.removeEmptyDirectory(directory)
      }
    }

    it.each([
      ['/in', null],
      ['/in', 1_000],
      ['/in/*/*', 1_000],
      ['/in/**', null],
    ])('%s: a directory below that is gone is empty (watching: %j)', async (path, watchMs) => {
      const fs = new MemoryFileSystem()
      fs.put('/in/gone/x', 'content')
      fs.put('/in/here/y', 'content')
      takeAway(fs, '/in/gone')
      const { enumerator } = watch(fs, path, watchMs)
      await enumerator.start()
      expect(enumerator.snapshot().pending).toEqual([{ id: '/in/here/y' }])
      await enumerator.close()
    })

    it.each([
      ['/in', null, true, 'never'],
      ['/in', 1_000, true, 'backoff'],
      ['/in/*', 1_000, true, 'backoff'],
      ['/in', null, false, 'never'],
      ['/in', 1_000, false, 'never'],
      ['/in/*', 1_000, false, 'never'],
    ])('%s: itself gone (watching: %j, restarted: %j) is retried: %s', async (...row) => {
      const [path, watchMs, restarted, retry] = row
      const fs = new MemoryFileSystem()
      fs.put('/in/x', 'content')
      takeAway(fs, '/in')
      const { enumerator } = watch(fs, path, watchMs, { restarted })
      await expect(enumerator.start()).rejects.toMatchObject({ code: 'files/not-found', retry })
      await expect(enumerator.start()).rejects.toMatchObject({ code: 'files/not-found', retry })
      await enumerator.close()
    })

    it('says at the first start how to wait for what comes later', async () => {
      const { enumerator } = watch(new MemoryFileSystem(), '/in', 1_000)
      await expect(enumerator.start()).rejects.toMatchObject({
        message: 'there is no /in',
        hint: expect.stringContaining('allowEmpty: true'),
      })
      await enumerator.close()
    })

    it('waits for it without a restart where no file is no mistake', async () => {
      const fs = new MemoryFileSystem()
      const { enumerator, scheduler } = watch(fs, '/in', 1_000, { allowEmpty: true })
      await enumerator.start()
      expect([enumerator.poll(), enumerator.snapshot().looked]).toEqual(['wait', false])
      scheduler.advance(1_000)
      await settle()
      fs.put('/in/x', 'content')
      scheduler.advance(1_000)
      await settle()
      expect(enumerator.snapshot()).toMatchObject({ looked: true, pending: [{ id: '/in/x' }] })
      takeAway(fs, '/in')
      scheduler.advance(1_000)
      await settle()
      expect(() => enumerator.poll()).toThrow(expect.objectContaining({ retry: 'backoff' }))
      await enumerator.close()
    })

    it('says so when it is gone at a later look', async () => {
      const fs = new MemoryFileSystem()
      fs.put('/in/x', 'content')
      const { enumerator, scheduler } = watch(fs, '/in', 1_000)
      await enumerator.start()
      takeAway(fs, '/in')
      scheduler.advance(1_000)
      await settle()
      expect(() => enumerator.poll()).toThrow(
        expect.objectContaining({ code: 'files/not-found', retry: 'backoff' }),
      )
      await enumerator.close()
    })
  })
})
