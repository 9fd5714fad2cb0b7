import { describe, expect, it } from 'vitest'
import { type ResourceSample, ResourceWatch } from './resource-watch.ts'

const MIB = 2 ** 20
const watch = (): ResourceWatch =>
  new ResourceWatch({ diskFreeBytesMin: 100 * MIB, openFilesRatioMax: 0.8, memoryRatioMax: 0.9 })
const nothing: ResourceSample = { disk: null, openFiles: null, memory: null }
const disk = (mebibytes: number): ResourceSample => ({
  ...nothing,
  disk: { path: '/data', freeBytes: mebibytes * MIB },
})

describe('the watch over resources', () => {
  it('says when a shortage begins, once, and when it is clearly over', () => {
    const watched = watch()
    const said = [500, 99, 50, 105, 109, 111, 500].map((left) => watched.judge(disk(left)))
    expect(said.flatMap((changes, at) => changes.map((one) => [at, one.short, one.what]))).toEqual([
      [1, true, '/data has 99 MiB left'],
      [5, false, '/data has 111 MiB left'],
    ])
  })

  it('does not flap around its threshold', () => {
    const watched = watch()
    const swings = [99, 101, 99, 101, 99].flatMap((left) => watched.judge(disk(left)))
    expect(swings).toHaveLength(1)
  })

  it('watches descriptors and memory as shares of what is allowed', () => {
    const watched = watch()
    const files = (used: number): ResourceSample => ({
      ...nothing,
      openFiles: { used, limit: 1_000 },
    })
    const memory = (used: number): ResourceSample => ({
      ...nothing,
      memory: { used: used * MIB, limit: 1_000 * MIB },
    })
    expect(watched.judge(files(800))).toEqual([])
    expect(watched.judge(files(801))).toEqual([
      { resource: 'open-files', short: true, what: '801 of 1000 file descriptors are open' },
    ])
    expect(watched.judge(files(721))).toEqual([])
    expect(watched.judge(files(720))[0]).toMatchObject({ short: false })
    expect(watched.judge(memory(950))).toEqual([
      { resource: 'memory', short: true, what: '950 of 1000 MiB of memory are used' },
    ])
  })

  it('says nothing about what the system does not tell, nor about limits that are none', () => {
    const watched = watch()
    expect(watched.judge(nothing)).toEqual([])
    expect(watched.judge({ ...nothing, openFiles: { used: 5, limit: 0 } })).toEqual([])
  })
})
