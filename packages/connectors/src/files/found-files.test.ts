// Trees as they are found on disks: links that lead back, names that nobody can write, patterns that are none.

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findFiles } from './file-paths.ts'
import { nodeFileSystem } from './node/node-file-system.ts'

/** `café.txt` in Latin-1. */
const LATIN = Buffer.from('caf\u{e9}.txt', 'latin1')

describe('files below a path', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'weir-tree-'))
    await mkdir(join(root, 'in', 'deep'), { recursive: true })
    await writeFile(join(root, 'in', 'a.txt'), 'a')
    await writeFile(join(root, 'in', 'deep', 'b.txt'), 'b')
  })
  afterEach(() => rm(root, { recursive: true }))

  const found = async (path: string): Promise<readonly string[]> =>
    (await findFiles(nodeFileSystem, join(root, path))).map((file) => file.path.slice(root.length))

  it.each([
    ['itself', '.', 'in/me'],
    ['the directory above', '..', 'in/up'],
    ['the root, from below', '../..', 'in/deep/top'],
  ])('are found once where a link leads to %s', async (_, to, link) => {
    await symlink(to, join(root, link))
    for (const path of ['in', 'in/**', 'in/**/*.txt'])
      expect(await found(path)).toEqual(['/in/a.txt', '/in/deep/b.txt'])
  })

  const ALL = ['in', 'in/**', 'in/**/*.txt']

  it('are found behind links that lead elsewhere, by the first of them', async () => {
    await mkdir(join(root, 'other', 'deep'), { recursive: true })
    await writeFile(join(root, 'other', 'deep', 'c.txt'), 'c')
    await symlink('../other/deep', join(root, 'in', 'z'))
    await symlink('../other', join(root, 'in', 'y'))
    await symlink('../other', join(root, 'in', 'x'))
    await symlink('../../in', join(root, 'other', 'deep', 'back'))
    for (const path of ALL)
      expect(await found(path)).toEqual(['/in/a.txt', '/in/deep/b.txt', '/in/x/deep/c.txt'])
    expect(await found('in/*/*.txt')).toEqual(['/in/deep/b.txt', '/in/z/c.txt'])
    expect(await found('in/y/*/*.txt')).toEqual(['/in/y/deep/c.txt'])
  })

  it('have the names under which they lie, wherever links turn', async () => {
    await mkdir(join(root, 'in', 'later'))
    await writeFile(join(root, 'in', 'later', 'b.txt'), 'b')
    for (const day of ['deep', 'later']) {
      await symlink(day, join(root, 'in', 'current'))
      await symlink(`${day}/b.txt`, join(root, 'in', '0.txt'))
      for (const path of ALL)
        expect(await found(path)).toEqual(['/in/a.txt', '/in/deep/b.txt', '/in/later/b.txt'])
      expect(await found('in/*/*.txt')).toEqual(['/in/deep/b.txt', '/in/later/b.txt'])
      expect(await found('in/[0c]*/**')).toEqual(['/in/current/b.txt'])
      expect(await found('in/?.txt')).toEqual(['/in/0.txt', '/in/a.txt'])
      for (const link of ['current', '0.txt']) await rm(join(root, 'in', link))
    }
  })

  it('are found by a link where only that has a name to be read', async () => {
    await mkdir(join(root, 'in', '_v1'))
    await writeFile(join(root, 'in', '_v1', 'c.txt'), 'c')
    await symlink('_v1', join(root, 'in', 'v'))
    await symlink('_v1/c.txt', join(root, 'in', 'c.txt'))
    await symlink('a.txt', join(root, 'in', 'a.link'))
    expect(await found('in/*.link')).toEqual(['/in/a.link'])
    expect(await found('in/*.txt')).toEqual(['/in/a.txt', '/in/c.txt'])
    expect(await found('in')).toEqual(['/in/a.txt', '/in/deep/b.txt', '/in/v/c.txt'])
  })

  it.each(['file', 'directory'])('are refused by a name that is not UTF-8: a %s', async (kind) => {
    const path = Buffer.concat([Buffer.from(`${root}/in/deep/`), LATIN])
    await (kind === 'file' ? writeFile(path, 'x') : mkdir(path))
    for (const all of ['in', 'in/**'])
      await expect(found(all)).rejects.toMatchObject({
        code: 'files/bad-name',
        domain: 'user',
        retry: 'never',
        location: `${root}/in/deep/caf\u{fffd}.txt`,
      })
    expect(await found('in/*/b*')).toEqual(['/in/deep/b.txt'])
  })

  it.each([
    ['in/[z-a].txt', 'files/bad-pattern'],
    [`in/${'x'.repeat(300)}`, 'files/bad-name'],
    ['in/a\0b', 'files/bad-name'],
  ])('are not looked for by %j', async (path, code) => {
    await expect(found(path)).rejects.toMatchObject({ code, domain: 'user', retry: 'never' })
  })
})
