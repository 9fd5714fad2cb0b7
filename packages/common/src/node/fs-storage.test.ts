import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rm,
  symlink,
  unlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DurableCalls } from './fs-calls.ts'
import { FsStorage } from './fs-storage.ts'

const bytes = new TextEncoder().encode('content')
let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'weir-fs-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code })
}

/** The system's calls, written down in order, with one that fails where `fails` says so. */
function recorded(fails: (call: string) => string | null = () => null): {
  calls: DurableCalls
  trace: string[]
} {
  const trace: string[] = []
  const note = async <T>(call: string, run: () => Promise<T>): Promise<T> => {
    trace.push(call)
    const code = fails(call)
    if (code !== null) throw errno(code)
    return run()
  }
  const kind = (path: string): string =>
    path.includes('.staging-') ? 'staging' : path.slice(root.length + 1) || 'root'
  const calls: DurableCalls = {
    open: async (path, flags) => {
      const handle = await note(`open ${kind(path)}`, () => open(path, flags))
      return {
        write: ((...args: Parameters<typeof handle.write>) =>
          note(`write ${kind(path)}`, () => handle.write(...args))) as typeof handle.write,
        sync: () => note(`sync ${kind(path)}`, () => handle.sync()),
        close: () => handle.close(),
      }
    },
    link: (from, to) => note(`link ${kind(to)}`, () => link(from, to)),
    unlink: (path) => note(`unlink ${kind(path)}`, () => unlink(path)),
    mkdir: (path) =>
      note(`mkdir ${kind(path)}`, async () => {
        await mkdir(path)
      }),
  }
  return { calls, trace }
}

const everything = async (): Promise<string[]> => (await readdir(root, { recursive: true })).sort()

describe('FsStorage publishing', () => {
  it('persists in the one safe order: data, name, directory, and parents before children', async () => {
    const { calls, trace } = recorded()
    const storage = await FsStorage.open(root, calls)
    trace.length = 0
    await storage.createExclusive('job/log/1', bytes, 'tag')
    expect(trace).toEqual([
      'mkdir job',
      'open root',
      'sync root',
      'mkdir job/log',
      'open job',
      'sync job',
      'open staging',
      'write staging',
      'sync staging',
      'link job/log/1',
      'open job/log',
      'sync job/log',
      'unlink staging',
    ])
  })

  it('syncs the name of a directory whose maker died, or failed, before it was durable', async () => {
    let armed = false
    const { calls, trace } = recorded((call) => (armed && call === 'sync root' ? 'EIO' : null))
    const storage = await FsStorage.open(root, calls)
    armed = true
    await expect(storage.createExclusive('job/f', bytes, 'tag')).rejects.toMatchObject({
      code: 'storage/io',
    })
    armed = false
    const successor = await FsStorage.open(root, calls)
    for (const one of [storage, successor]) {
      trace.length = 0
      await one.createExclusive(`job/${one === storage}`, bytes, 'tag')
      expect(trace.slice(0, 3)).toEqual(['mkdir job', 'open root', 'sync root'])
    }
  })

  it.each([
    ['sync staging', 'EIO', 'storage/io', []],
    ['write staging', 'ENOSPC', 'storage/full', []],
    ['write staging', 'EDQUOT', 'storage/full', []],
    ['open staging', 'EMFILE', 'storage/io', []],
    ['link job/f', 'EIO', 'storage/io', []],
    ['sync job', 'EIO', 'storage/io', ['job/f']],
    ['mkdir job', 'EACCES', 'storage/io', []],
  ] as const)(
    'abandons the file when %s fails with %s',
    async (failing, code, expected, visible) => {
      let armed = false
      const { calls } = recorded((call) => (armed && call === failing ? code : null))
      const storage = await FsStorage.open(root, calls)
      armed = true
      await expect(storage.createExclusive('job/f', bytes, 'tag')).rejects.toMatchObject({
        code: expected,
      })
      expect((await everything()).filter((name) => name !== 'job')).toEqual(visible)
      armed = false
      if (visible.length === 0)
        expect(await storage.createExclusive('job/f', bytes, 'tag')).toBe('created')
    },
  )

  it('does not publish after a failed write, and says so', async () => {
    let armed = false
    const { calls } = recorded((call) => (armed && call === 'write staging' ? 'EIO' : null))
    const storage = await FsStorage.open(root, calls)
    const staged = await storage.stage('job/f', 'tag')
    armed = true
    await expect(staged.write(bytes)).rejects.toMatchObject({ code: 'storage/io' })
    armed = false
    await expect(staged.write(bytes)).rejects.toMatchObject({ code: 'storage/io' })
    await expect(staged.publish()).rejects.toMatchObject({ code: 'storage/io' })
    expect(await everything()).toEqual(['job'])
  })

  it('sees that a link succeeded although the call reported an error', async () => {
    const { calls } = recorded()
    const lying: DurableCalls = {
      ...calls,
      link: async (from, to) => {
        await link(from, to)
        if (!to.includes('.staging-')) throw errno('EEXIST')
      },
    }
    const storage = await FsStorage.open(root, lying)
    expect(await storage.createExclusive('job/f', bytes, 'tag')).toBe('created')
  })

  it('does not mind a staging file that cannot be unlinked', async () => {
    let armed = false
    const { calls } = recorded((call) => (armed && call === 'unlink staging' ? 'EIO' : null))
    const storage = await FsStorage.open(root, calls)
    armed = true
    expect(await storage.createExclusive('job/f', bytes, 'tag')).toBe('created')
    expect(await storage.list('job')).toEqual(['job/f'])
  })

  it('makes a directory again that was removed behind its back', async () => {
    const storage = await FsStorage.open(root)
    await storage.createExclusive('job/chk-1/a', bytes, 'tag')
    await rm(join(root, 'job'), { recursive: true })
    expect(await storage.createExclusive('job/chk-1/b', bytes, 'tag')).toBe('created')
    // Known is then only a parent that is gone.
    await rm(join(root, 'job'), { recursive: true })
    expect(await storage.createExclusive('job/chk-2/c', bytes, 'tag')).toBe('created')
  })

  it('steps over the staging file of a dead process', async () => {
    await mkdir(join(root, 'job'))
    const storage = await FsStorage.open(root)
    for (let i = 0; i < 5; i++)
      await writeFile(join(root, 'job', `.staging-tag-${process.pid}-${i}-f`), 'old')
    expect(await storage.createExclusive('job/f', bytes, 'tag')).toBe('created')
    expect(await storage.list('job')).toEqual(['job/f'])
  })
})

