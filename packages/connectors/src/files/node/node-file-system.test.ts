import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeSink } from '@weirjs/api/contracts/sink.contract'
import { describeSource } from '@weirjs/api/contracts/source.contract'
import { struct } from '@weirjs/api/struct'
import { int } from '@weirjs/api/types'
import { findFiles } from '../file-paths.ts'
import type { FileSystem } from '../file-system.ts'
import { ndjsonFiles } from '../files.ts'
import { MemoryFileSystem } from '../memory-file-system.ts'
import { nodeFileSystem, nodeFileSystemWith } from './node-file-system.ts'

const Row = struct('Row', { n: int() })

for (const [name, open] of [
  [
    'node',
    async () => ({
      fs: nodeFileSystem as FileSystem,
      root: await mkdtemp(join(tmpdir(), 'weir-fs-')),
    }),
  ],
  ['memory', async () => ({ fs: new MemoryFileSystem() as FileSystem, root: '/memory' })],
] as const) {
  describe(`the ${name} file system`, () => {
    let fs: FileSystem
    let root: string
    beforeEach(async () => {
      ;({ fs, root } = await open())
      await fs.makeDirectories(root)
    })
    afterEach(() => rm(root, { recursive: true, force: true }))

    const write = async (path: string, text: string): Promise<void> => {
      const file = await fs.create(path)
      await file.write(Buffer.from(text))
      await file.sync()
      await file.close()
    }
    const read = async (path: string): Promise<string> => {
      const file = await fs.openRead(path)
      const bytes = await file.read(0, file.bytes + 10)
      await file.close()
      return Buffer.from(bytes).toString()
    }

    it('writes, lists and reads', async () => {
      await fs.makeDirectories(`${root}/a/b`)
      await write(`${root}/a/x`, 'hello')
      expect(await read(`${root}/a/x`)).toBe('hello')
      expect(await fs.facts(`${root}/a/x`)).toEqual({ kind: 'file', bytes: 5 })
      expect((await fs.facts(`${root}/a`))?.kind).toBe('directory')
      expect(await fs.facts(`${root}/none`)).toBeNull()
      expect(new Set(await fs.list(`${root}/a`))).toEqual(
        new Set([
          { name: 'b', kind: 'directory' },
          { name: 'x', kind: 'file' },
        ]),
      )
      const file = await fs.openRead(`${root}/a/x`)
      expect(Buffer.from(await file.read(1, 3)).toString()).toBe('ell')
      expect((await file.read(5, 3)).length).toBe(0)
      await file.close()
    })

    it('creates and renames only where nothing is', async () => {
      await write(`${root}/x`, 'one')
      await expect(fs.create(`${root}/x`)).rejects.toMatchObject({ code: 'files/exists' })
      expect(await fs.rename(`${root}/x`, `${root}/y`)).toBe('renamed')
      expect(await fs.facts(`${root}/x`)).toBeNull()
      await write(`${root}/z`, 'two')
      expect(await fs.rename(`${root}/y`, `${root}/z`)).toBe('exists')
      expect([await read(`${root}/y`), await read(`${root}/z`)]).toEqual(['one', 'two'])
      await expect(fs.rename(`${root}/none`, `${root}/q`)).rejects.toMatchObject({
        code: 'files/not-found',
      })
    })

    it('removes what is there, and does not mind what is not', async () => {
      await fs.makeDirectories(`${root}/d`)
      await write(`${root}/d/x`, 'one')
      await fs.removeEmptyDirectory(`${root}/d`)
      expect(await fs.facts(`${root}/d/x`)).not.toBeNull()
      await fs.remove(`${root}/d/x`)
      await fs.remove(`${root}/d/x`)
      await fs.removeEmptyDirectory(`${root}/d`)
      await fs.removeEmptyDirectory(`${root}/d`)
      expect(await fs.facts(`${root}/d`)).toBeNull()
      await fs.syncDirectory(root)
    })

    it('says what is wrong', async () => {
      await expect(fs.openRead(`${root}/none`)).rejects.toMatchObject({
        code: 'files/not-found',
        location: `${root}/none`,
      })
      await expect(fs.list(`${root}/none`)).rejects.toMatchObject({ code: 'files/not-found' })
      await expect(fs.create(`${root}/none/x`)).rejects.toMatchObject({ code: 'files/not-found' })
    })
  })
}

