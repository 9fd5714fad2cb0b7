// weir cluster start as a process, where something is in its way: it says so, and leaves nothing running.

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

vi.setConfig({ testTimeout: 60_000 })

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-start-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

function start(...flags: readonly string[]): {
  readonly code: number | null
  readonly err: string
} {
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1', NO_COLOR: '1' }
  const argv = ['-C', 'source', '--no-warnings', MAIN, 'cluster', 'start', '--port', '0']
  const ran = spawnSync(process.execPath, [...argv, '--data-dir', 'data', ...flags], {
    cwd: root,
    env,
  })
  return { code: ran.status, err: ran.stderr.toString() }
}

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
