import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkpointId, jobId } from '@weirjs/common/core/ids'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { JobUser } from './job-user.ts'

const USER = { uid: 20_017, gid: 20_018 }
const JOB = jobId('0123456789abcdef0123456789abcdef')
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: only root gives something to another user')

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-job-user-'))
  chmodSync(root, 0o755)
  mkdirSync(at('storage', JOB), { recursive: true })
  mkdirSync(at('own'), { mode: 0o700 })
  writeFileSync(at('entry'), '')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const at = (...names: readonly string[]): string => join(root, ...names)
const take = (): Promise<JobUser> =>
  JobUser.take(USER, { storage: at('storage'), files: [at('entry')], passages: [at('own')] })
const rightsOf = (...names: readonly string[]): string => {
  const { uid, gid, mode } = statSync(at(...names))
  return `${uid}:${gid} ${(mode & 0o7777).toString(8)}`
}

describe.runIf(!isRoot)('a user for job processes', () => {
  it('takes a TaskManager that is root', async () => {
    await expect(take()).rejects.toMatchObject({ code: 'config/bad-value' })
  })
})

describe.runIf(isRoot)('a user for job processes', () => {
  it('passes through what is its TaskManager’s, reads a job’s directory, and adds to those of checkpoints', async () => {
    const user = await take()
    expect(readdirSync(at('storage'))).toEqual([JOB])
    expect(rightsOf('own')).toBe('0:20018 710')
    await user.admit(JOB)
    expect(rightsOf('storage', JOB)).toBe('0:20018 2750')
    await user.prepare(JOB, checkpointId(7))
    await user.prepare(JOB, checkpointId(7))
    expect(rightsOf('storage', JOB, 'chk-7')).toBe('0:20018 3770')
  })

  const CLOSED = 0o700
  it.each([
    [
      'a file that it must read',
      () => chmodSync(at('entry'), CLOSED),
      /cannot read .*entry \(EACCES\)/,
    ],
    ['a way to it', () => chmodSync(root, CLOSED), /cannot pass .*weir-job-user-\w+ \(EACCES\)/],
    ['the storage', () => chmodSync(at('storage'), 0o711), /cannot list .*storage \(EACCES\)/],
    [
      'a storage that is its own',
      () => chownSync(at('storage'), USER.uid, 0),
      /cannot leave alone .*storage/,
    ],
    ['a storage of all', () => chmodSync(at('storage'), 0o777), /cannot leave alone .*storage/],
  ])('is refused for %s', async (_what, change, says) => {
    change()
    await expect(take()).rejects.toMatchObject({
      code: 'config/bad-value',
      message: expect.stringMatching(says) as string,
    })
    expect(readdirSync(at('storage'))).toEqual([JOB])
  })

  it('is given nothing that a link leads to', async () => {
    const user = await take()
    rmSync(at('storage', JOB), { recursive: true })
    symlinkSync(at('own'), at('storage', JOB))
    await expect(user.admit(JOB)).rejects.toMatchObject({ code: 'storage/io' })
    expect(rightsOf('own')).toBe('0:20018 710')
  })
})