it('follows symbolic links, and takes broken ones for neither file nor directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'weir-fs-'))
  await mkdir(join(root, 'd'))
  await writeFile(join(root, 'f'), 'x')
  await symlink(join(root, 'f'), join(root, 'to-f'))
  await symlink(join(root, 'd'), join(root, 'to-d'))
  await symlink(join(root, 'nowhere'), join(root, 'to-nowhere'))
  await symlink(join(root, 'circle'), join(root, 'circle'))
  const kinds = new Map((await nodeFileSystem.list(root)).map(({ name, kind }) => [name, kind]))
  expect(Object.fromEntries(kinds)).toEqual({
    f: 'file',
    d: 'directory',
    'to-f': 'file',
    'to-d': 'directory',
    'to-nowhere': 'other',
    circle: 'other',
  })
  await expect(nodeFileSystem.facts(join(root, 'circle'))).rejects.toMatchObject({
    code: 'files/link-loop',
    location: join(root, 'circle'),
  })
  await rm(root, { recursive: true })
})

it('input is never a pipe, which would be waited for', async () => {
  const root = await mkdtemp(join(tmpdir(), 'weir-fs-'))
  execFileSync('mkfifo', [join(root, 'pipe')])
  await expect(findFiles(nodeFileSystem, join(root, 'pipe'))).rejects.toMatchObject({
    code: 'files/not-a-file',
    domain: 'user',
    retry: 'never',
  })
  expect(await findFiles(nodeFileSystem, root)).toEqual([])
  await rm(root, { recursive: true })
})

describeSource('NDJSON files on the disk', async () => {
  const root = await mkdtemp(join(tmpdir(), 'weir-in-'))
  const rows = Array.from({ length: 500 }, (_, n) => ({ n }))
  await writeFile(join(root, 'x.ndjson'), rows.map((row) => JSON.stringify(row)).join('\n'))
  return {
    source: ndjsonFiles(root, Row, { splitBytes: 1_000 }),
    expected: rows,
    dispose: () => rm(root, { recursive: true }),
  }
})

describe('directories on the disk', () => {
  let root: string
  const synced: string[] = []
  /** As a process that begins. */
  const anew = (): FileSystem => {
    synced.length = 0
    return nodeFileSystemWith(async (directory) => {
      synced.push(directory)
    })
  }
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'weir-fs-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  it('have their names synced by who makes them, and by who finds them: their maker may have died before', async () => {
    await anew().makeDirectories(`${root}/a/b`)
    expect(synced.slice(0, 2)).toEqual([`${root}/a`, root])
    const fs = anew()
    await fs.makeDirectories(`${root}/a/b/c`)
    expect(synced.slice(0, 3)).toEqual([`${root}/a/b`, `${root}/a`, root])
    const count = synced.length
    await fs.makeDirectories(`${root}/a/b/c`)
    await fs.makeDirectories(`${root}/a/b`)
    expect(synced).toHaveLength(count)
    // Somebody has removed it: the new one has no name on the disk.
    await rm(`${root}/a/b`, { recursive: true })
    await fs.makeDirectories(`${root}/a/b/c`)
    expect(synced.slice(count)).toEqual([`${root}/a/b`, `${root}/a`])
  })

  it('of others that may not be synced do not matter', async () => {
    const denied: string[] = []
    const fs = nodeFileSystemWith(async (directory) => {
      if (directory.startsWith(root)) return
      denied.push(directory)
      throw Object.assign(new Error('no'), { code: 'EACCES' })
    })
    await fs.makeDirectories(`${root}/a/b`)
    expect(denied).toEqual([tmpdir()])
  })
})

describeSink('NDJSON files on the disk', async () => {
  const root = await mkdtemp(join(tmpdir(), 'weir-out-'))
  const published = async (): Promise<Map<string, string>> => {
    const names = (await nodeFileSystem.list(root))
      .filter(({ kind }) => kind === 'file')
      .map(({ name }) => name)
    return new Map(
      await Promise.all(
        names.map(async (name) => [name, await readFile(join(root, name), 'utf8')] as const),
      ),
    )
  }
  return {
    sink: ndjsonFiles(root, Row),
    record: (n: number) => ({ n }),
    published,
    visible: async () =>
      [...(await published()).values()]
        .flatMap((text) => text.split('\n').slice(0, -1))
        .map((line) => Row.fromText(line).n),
    dispose: () => rm(root, { recursive: true }),
  }
})
