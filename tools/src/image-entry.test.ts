import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const ENTRY = fileURLToPath(new URL('../../deploy/docker/entry.sh', import.meta.url))
const MEBIBYTE = 1_024 ** 2

const cleanup: string[] = []
afterEach(() => {
  for (const directory of cleanup.splice(0)) rmSync(directory, { recursive: true })
})

/** The heap in MiB that the entry of the image gives to Node for these words, null for Node's own choice. */
function heapOf(
  words: string,
  limit: { readonly v1?: string; readonly v2?: string },
): number | null {
  const root = mkdtempSync(join(tmpdir(), 'weir-cgroup-'))
  cleanup.push(root)
  mkdirSync(join(root, 'memory'))
  if (limit.v1 !== undefined)
    writeFileSync(join(root, 'memory', 'memory.limit_in_bytes'), `${limit.v1}\n`)
  if (limit.v2 !== undefined) writeFileSync(join(root, 'memory.max'), `${limit.v2}\n`)
  const env = { PATH: process.env['PATH'], CGROUP_ROOT: root, NODE: 'echo', WEIR_MAIN: 'weir.js' }
  const { stdout, status } = spawnSync(ENTRY, [...words.split(' '), '--flag'], {
    env,
    encoding: 'utf8',
  })
  expect(status).toBe(0)
  expect(stdout.trim()).toMatch(new RegExp(`--enable-source-maps weir.js ${words} --flag$`))
  const [, heap] = /--max-old-space-size=(\d+)/.exec(stdout) ?? []
  return heap === undefined ? null : Number(heap)
}

describe('the entry of the image', () => {
  it('leaves a JobManager room beside its heap', () => {
    expect(heapOf('jobmanager', { v2: `${1_024 * MEBIBYTE}` })).toBe(614)
    expect(heapOf('jobmanager', { v1: `${1_024 * MEBIBYTE}` })).toBe(614)
  })

  it('leaves what a TaskManager may use to its slots', () => {
    expect(heapOf('taskmanager', { v2: `${1_024 * MEBIBYTE}` })).toBe(128)
    expect(heapOf('taskmanager', { v2: `${64_000 * MEBIBYTE}` })).toBe(256)
  })

  it('knows the process behind options, too', () => {
    const limit = { v2: `${1_024 * MEBIBYTE}` }
    expect(heapOf('--no-color --cluster x taskmanager', limit)).toBe(128)
    expect(heapOf('-o taskmanager jobmanager', limit)).toBe(614)
  })

  it('gives a control process what it cannot do without', () => {
    expect(heapOf('taskmanager', { v2: `${128 * MEBIBYTE}` })).toBe(48)
  })

  it('leaves Node alone where nothing is limited', () => {
    expect(heapOf('jobmanager', { v2: 'max' })).toBeNull()
    // What cgroup v1 says when there is no limit.
    expect(heapOf('jobmanager', { v1: '9223372036854771712' })).toBeNull()
    expect(heapOf('jobmanager', {})).toBeNull()
  })
})
