import { describe, expect, it } from 'vitest'
import { advance, settle } from '../../node/virtual-time.ts'
import { ManualScheduler } from '../manual-scheduler.ts'
import { MemoryDisk, MemoryStorage } from './memory-storage.ts'

const bytes = new Uint8Array([1, 2, 3])

describe('MemoryStorage faults', () => {
  it('shares one disk between processes', async () => {
    const disk = new MemoryDisk()
    const [a, b] = [new MemoryStorage({ disk }), new MemoryStorage({ disk })]
    await a.createExclusive('job/x', bytes, 'a')
    expect(await b.createExclusive('job/x', bytes, 'b')).toBe('exists')
    expect([...(await b.read('job/x'))]).toEqual([1, 2, 3])
  })

  it('keeps copies, also of a Buffer, whose `slice` makes none', async () => {
    const storage = new MemoryStorage()
    const given = Buffer.from([1, 2, 3])
    await storage.createExclusive('job/x', given, 't')
    given.fill(0)
    ;(await storage.read('job/x')).fill(9)
    expect([...(await storage.read('job/x'))]).toEqual([1, 2, 3])
  })

  it('fails an operation without doing it', async () => {
    const storage = new MemoryStorage({
      onOperation: () => ({ verdict: 'fail', code: 'storage/full' }),
    })
    await expect(storage.createExclusive('job/x', bytes, 't')).rejects.toMatchObject({
      code: 'storage/full',
    })
    expect(storage.disk.paths()).toEqual([])
  })

  it('does an operation and loses the reply', async () => {
    const storage = new MemoryStorage({
      onOperation: (operation) => ({ verdict: operation === 'create' ? 'ambiguous' : 'ok' }),
    })
    await expect(storage.createExclusive('job/x', bytes, 't')).rejects.toMatchObject({
      code: 'storage/io',
    })
    expect([...(await storage.read('job/x'))]).toEqual([1, 2, 3])
  })

  it('takes the time it is told to take', async () => {
    const scheduler = new ManualScheduler()
    const storage = new MemoryStorage({ scheduler, latencyMs: () => 10 })
    let done = false
    const writing = storage.createExclusive('job/x', bytes, 't').then(() => {
      done = true
    })
    await advance(scheduler, 4)
    expect(storage.disk.paths()).toEqual([])
    await advance(scheduler, 2)
    expect(storage.disk.paths()).toEqual(['job/x'])
    expect(done).toBe(false)
    await advance(scheduler, 4)
    await writing
    expect(done).toBe(true)
  })

  it('loses staged files in a crash, keeps published ones, and answers nobody any more', async () => {
    const disk = new MemoryDisk()
    const storage = new MemoryStorage({ disk })
    await (await storage.stage('job/published', 't')).publish()
    const staged = await storage.stage('job/staged', 't')
    await staged.write(bytes)
    storage.crash()
    await expect(staged.publish()).rejects.toMatchObject({ code: 'storage/closed' })
    await expect(storage.read('job/published')).rejects.toMatchObject({ code: 'storage/closed' })
    expect(disk.paths()).toEqual(['job/published'])
  })

  it('leaves it open whether an operation under way at the crash happened', async () => {
    const outcomes: number[] = []
    for (const crashAtMs of [2, 8]) {
      const scheduler = new ManualScheduler()
      const storage = new MemoryStorage({ scheduler, latencyMs: () => 10 })
      const writing = storage.createExclusive('job/x', bytes, 't').catch((error: unknown) => error)
      await advance(scheduler, crashAtMs)
      storage.crash()
      await advance(scheduler, 20)
      await settle()
      expect(await writing).toMatchObject({ code: 'storage/closed' })
      outcomes.push(storage.disk.paths().length)
    }
    expect(outcomes).toEqual([0, 1])
  })
})