describe('FsStorage opening', () => {
  it('makes a missing root', async () => {
    const storage = await FsStorage.open(join(root, 'deep/er'))
    expect(await storage.createExclusive('f', bytes, 'tag')).toBe('created')
    expect(storage.locate('f')).toBe(join(root, 'deep/er/f'))
    expect(await everything()).toEqual(['deep', 'deep/er', 'deep/er/f'])
  })

  it('may be opened by all slots of a process in the same moment', async () => {
    const slots = 64
    await Promise.all(Array.from({ length: slots }, () => FsStorage.open(root)))
    expect(await everything()).toEqual([])
  })

  it('refuses a file system without hard links at the start', async () => {
    const { calls } = recorded((call) => (call.startsWith('link') ? 'EPERM' : null))
    await expect(FsStorage.open(root, calls)).rejects.toMatchObject({ code: 'storage/unsupported' })
  })

  it('refuses a root that is a file', async () => {
    await writeFile(join(root, 'file'), 'x')
    await expect(FsStorage.open(join(root, 'file'))).rejects.toMatchObject({ code: 'storage/io' })
    await expect(FsStorage.open(join(root, 'file', 'below'))).rejects.toMatchObject({
      code: 'storage/io',
    })
  })

  it('refuses at once a root that is a link to what is not there', async () => {
    await symlink('gone', join(root, 'link'))
    const { calls, trace } = recorded()
    await expect(FsStorage.open(join(root, 'link'), calls)).rejects.toMatchObject({
      code: 'storage/io',
      message: `${join(root, 'link')} is no directory, but a file, or a link that leads nowhere`,
    })
    expect(trace.length).toBeLessThan(5)
  })

  it.skipIf(process.getuid?.() === 0)('refuses a root that cannot be written', async () => {
    await chmod(root, 0o555)
    await expect(FsStorage.open(root)).rejects.toMatchObject({ code: 'storage/io' })
    await chmod(root, 0o755)
  })

  it('names the whole path of a missing file', async () => {
    const storage = await FsStorage.open(root)
    await expect(storage.read('job/gone')).rejects.toThrow(join(root, 'job/gone'))
  })

  it('answers nobody after close', async () => {
    const storage = await FsStorage.open(root)
    storage.close()
    await expect(storage.read('job/x')).rejects.toMatchObject({ code: 'storage/closed' })
  })
})
