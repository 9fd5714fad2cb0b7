// What every checkpoint storage must survive. The exactly-once promise rests on three of these: publish is atomic, a
// name is never replaced, and of many who create one name exactly one wins.

import { describe, expect, it } from 'vitest'
import type { CheckpointStorage } from './storage.ts'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const string = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** `open` gives a fresh, empty storage; `close` removes it. */
export function describeCheckpointStorage(
  name: string,
  open: () => Promise<{ storage: CheckpointStorage; close: () => Promise<void> }>,
): void {
  const using = (run: (storage: CheckpointStorage) => Promise<void>) => async (): Promise<void> => {
    const { storage, close } = await open()
    try {
      await run(storage)
    } finally {
      await close()
    }
  }
  describe(`${name} as checkpoint storage`, () => {
    describeStaging(using)
    describeCreating(using)
    describeListing(using)
    describePaths(using)
  })
}

type Using = (run: (storage: CheckpointStorage) => Promise<void>) => () => Promise<void>

function describeStaging(using: Using): void {
  it(
    'shows a staged file to nobody before it is published, and whole afterwards',
    using(async (storage) => {
      const staged = await storage.stage('job/chk-1/a.state', 'x')
      await staged.write(text('one '))
      await staged.write(text('two'))
      expect(await storage.list('job')).toEqual([])
      await expect(storage.read('job/chk-1/a.state')).rejects.toMatchObject({
        code: 'storage/not-found',
      })
      await staged.publish()
      expect(await storage.list('job')).toEqual(['job/chk-1/a.state'])
      expect(string(await storage.read('job/chk-1/a.state'))).toBe('one two')
    }),
  )

  it(
    'takes the bytes at the call: the caller may use its buffer again',
    using(async (storage) => {
      const buffer = text('first')
      const staged = await storage.stage('job/f', 'x')
      await staged.write(buffer)
      buffer.fill(0)
      await staged.publish()
      expect(string(await storage.read('job/f'))).toBe('first')
    }),
  )

  it(
    'never replaces a file by publishing',
    using(async (storage) => {
      const [a, b] = [await storage.stage('job/f', 'a'), await storage.stage('job/f', 'b')]
      await a.write(text('from a'))
      await b.write(text('from b'))
      await a.publish()
      await expect(b.publish()).rejects.toMatchObject({ code: 'storage/exists' })
      expect(string(await storage.read('job/f'))).toBe('from a')
    }),
  )

  it(
    'stages one name twice under one tag without mixing',
    using(async (storage) => {
      const [a, b] = [await storage.stage('job/f', 'same'), await storage.stage('job/f', 'same')]
      await Promise.all([a.write(text('aaaa')), b.write(text('bbbb'))])
      await a.abandon()
      await b.publish()
      expect(string(await storage.read('job/f'))).toBe('bbbb')
    }),
  )

  it(
    'leaves nothing behind when a staged file is abandoned, and takes it twice',
    using(async (storage) => {
      const staged = await storage.stage('job/f', 'x')
      await staged.write(text('never'))
      await staged.abandon()
      await staged.abandon()
      await expect(staged.publish()).rejects.toMatchObject({ code: 'storage/io' })
      expect(await storage.list('job')).toEqual([])
    }),
  )

  it(
    'keeps a published file when it is abandoned afterwards',
    using(async (storage) => {
      const staged = await storage.stage('job/f', 'x')
      await staged.publish()
      await staged.abandon()
      expect((await storage.read('job/f')).length).toBe(0)
    }),
  )

  it(
    'keeps megabytes exactly',
    using(async (storage) => {
      const bytes = new Uint8Array(3 * 1024 * 1024 + 17)
      for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31) & 0xff
      const staged = await storage.stage('job/big', 'x')
      await staged.write(bytes.subarray(0, 1_000_000))
      await staged.write(bytes.subarray(1_000_000))
      await staged.publish()
      const back = await storage.read('job/big')
      expect(back.length).toBe(bytes.length)
      expect(back.every((byte, i) => byte === bytes[i])).toBe(true)
    }),
  )
}

function describeCreating(using: Using): void {
  it(
    'creates a name once',
    using(async (storage) => {
      expect(await storage.createExclusive('job/log/0000000001', text('mine'), 'a')).toBe('created')
      expect(await storage.createExclusive('job/log/0000000001', text('yours'), 'b')).toBe('exists')
      expect(string(await storage.read('job/log/0000000001'))).toBe('mine')
    }),
  )

  it(
    'lets exactly one of many creators win, whose bytes are read',
    using(async (storage) => {
      const contestants = Array.from({ length: 16 }, (_, i) => `writer ${i}`)
      const outcomes = await Promise.all(
        contestants.map((who) => storage.createExclusive('job/e', text(who), who)),
      )
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1)
      expect(string(await storage.read('job/e'))).toBe(contestants[outcomes.indexOf('created')])
      expect(await storage.list('job')).toEqual(['job/e'])
    }),
  )
}

