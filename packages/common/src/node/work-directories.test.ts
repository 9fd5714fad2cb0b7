import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nameWorker, openWorkDirectory } from './work-directories.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-workers-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const own = { host: 'here', pid: process.pid, life: 'aaaaaaaaaaaa' }

/** A directory with something in it, as a process leaves it that was killed. */
function leave(name: string): string {
  mkdirSync(join(root, name, 'bundles'), { recursive: true })
  writeFileSync(join(root, name, 'bundles', 'job.mjs'), '')
  return name
}

test('removes what killed processes of this machine have left, and nothing else', () => {
  const { pid: dead } = spawnSync(process.execPath, ['--version'])
  leave(nameWorker({ ...own, pid: dead, life: 'bbbbbbbbbbbb' }))
  leave(nameWorker({ ...own, life: 'cccccccccccc' }))
  const kept = [
    leave(nameWorker({ ...own, pid: process.ppid, life: 'dddddddddddd' })),
    leave(nameWorker({ ...own, host: 'elsewhere', pid: dead })),
    leave('something-else'),
  ]
  expect(openWorkDirectory(root, own)).toBe(join(root, nameWorker(own)))
  expect(readdirSync(root).toSorted()).toEqual([...kept, nameWorker(own)].toSorted())
})

test('makes the root when it is the first on the machine', () => {
  const path = openWorkDirectory(join(root, 'deep', 'down'), own)
  expect(readdirSync(path)).toEqual([])
})

test('names a worker so that a long host name does not make a long path', () => {
  const name = nameWorker({ ...own, host: 'h'.repeat(300) })
  expect(name.length).toBeLessThan(70)
})
