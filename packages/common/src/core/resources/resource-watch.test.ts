import { describe, expect, it } from 'vitest'
import { type ResourceSample, ResourceWatch, tightest } from './resource-watch.ts'

const MIB = 2 ** 20
const watch = (): ResourceWatch =>
  new ResourceWatch({ diskFreeBytesMin: 100 * MIB, openFilesRatioMax: 0.8, memoryRatioMax: 0.9 })
const nothing: ResourceSample = { disk: null, inodes: null, openFiles: null, memory: null }
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
      openFiles: { of: 'job process 7', used, limit: 1_000 },
    })
    const memory = (used: number): ResourceSample => ({
      ...nothing,
      memory: { of: 'all processes', used: used * MIB, limit: 1_000 * MIB },
    })
    expect(watched.judge(files(800))).toEqual([])
    expect(watched.judge(files(801))).toEqual([
      {
        resource: 'open-files',
        short: true,
        what: 'job process 7 has 801 of 1000 file descriptors open',
      },
    ])
    expect(watched.judge(files(721))).toEqual([])
    expect(watched.judge(files(720))[0]).toMatchObject({ short: false })
    expect(watched.judge(memory(950))).toEqual([
      {
        resource: 'memory',
        short: true,
        what: '950 of 1000 MiB of memory are used by all processes',
      },
    ])
  })

  it('watches inodes, which can be gone where there is room', () => {
    const watched = watch()
    const inodes = (used: number): ResourceSample => ({
      ...disk(500),
      inodes: { of: '/data', used, limit: 1_000 },
    })
    expect(watched.judge(inodes(950))).toEqual([])
    expect(watched.judge(inodes(951))).toEqual([
      { resource: 'inodes', short: true, what: '/data has 49 of 1000 inodes left' },
    ])
    expect(watched.judge(inodes(800))[0]).toMatchObject({ short: false })
  })

  it('is shown the one of several that is nearest to its limit', () => {
    const of = (name: string, used: number, limit: number) => ({ of: name, used, limit })
    const some = [of('a', 500, 1_000), null, of('b', 60, 100), of('no limit', 9_000, 0)]
    expect(tightest(some)?.of).toBe('b')
    expect(tightest([null, of('no limit', 1, 0)])).toBeNull()
  })

  it('says nothing about what the system does not tell, nor about limits that are none', () => {
    const watched = watch()
    expect(watched.judge(nothing)).toEqual([])
    expect(
      watched.judge({ ...nothing, openFiles: { of: 'this process', used: 5, limit: 0 } }),
    ).toEqual([])
  })
})
