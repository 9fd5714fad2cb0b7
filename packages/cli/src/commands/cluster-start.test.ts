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
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type ClusterFile,
  clusterFilePath,
  type ClusterProcess,
  readClusterFile,
  writeClusterFile,
} from '../context.ts'
import { birthOf } from '../process-life.ts'

vi.setConfig({ testTimeout: 120_000 })

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
const TOKEN = `${'0123456789abcdef'.repeat(4)}\n`
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

describe('where a cluster was started and not stopped', () => {
  const GONE = { role: 'jobmanager', pid: 2 ** 22 + 1, birth: '1', args: [] } as const
  const LIVING = {
    role: 'taskmanager',
    pid: process.pid,
    birth: birthOf(process.pid),
    args: [],
  } as const
  /** Nobody can start it: its log has no directory. */
  const log = (): string => join(root, 'gone', 'log')

  function wasStarted(...processes: readonly Omit<ClusterProcess, 'log'>[]): ClusterFile {
    const file: ClusterFile = {
      version: 1,
      address: '127.0.0.1:1',
      tokenFile: join(root, 'data', 'token'),
      dataDirectory: join(root, 'data'),
      startedAtMs: 0,
      processes: processes.map((one) => ({ ...one, log: log() })),
    }
    mkdirSync(join(root, 'data'))
    writeFileSync(join(root, 'data', 'VERSION'), '')
    writeFileSync(file.tokenFile, TOKEN, { mode: 0o600 })
    writeClusterFile(clusterFilePath(root), file)
    return file
  }

  test('and all of it is dead, it goes on, unless flags describe another', () => {
    const file = wasStarted(GONE)
    expect(weir('cluster', 'start').err).toMatch(/^error: the jobmanager has no log: /)
    expect(readClusterFile(clusterFilePath(root))).toEqual(file)
    expect(weir('cluster', 'start', '--slots', 'x').err).toMatch(/^error: --slots is "x"/)
  })

  test('and what it kept is gone, none begins anew in its place', () => {
    wasStarted(GONE)
    rmSync(join(root, 'data'), { recursive: true })
    const { code, err } = weir('cluster', 'start')
    expect(err).toMatch(
      /^error: what the cluster kept in .*\[config\/data-directory\]\nhint: mount it/,
    )
    expect(code).toBe(2)
    expect(existsSync(join(root, 'data'))).toBe(false)
  })

  test('and some of it runs, it goes on whatever flags say, and that is said', () => {
    wasStarted(LIVING, GONE)
    const { err } = weir('cluster', 'start', '--slots', 'x')
    expect(err).toMatch(
      /^the cluster goes on as it was started.*\nerror: the jobmanager has no log: /,
    )
  })
})

test.each([
  ['--token-file', 'mine'],
  ['-D', 'security.token-file=mine'],
])('a token that was named and is not there is refused: %s %s', (...flags) => {
  const { code, err } = start(...flags)
  expect(err).toMatch(/^error: .*mine.*\[config\/token-missing\]/)
  expect(code).toBe(2)
})

test('a token that was named is used', () => {
  writeFileSync(join(root, 'mine'), TOKEN, { mode: 0o600 })
  const { code, err } = start('--taskmanagers', '0', '--token-file', 'mine')
  expect(code, err).toBe(0)
  try {
    expect(readClusterFile(clusterFilePath(root)).tokenFile).toBe(join(root, 'mine'))
    expect(existsSync(join(root, 'data', 'token'))).toBe(false)
    expect(weir('job', 'list').code).toBe(0)
  } finally {
    expect(weir('cluster', 'stop').code).toBe(0)
  }
})
