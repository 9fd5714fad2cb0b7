import { describe, expect, it } from 'vitest'
import { FileCommitter } from './file-committer.ts'
import { partNames } from './file-parts.ts'
import { MemoryFileSystem } from './memory-file-system.ts'

const context = (attempt: number) => ({
  subtask: 0,
  parallelism: 2,
  writerId: `w${attempt}`,
  jobId: 'job',
  uid: 'out',
  epoch: 1,
  attempt,
  scheduler: {
    nowMs: () => 0,
    wallMs: () => 0,
    timer: () => () => {},
    nextTurn: () => () => {},
  },
  print: () => {},
})

describe('the clean-up of staged files', () => {
  it('does not mind when other subtasks take the empty directories away meanwhile', async () => {
    const fs = new MemoryFileSystem()
    const { staging } = partNames('/out', context(1), 0, 'ndjson')
    fs.put(staging, 'left over')
    fs.hook = (operation) => {
      if (operation !== 'list') return
      fs.hook = () => {}
      throw Object.assign(new Error('gone'), { code: 'ENOENT' })
    }
    await new FileCommitter(fs, '/out', context(2)).cleanUp()
    await new FileCommitter(fs, '/out', context(2)).cleanUp()
    expect(fs.paths()).toEqual([])
  })

  it.each([
    ['EACCES', 'files/denied'],
    ['ENOTDIR', 'files/not-a-directory'],
    ['ENOENT', null],
  ])('tells early when nothing can be written there: %s', async (code, told) => {
    const fs = new MemoryFileSystem()
    fs.hook = (operation) => {
      if (operation === 'make-directories') throw Object.assign(new Error('no'), { code })
    }
    const early = new FileCommitter(fs, '/out', context(1)).cleanUp()
    // Directories that somebody takes away meanwhile are made again when they are wanted.
    if (told === null) await expect(early).resolves.toBeUndefined()
    else await expect(early).rejects.toMatchObject({ code: told })
  })
})

describe('the memory file system', () => {
  it('brings a directory back with the names in it that come back when the power fails', async () => {
    const fs = new MemoryFileSystem()
    fs.put('/a/b/file', 'x')
    await fs.remove('/a/b/file')
    await fs.removeEmptyDirectory('/a/b')
    fs.losePower()
    expect(await fs.list('/a/b')).toEqual([{ name: 'file', kind: 'file' }])
  })
})
