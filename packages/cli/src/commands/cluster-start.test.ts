// weir cluster start as a process: where something is in its way it says so, and leaves nothing running.

import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { clusterFilePath, readClusterFile } from '../context.ts'

vi.setConfig({ testTimeout: 120_000 })

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-start-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

interface Ran {
  readonly code: number | null
  readonly err: string
}

function weir(...argv: readonly string[]): Ran {
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1', NO_COLOR: '1' }
  const all = ['-C', 'source', '--no-warnings', MAIN, ...argv]
  const { status, stderr } = spawnSync(process.execPath, all, { cwd: root, env })
  return { code: status, err: stderr.toString() }
}

const start = (...flags: readonly string[]): Ran =>
  weir('cluster', 'start', '--port', '0', '--data-dir', 'data', ...flags)

/** Command lines of what runs with files of ours. */
function leftRunning(): readonly string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'args'])
  const lines = stdout.toString().split('\n')
  return lines.filter((line) => line.includes(root))
}

test('where the cluster cannot be written down, none is started', () => {
  writeFileSync(join(root, '.weir'), '')
  const { code, err } = start()
  expect(leftRunning()).toEqual([])
  expect(err).toMatch(/^error: cannot write .*cluster\.json: .*\[config\/cluster-file\]\nhint: /)
  expect(code).toBe(2)
  expect(readdirSync(join(root, 'data', 'logs'))).toEqual([])
})

test('where one process cannot be started, those before it are ended', () => {
  mkdirSync(join(root, 'data', 'logs'), { recursive: true })
  symlinkSync('gone/log', join(root, 'data', 'logs', 'taskmanager-1.log'))
  const { code, err } = start()
  expect(leftRunning()).toEqual([])
  expect(err).toMatch(/^error: the taskmanager has no log: .*\[cluster\/start-failed\]/)
  expect(code).toBe(1)
  expect(existsSync(join(root, '.weir', 'cluster.json'))).toBe(false)
})

test.each([
  ['--token-file', 'mine'],
  ['-D', 'security.token-file=mine'],
])('a token that was named is used: %s %s', (...flags) => {
  const missing = start(...flags)
  expect(missing.err).toMatch(/^error: .*mine.*\[config\/token-missing\]/)
  expect(missing.code).toBe(2)
  writeFileSync(join(root, 'mine'), `${'0123456789abcdef'.repeat(4)}\n`, { mode: 0o600 })
  const { code, err } = start('--taskmanagers', '0', ...flags)
  expect(code, err).toBe(0)
  try {
    expect(readClusterFile(clusterFilePath(root)).tokenFile).toBe(join(root, 'mine'))
    expect(existsSync(join(root, 'data', 'token'))).toBe(false)
    expect(weir('job', 'list').code).toBe(0)
  } finally {
    expect(weir('cluster', 'stop').code).toBe(0)
  }
})
