import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jobId } from '@weirjs/common/core/ids'
import { silentLog } from '@weirjs/common/core/log'
import { Level } from 'level'
import { afterEach, describe, expect, it } from 'vitest'
import {
  HISTORY_RECORDS_MAX,
  type HistoryIndex,
  LevelHistory,
  MemoryHistory,
  TRIM_EVERY,
} from './history-index.ts'

const A = jobId('a'.repeat(32))
const B = jobId('b'.repeat(32))
const directories: string[] = []

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'weir-history-'))
  directories.push(made)
  return made
}

afterEach(async () => {
  for (const made of directories.splice(0)) await rm(made, { recursive: true, force: true })
})

const kinds: Record<string, () => Promise<HistoryIndex>> = {
  memory: () => Promise.resolve(new MemoryHistory()),
  level: async () => LevelHistory.open(await directory(), silentLog),
}

describe.each(Object.keys(kinds))('%s history', (name) => {
  it('gives back the newest value of each key in order, job by job', async () => {
    const history = await (kinds[name] as () => Promise<HistoryIndex>)()
    history.put(A, 'checkpoint', 10, 'ten')
    history.put(A, 'checkpoint', 9, 'nine')
    history.put(A, 'checkpoint', 10, { ten: true })
    history.put(A, 'output', 1, 'text')
    history.put(B, 'checkpoint', 1, 'other')
    expect(await history.list(A, 'checkpoint')).toEqual(['nine', { ten: true }])
    expect(await history.list(A, 'output')).toEqual(['text'])
    history.forget(A)
    expect(await history.list(A, 'checkpoint')).toEqual([])
    expect(await history.list(B, 'checkpoint')).toEqual(['other'])
    await history.close()
  })

  it('does things in the order in which they were asked for', async () => {
    const history = await (kinds[name] as () => Promise<HistoryIndex>)()
    history.put(A, 'end', 0, 'before')
    history.put(B, 'end', 0, 'other')
    history.forget(A)
    history.put(A, 'output', 0, 'behind')
    expect(await history.list(A, 'end')).toEqual([])
    expect(await history.list(A, 'output')).toEqual(['behind'])
    await history.close()
  })
})

describe('LevelHistory', () => {
  it('writes the rest when something cannot be written, and tells of each', async () => {
    const history = await LevelHistory.open(await directory(), silentLog)
    const told: string[] = []
    history.put(A, 'end', 0, 'first') // is being written alone when the others come
    history.put(A, 'checkpoint', 1, 1, (written) => told.push(`1 ${written}`))
    history.put(A, 'checkpoint', 2, 2n, (written) => told.push(`2 ${written}`))
    history.put(A, 'checkpoint', 3, 3, (written) => told.push(`3 ${written}`))
    history.forget(B)
    history.put(A, 'output', 0, 'text')
    expect(await history.list(A, 'checkpoint')).toEqual([1, 3])
    expect(await history.list(A, 'output')).toEqual(['text'])
    expect(told).toEqual(['1 true', '2 false', '3 true'])
    await history.close()
  })

  it('tells of what it has no room for', async () => {
    const history = await LevelHistory.open(await directory(), silentLog)
    let dropped = 0
    const count = (written: boolean): void => {
      if (!written) dropped++
    }
    for (let i = 0; i < 10_100; i++) history.put(A, 'output', 0, i, count)
    expect(dropped).toBeGreaterThan(0)
    await history.close()
    expect(dropped).toBeLessThanOrEqual(100)
  })

  it('survives its process', async () => {
    const path = await directory()
    const first = await LevelHistory.open(path, silentLog)
    first.put(A, 'output', 1, 'kept')
    await first.close()
    const second = await LevelHistory.open(path, silentLog)
    expect(await second.list(A, 'output')).toEqual(['kept'])
    await second.close()
  })

  it('keeps a bounded number of records of each kind on the disk', async () => {
    const path = await directory()
    const history = await LevelHistory.open(path, silentLog)
    const written = HISTORY_RECORDS_MAX + 3 * TRIM_EVERY
    for (let order = 1; order <= written; order++) history.put(A, 'checkpoint', order, order)
    history.put(A, 'output', 0, 'text')
    history.put(B, 'checkpoint', 1, 'other')
    const shown = await history.list(A, 'checkpoint')
    expect([shown.length, shown[0], shown.at(-1)]).toEqual([
      HISTORY_RECORDS_MAX,
      written - HISTORY_RECORDS_MAX + 1,
      written,
    ])
    await history.close()
    const disk = new Level(path)
    expect((await disk.keys().all()).length).toBeLessThan(HISTORY_RECORDS_MAX + TRIM_EVERY + 3)
    await disk.close()
    const later = await LevelHistory.open(path, silentLog)
    expect(await later.list(A, 'output')).toEqual(['text'])
    expect(await later.list(B, 'checkpoint')).toEqual(['other'])
    await later.close()
  })

  it('begins anew when its files are damaged', async () => {
    const path = await directory()
    const first = await LevelHistory.open(path, silentLog)
    first.put(A, 'output', 1, 'lost')
    await first.close()
    await writeFile(join(path, 'CURRENT'), 'nonsense')
    const second = await LevelHistory.open(path, silentLog)
    expect(await second.list(A, 'output')).toEqual([])
    await second.close()
  })

  it('refuses a directory that another JobManager uses', async () => {
    const path = await directory()
    const first = await LevelHistory.open(path, silentLog)
    await expect(LevelHistory.open(path, silentLog)).rejects.toMatchObject({
      code: 'history/unavailable',
    })
    await first.close()
  })
})