function describeListing(using: Using): void {
  it(
    'lists files at every depth, sorted, and nothing for a directory that is not there',
    using(async (storage) => {
      for (const path of ['job/b', 'job/a/z', 'job/a/b/c', 'jobs/other']) {
        await storage.createExclusive(path, text(path), 't')
      }
      expect(await storage.list('job')).toEqual(['job/a/b/c', 'job/a/z', 'job/b'])
      expect(await storage.list('nowhere')).toEqual([])
    }),
  )

  it(
    'lists directories of one level, of the root too',
    using(async (storage) => {
      expect(await storage.listDirectories('')).toEqual([])
      for (const path of ['job-b/log/1', 'job-a/log/1', 'job-a/chk-1/x/y', 'file']) {
        await storage.createExclusive(path, text(path), 't')
      }
      expect(await storage.listDirectories('')).toEqual(['job-a', 'job-b'])
      expect(await storage.listDirectories('job-a')).toEqual(['chk-1', 'log'])
      expect(await storage.listDirectories('nowhere')).toEqual([])
    }),
  )

  it(
    'removes one file, and is content when it is gone already',
    using(async (storage) => {
      await storage.createExclusive('job/a', text('a'), 't')
      await storage.createExclusive('job/b', text('b'), 't')
      await storage.remove('job/a')
      await storage.remove('job/a')
      await storage.remove('nowhere/at/all')
      expect(await storage.list('job')).toEqual(['job/b'])
      expect(await storage.createExclusive('job/a', text('again'), 't')).toBe('created')
    }),
  )

  it(
    'removes a tree and nothing beside it, and writes there again',
    using(async (storage) => {
      for (const path of ['job/chk-1/a', 'job/chk-1/sub/b', 'job/chk-10/a']) {
        await storage.createExclusive(path, text(path), 't')
      }
      await storage.removeTree('job/chk-1')
      await storage.removeTree('job/chk-1')
      expect(await storage.list('job')).toEqual(['job/chk-10/a'])
      await storage.createExclusive('job/chk-1/a', text('new'), 't')
      expect(string(await storage.read('job/chk-1/a'))).toBe('new')
    }),
  )

  it(
    'tells the length of a file',
    using(async (storage) => {
      await storage.createExclusive('job/a', text('four'), 't')
      expect(await storage.size('job/a')).toBe(4)
      await expect(storage.size('job/b')).rejects.toMatchObject({ code: 'storage/not-found' })
    }),
  )

  it(
    'hands out its own copy of what is stored',
    using(async (storage) => {
      await storage.createExclusive('job/a', text('kept'), 't')
      ;(await storage.read('job/a')).fill(0)
      expect(string(await storage.read('job/a'))).toBe('kept')
    }),
  )
}

function describePaths(using: Using): void {
  const nasty = [
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a/./b',
    'a//b',
    'a\\b',
    'a/\0',
    'a/.staging-x',
    'x'.repeat(300),
  ]
  it.each(nasty)('refuses the path %j in every operation', (path) =>
    using(async (storage) => {
      const refused = { code: 'storage/invalid-path' }
      await expect(storage.stage(path, 't')).rejects.toMatchObject(refused)
      await expect(storage.createExclusive(path, text('x'), 't')).rejects.toMatchObject(refused)
      await expect(storage.read(path)).rejects.toMatchObject(refused)
      await expect(storage.size(path)).rejects.toMatchObject(refused)
      await expect(storage.list(path)).rejects.toMatchObject(refused)
      await expect(storage.remove(path)).rejects.toMatchObject(refused)
      await expect(storage.removeTree(path)).rejects.toMatchObject(refused)
    })(),
  )

  it(
    'takes any text as tag',
    using(async (storage) => {
      expect(await storage.createExclusive('job/a', text('x'), '../../evil tag/\0 é')).toBe(
        'created',
      )
      expect(await storage.list('job')).toEqual(['job/a'])
    }),
  )

  it(
    'says where a person finds a file',
    using(async (storage) => {
      expect(storage.locate('job/chk-7/manifest')).toMatch(/job\/chk-7\/manifest$/)
    }),
  )
}
