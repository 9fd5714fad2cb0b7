import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { bundleHash, checkpointId, jobId } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { FsStorage } from '@weirjs/common/node/fs-storage'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { JobLog } from './job-log.ts'
import { resolveRestorePath } from './restore-path.ts'

const [A, B] = ['a'.repeat(32), 'b'.repeat(32)]

async function filled(): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  for (const path of [
    `${A}/chk-7/manifest`,
    `${A}/chk-12/manifest`,
    `${B}/chk-7/manifest`,
    `saved/old/chk-3/manifest`,
  ]) {
    await storage.createExclusive(path, new Uint8Array(1), 't')
  }
  await storage.createExclusive(`${A}/chk-13/half.state`, new Uint8Array(1), 't')
  return storage
}

describe('what -s may say', () => {
  it.each([
    [`${A}/chk-7`, `${A}/chk-7/manifest`],
    [`${A}/chk-7/`, `${A}/chk-7/manifest`],
    [`./${A}/chk-7/manifest`, `${A}/chk-7/manifest`],
    [`memory:/${B}/chk-7`, `${B}/chk-7/manifest`],
    ['saved/old/chk-3', 'saved/old/chk-3/manifest'],
    ['chk-12', `${A}/chk-12/manifest`],
  ])('%s', async (text, manifestPath) => {
    expect(await resolveRestorePath(await filled(), text)).toEqual({ manifestPath, sha256: null })
  })

  it.each([
    ['chk-7', 'restore/ambiguous', '2 jobs have a chk-7'],
    ['chk-99', 'restore/not-found', 'chk-99'],
    [`${A}/chk-13`, 'restore/not-found', 'chk-13'],
    [`${A}/chk-99`, 'restore/not-found', 'there is no checkpoint'],
    ['/elsewhere/chk-1', 'restore/outside-storage', '/elsewhere/chk-1'],
    ['s3://bucket/x/chk-1', 'restore/outside-storage', 'memory:/'],
    [`${A}/../../etc/passwd`, 'restore/not-found', 'names no checkpoint'],
    ['', 'restore/not-found', 'names no checkpoint'],
    ['nonsense', 'restore/not-found', 'nonsense'],
    ['c'.repeat(32), 'log/not-found', 'c'.repeat(32)],
  ])('%s is refused as %s', async (text, code, words) => {
    const refused = resolveRestorePath(await filled(), text)
    await expect(refused).rejects.toMatchObject({ code })
    await expect(refused).rejects.toThrow(words)
  })

  it('offers the checkpoints that the job has, newest first', async () => {
    await expect(resolveRestorePath(await filled(), `${A}/chk-99`)).rejects.toMatchObject({
      hint: 'That job has chk-12, chk-7.',
    })
  })

  it('a whole job id means its newest completed checkpoint, by its log', async () => {
    const storage = await filled()
    const log = await JobLog.create(
      { storage, jobId: jobId(A), prng: new Prng(1), scheduler: new ManualScheduler() },
      {
        submissionId: 's',
        graph: { version: 1, name: 'job', nodes: [], edges: [] },
        plan: { jobName: 'job', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
        settings: DEFAULT_JOB_SETTINGS,
        bundleHash: bundleHash('b'),
        args: {},
        submittedAtMs: 5,
        restore: null,
      },
    )
    await expect(resolveRestorePath(storage, A)).rejects.toMatchObject({
      code: 'restore/not-found',
    })
    const checkpoint = {
      checkpointId: checkpointId(7),
      kind: 'periodic',
      manifestPath: `${A}/chk-7/manifest`,
      manifestSha256: 'sum',
      triggeredAtMs: 0,
      completedAtMs: 0,
      stateBytes: 0,
    } as const
    await log.append({ type: 'completed', checkpoint })
    expect(await resolveRestorePath(storage, A)).toEqual({
      manifestPath: `${A}/chk-7/manifest`,
      sha256: 'sum',
    })
  })
})

describe('on a file system', () => {
  let root = ''
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'weir-restore-'))
  })
  afterAll(() => rm(root, { recursive: true }))

  it('takes the absolute path that is shown everywhere, and file URLs', async () => {
    const storage = await FsStorage.open(root)
    await storage.createExclusive(`${A}/chk-7/manifest`, new Uint8Array(1), 't')
    for (const text of [join(root, A, 'chk-7'), `file://${root}/${A}/chk-7/manifest`]) {
      expect((await resolveRestorePath(storage, text)).manifestPath).toBe(`${A}/chk-7/manifest`)
    }
    await expect(resolveRestorePath(storage, `${root}-other/${A}/chk-7`)).rejects.toMatchObject({
      code: 'restore/outside-storage',
    })
  })
})
