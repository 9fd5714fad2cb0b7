import {
  MemoryDisk,
  MemoryStorage,
  type StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'
import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import { present } from '@weirjs/common/core/assert'
import { WeirError } from '@weirjs/common/core/errors'
import { checkpointId, jobId } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { ManifestStore } from './manifest-store.ts'
import { sealManifest } from './manifest-format.ts'
import { SAMPLE_FILE, sampleManifest } from './sample-manifest.fixture.ts'

const JOB = jobId('0123456789abcdef0123456789abcdef')
const FILE = SAMPLE_FILE
const state = new TextEncoder().encode('the state of one subtask')

const manifest = (change: Partial<Manifest> = {}): Manifest => sampleManifest(JOB, change)

class Stage {
  readonly disk = new MemoryDisk()
  readonly time = new ManualScheduler()
  fault: (operation: string) => StorageVerdict = () => ({ verdict: 'ok' })
  readonly storage = new MemoryStorage({
    disk: this.disk,
    onOperation: (operation) => this.fault(operation),
  })
  readonly store = new ManifestStore({
    storage: this.storage,
    scheduler: this.time,
    prng: new Prng(1),
  })

  run<T>(work: Promise<T>): Promise<T> {
    return drive(this.time, work)
  }
}

describe('a manifest store', () => {
  it('gives back what was written, and where its files lie', async () => {
    const { store, storage } = new Stage()
    await storage.createExclusive(`${JOB}/${FILE}`, state, 't')
    const { path, sha256 } = await store.write(manifest())
    expect(path).toBe(`${JOB}/chk-7/manifest`)
    expect(await store.load(path, sha256)).toEqual({ manifest: manifest(), path, directory: JOB })
    expect(await store.load(path, null)).toMatchObject({ directory: JOB })
  })

  it('writes once although the reply was lost, and never over another', async () => {
    const stage = new Stage()
    await stage.storage.createExclusive(`${JOB}/${FILE}`, state, 't')
    let lost = 0
    stage.fault = (operation) => ({
      verdict: operation === 'create' && lost++ === 0 ? 'ambiguous' : 'ok',
    })
    const first = await stage.run(stage.store.write(manifest()))
    expect(lost).toBe(2)
    expect(await stage.store.write(manifest())).toEqual(first)
    await expect(stage.store.write(manifest({ jobName: 'other' }))).rejects.toMatchObject({
      code: 'checkpoint/manifest-exists',
    })
  })

  it('is written when all that was acknowledged is there, in its length', async () => {
    const { store, storage } = new Stage()
    const refused = (what: RegExp): Promise<void> =>
      expect(store.write(manifest())).rejects.toMatchObject({
        code: 'checkpoint/state-not-here',
        retry: 'backoff',
        message: expect.stringMatching(what) as string,
        hint: expect.stringContaining('is it mounted') as string,
      })
    await refused(/v0-0-1-1\.state was acknowledged, and is missing$/)
    await storage.createExclusive(`${JOB}/${FILE}`, state.subarray(1), 't')
    await refused(/23 bytes instead of 24$/)
    expect(await storage.list(`${JOB}/chk-7`)).toEqual([`${JOB}/${FILE}`])
  })

  it('gives up after a few tries, at once when the storage is full', async () => {
    const stage = new Stage()
    let tries = 0
    stage.fault = () => ({ verdict: 'fail', code: tries++ < 99 ? 'storage/io' : 'storage/full' })
    await expect(stage.run(stage.store.write(manifest()))).rejects.toMatchObject({
      code: 'storage/io',
    })
    expect(tries).toBe(4)
    tries = 99
    await expect(stage.run(stage.store.write(manifest()))).rejects.toMatchObject({
      code: 'storage/full',
    })
    expect(tries).toBe(100)
  })

  it('says that there is no checkpoint where there is none', async () => {
    const { store } = new Stage()
    await expect(store.load(`${JOB}/chk-1/manifest`, null)).rejects.toMatchObject({
      code: 'restore/not-found',
    })
  })

  it('sweeps what aborted checkpoints left, and nothing else', async () => {
    const { store, storage, disk } = new Stage()
    for (const name of [
      'chk-1/a',
      'chk-2/a',
      'chk-3/a',
      'chk-9/a',
      'log/0000000001',
      'chk-x/a',
      'bundle-f.mjs',
    ]) {
      await storage.createExclusive(`${JOB}/${name}`, state, 't')
    }
    const [kept, newest] = [new Set([checkpointId(2)]), checkpointId(9)]
    expect(await store.sweep(JOB, kept, newest, 1)).toEqual([1])
    expect(await store.sweep(JOB, kept, newest, 10)).toEqual([3])
    expect(disk.paths().map((path) => path.slice(JOB.length + 1))).toEqual([
      'bundle-f.mjs',
      'chk-2/a',
      'chk-9/a',
      'chk-x/a',
      'log/0000000001',
    ])
  })
})

describe('a damaged checkpoint', () => {
  async function stored(): Promise<{
    stage: Stage
    path: string
    sha256: string
    whole: Uint8Array
  }> {
    const stage = new Stage()
    await stage.storage.createExclusive(`${JOB}/${FILE}`, state, 't')
    const { path, sha256 } = await stage.store.write(manifest())
    return { stage, path, sha256, whole: (stage.disk.get(path) as Uint8Array).slice() }
  }
  async function refused(
    stage: Stage,
    path: string,
    sha256: string | null,
    named: string,
  ): Promise<void> {
    const error: unknown = await stage.store.load(path, sha256).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(WeirError)
    expect((error as WeirError).code).toBe('state/file-damaged')
    expect((error as WeirError).message).toContain(named)
  }

  it('is refused whichever byte of the manifest flips', async () => {
    const { stage, path, sha256, whole } = await stored()
    for (let at = 0; at < whole.length; at++) {
      stage.disk.tamper(path, () =>
        whole.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte)),
      )
      await refused(stage, path, null, path)
      await refused(stage, path, sha256, path)
    }
  })

  it('is refused at whatever length the manifest is cut', async () => {
    const { stage, path, whole } = await stored()
    for (let length = 0; length < whole.length; length++) {
      stage.disk.tamper(path, () => whole.subarray(0, length))
      await refused(stage, path, null, path)
    }
  })

  it('is refused when the manifest is a whole one, but not the one in the log', async () => {
    const { stage, path, sha256 } = await stored()
    stage.disk.tamper(path, () => sealManifest(manifest({ completedAtMs: 3 })))
    await stage.store.load(path, null)
    await refused(stage, path, sha256, 'not the manifest that the job log knows')
  })

  it('is refused when its manifest is that of another checkpoint, or of another job', async () => {
    const { stage, path } = await stored()
    for (const other of [{ checkpointId: checkpointId(6) }, { jobId: jobId('f'.repeat(32)) }]) {
      stage.disk.tamper(path, () => sealManifest(manifest(other)))
      await refused(stage, path, null, `${path} is damaged at byte 0: it is the manifest of `)
    }
  })

  it('is refused when a file that it names is missing or cut, naming that file', async () => {
    const { stage, path } = await stored()
    stage.disk.tamper(`${JOB}/${FILE}`, (bytes) => bytes.subarray(1))
    await refused(
      stage,
      path,
      null,
      `${JOB}/${FILE} is damaged at byte 23: it has 23 bytes instead of 24`,
    )
    stage.disk.tamper(`${JOB}/${FILE}`, () => null)
    await refused(stage, path, null, `${JOB}/${FILE} is missing`)
  })

  it('is refused when the storage fails, and not taken for missing', async () => {
    const { stage, path } = await stored()
    stage.fault = (operation) => ({ verdict: operation === 'size' ? 'fail' : 'ok' })
    await expect(stage.store.load(path, null)).rejects.toMatchObject({ code: 'storage/io' })
  })

  it('is refused when a sealed manifest has the wrong form or names a file outside', async () => {
    const { stage, path } = await stored()
    const broken = [{ ...manifest(), tasks: 5 }, { ...manifest(), checkpointId: 'x' }, null, [], 7]
    for (const value of broken) {
      stage.disk.tamper(path, () => sealManifest(value as unknown as Manifest))
      await refused(stage, path, null, 'is no manifest')
    }
    const task = present(manifest().tasks[0], 'one task')
    const file = present(task.snapshot.file, 'its file')
    const escaping = {
      ...task,
      snapshot: { ...task.snapshot, file: { ...file, path: '../../etc/passwd' } },
    }
    stage.disk.tamper(path, () => sealManifest(manifest({ tasks: [escaping] })))
    await expect(stage.store.load(path, null)).rejects.toMatchObject({
      code: 'storage/invalid-path',
    })
  })
})
