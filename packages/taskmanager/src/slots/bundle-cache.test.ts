import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WeirError } from '@weirjs/common/core/errors'
import { bundleHash, jobId } from '@weirjs/common/core/ids'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BundleCache, BUNDLES_MAX } from './bundle-cache.ts'

const code = new TextEncoder().encode('export const x = 1')
const hash = bundleHash(createHash('sha256').update(code).digest('hex'))
const job = jobId('j')

let directory = ''
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'weir-bundles-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

function cache(fetch: () => Promise<Uint8Array>): BundleCache {
  return new BundleCache({ directory, fetch, tag: 'w', slots: 1 })
}

describe('BundleCache', () => {
  test('fetches once for all who ask and keeps the bundle under its hash', async () => {
    let fetches = 0
    const bundles = cache(async () => {
      fetches++
      return code
    })
    const [a, b] = await Promise.all([bundles.path(job, hash), bundles.path(job, hash)])
    expect(a).toBe(b)
    expect(await readFile(a, 'utf8')).toBe('export const x = 1')
    expect(fetches).toBe(1)
  })

  test('refuses bytes that are not the ones that were submitted', async () => {
    const bundles = cache(async () => new TextEncoder().encode('export const x = 2'))
    await expect(bundles.path(job, hash)).rejects.toMatchObject({ code: 'job/bundle-mismatch' })
    expect(await readdir(directory)).toEqual([])
  })

  test('does not tell the absence of the JobManager as an absence of its own', async () => {
    const gone = new WeirError('rpc/unavailable', 'hung up', { domain: 'external' })
    await expect(cache(() => Promise.reject(gone)).path(job, hash)).rejects.toMatchObject({
      code: 'worker/bundle-fetch',
      retry: 'backoff',
    })
  })

  test('keeps those of all jobs that are started at the same time', async () => {
    const slots = BUNDLES_MAX + 8
    const contents = Array.from({ length: slots }, (_, n) => `export const x = ${n}`)
    const hashes = contents.map((text) =>
      bundleHash(createHash('sha256').update(text).digest('hex')),
    )
    const bundles = new BundleCache({
      directory,
      fetch: async (_, wanted) => new TextEncoder().encode(contents[hashes.indexOf(wanted)]),
      tag: 'w',
      slots,
    })
    const paths = await Promise.all(hashes.map((one) => bundles.path(job, one)))
    for (const [n, path] of paths.entries()) expect(await readFile(path, 'utf8')).toBe(contents[n])
  })

  test('takes a disk that does not do its part for something that may pass', async () => {
    await mkdir(join(directory, `${hash}.mjs`))
    await expect(cache(async () => code).path(job, hash)).rejects.toMatchObject({
      code: 'worker/bundle-cache',
      retry: 'backoff',
    })
  })

  test('keeps those that were asked for last, so many and no more', async () => {
    const contents = Array.from({ length: BUNDLES_MAX + 3 }, (_, n) => `export const x = ${n}`)
    const hashes = contents.map((text) =>
      bundleHash(createHash('sha256').update(text).digest('hex')),
    )
    const bundles = new BundleCache({
      directory,
      fetch: async (_, wanted) =>
        new TextEncoder().encode(contents[hashes.indexOf(wanted)] ?? 'unknown'),
      tag: 'w',
      slots: 1,
    })
    const [first, ...others] = hashes
    if (first === undefined) throw new Error('no bundle')
    for (const one of others) {
      await bundles.path(job, first)
      await bundles.path(job, one)
    }
    const left = await readdir(directory)
    expect(left.toSorted()).toEqual(
      [first, ...others.slice(-(BUNDLES_MAX - 1))].map((one) => `${one}.mjs`).toSorted(),
    )
    expect(await readFile(await bundles.path(job, hashes[1] ?? first), 'utf8')).toBe(contents[1])
  })

  test('tries again after a failure', async () => {
    let down = true
    const bundles = cache(async () => {
      if (down) throw new WeirError('rpc/unavailable', 'down', { domain: 'external' })
      return code
    })
    await expect(bundles.path(job, hash)).rejects.toMatchObject({ code: 'worker/bundle-fetch' })
    down = false
    await expect(bundles.path(job, hash)).resolves.toContain(hash)
  })

  test('fetches again when the file on disk was changed', async () => {
    await writeFile(join(directory, `${hash}.mjs`), 'evil')
    const path = await cache(async () => code).path(job, hash)
    expect(await readFile(path, 'utf8')).toBe('export const x = 1')
  })

  test.each<[what: string, harm: (path: string) => Promise<void>]>([
    ['is gone', (path) => rm(path)],
    ['is gone with its directory', () => rm(directory, { recursive: true })],
    ['was changed', (path) => writeFile(path, 'evil')],
  ])('fetches again when what it had given before %s', async (_what, harm) => {
    const bundles = cache(async () => code)
    await harm(await bundles.path(job, hash))
    expect(await readFile(await bundles.path(job, hash), 'utf8')).toBe('export const x = 1')
  })
})
