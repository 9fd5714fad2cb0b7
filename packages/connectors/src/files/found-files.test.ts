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

  it('are found behind links that lead elsewhere, by both names', async () => {
    await mkdir(join(root, 'other'))
    await writeFile(join(root, 'other', 'c.txt'), 'c')
    await symlink('../other', join(root, 'in', 'x'))
    await symlink('../other', join(root, 'in', 'y'))
    await symlink('../in', join(root, 'other', 'back'))
    for (const path of ['in', 'in/**'])
      expect(await found(path)).toEqual([
        '/in/a.txt',
        '/in/deep/b.txt',
        '/in/x/c.txt',
        '/in/y/c.txt',
      ])
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
