// weir doctor on what processes keep beside checkpoints: whole, in use, and broken.

import {
  chmodSync,
  chownSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { jobId } from '@weirjs/common/core/ids'
import { MemoryLog } from '@weirjs/common/core/memory-log'
import { nameWorker } from '@weirjs/common/node/work-directories'
import { LevelHistory } from '@weirjs/jobmanager/store/history-index'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testCli } from '../test-cli.fixture.ts'

const PORTS = ['jobmanager.rpc.port=0', 'taskmanager.rpc.port=0', 'rest.port=0']
const FLAGS = PORTS.flatMap((define) => ['-D', define])
const JOB = jobId('7f3a'.padEnd(32, '0'))
const IS_ROOT = process.getuid?.() === 0

let root = ''
let data = ''
let history = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-doctor-kept-'))
  data = join(root, '.weir', 'cluster')
  history = join(data, 'jobmanager', 'history')
  mkdirSync(join(data, 'jobmanager'), { recursive: true, mode: 0o700 })
  mkdirSync(join(data, 'checkpoints'))
  writeFileSync(join(data, 'VERSION'), 'weir data directory 1\n')
  writeFileSync(join(data, 'token'), '0123456789abcdef'.repeat(4), { mode: 0o600 })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

interface Finding {
  readonly check: string
  readonly verdict: string
  readonly message: string
  readonly hint: string
}

async function examine(): Promise<{
  readonly code: number
  readonly findings: readonly Finding[]
}> {
  const { code, out } = await testCli(null, root).run('doctor', '--json', ...FLAGS)
  const { findings } = JSON.parse(out[0] ?? '') as { findings: readonly Finding[] }
  return { code, findings: findings.filter(({ verdict }) => verdict !== 'ok') }
}

const one = (check: string, verdict: string, message: RegExp, hint: RegExp): object => ({
  code: verdict === 'broken' ? 1 : 0,
  findings: [
    {
      check,
      verdict,
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(hint) as string,
    },
  ],
})
const WELL = { code: 0, findings: [] }

/** As a JobManager has it that keeps what a job printed. */
async function openHistory(): Promise<LevelHistory> {
  const opened = await LevelHistory.open(history, new MemoryLog())
  opened.put(JOB, 'output', 1, 'a line')
  await opened.list(JOB, 'output')
  return opened
}

describe('the history index', () => {
  test('is well while a JobManager holds it, and stays as it is', async () => {
    const held = await openHistory()
    const before = readdirSync(history)
    expect(await examine()).toEqual(WELL)
    expect(readdirSync(history)).toEqual(before)
    expect(await held.list(JOB, 'output')).toEqual(['a line'])
    await held.close()
    expect(await examine()).toEqual(WELL)
  })

  test('is well before a JobManager has written anything', async () => {
    mkdirSync(history)
    expect(await examine()).toEqual(WELL)
  })

  const manifest = (): string => join(history, globSync('MANIFEST-*', { cwd: history })[0] ?? '')
  test.each<[string, () => void, RegExp]>([
    ['has lost CURRENT', () => rmSync(join(history, 'CURRENT')), /CURRENT is gone, which names/],
    [
      'has a CURRENT of something else',
      () => writeFileSync(join(history, 'CURRENT'), 'MANIFEST\u0007'),
      /CURRENT is damaged$/,
    ],
    [
      'has a CURRENT without an end',
      () => truncateSync(join(history, 'CURRENT'), 2 ** 30),
      /CURRENT is damaged$/,
    ],
    [
      'has lost what CURRENT names',
      () => rmSync(manifest()),
      /CURRENT names MANIFEST-\d+, which is not there$/,
    ],
    [
      'has nothing in what CURRENT names',
      () => truncateSync(manifest()),
      /CURRENT names MANIFEST-\d+, which is empty$/,
    ],
    [
      'is no directory',
      () => {
        rmSync(history, { recursive: true })
        writeFileSync(history, '')
      },
      /history is no directory$/,
    ],
  ])('%s', async (_what, damage, says) => {
    await (await openHistory()).close()
    damage()
    const lost = /begins it anew, without what ended jobs have printed; put it back from a copy/
    expect(await examine()).toEqual(one('history', 'warning', says, lost))
  })

  test('may be read by others only where the way to it is open', async () => {
    await (await openHistory()).close()
    chmodSync(history, 0o755)
    chmodSync(data, 0o755)
    expect(await examine()).toEqual(WELL)
    chmodSync(join(data, 'jobmanager'), 0o755)
    expect(await examine()).toEqual(
      one('history', 'warning', /may be read by others/, /^chmod 700 .*jobmanager$/),
    )
  })

  test.runIf(IS_ROOT)('has files of somebody else', async () => {
    await (await openHistory()).close()
    chownSync(join(history, 'CURRENT'), 65_534, 65_534)
    const says = /CURRENT belongs to user 65534, and .*jobmanager to user 0$/
    expect(await examine()).toEqual(one('history', 'warning', says, /chown -R 0 .*history$/))
  })

  test.skipIf(IS_ROOT)('is nothing for this user, as a whole or in part', async () => {
    await (await openHistory()).close()
    chmodSync(join(history, 'CURRENT'), 0)
    const part = one('history', 'warning', /CURRENT cannot be read and written$/, /begins it anew/)
    expect(await examine()).toEqual(part)
    chmodSync(history, 0)
    const whole = one('history', 'broken', /history cannot be read and written/, /does not start/)
    expect(await examine()).toEqual(whole)
    chmodSync(history, 0o700)
  })
})

describe('the directories of TaskManagers', () => {
  const leave = (pid: number, host = hostname()): string => {
    const path = join(data, 'taskmanagers', nameWorker({ host, pid, life: 'aaaaaaaaaaaa' }))
    mkdirSync(join(path, 'bundles'), { recursive: true })
    writeFileSync(join(path, 'bundles', 'job.mjs'), 'x'.repeat(2_000))
    return path
  }

  test('are told of when their process is gone, and are left to the next one', async () => {
    const { pid: dead } = spawnSync(process.execPath, ['--version'])
    leave(process.ppid)
    leave(dead, 'elsewhere')
    expect(await examine()).toEqual(WELL)
    const left = leave(dead)
    const says = new RegExp(`has 2\\.0 kB of 1 TaskManager that is gone: .*-${dead}-a{12}$`)
    expect(await examine()).toEqual(
      one('work directories', 'warning', says, /next TaskManager .* removes it/),
    )
    expect(existsSync(left)).toBe(true)
  })

  test('want a directory that can be written', async () => {
    writeFileSync(join(data, 'taskmanagers'), '')
    expect(await examine()).toEqual(
      one('work directories', 'broken', /it is no directory$/, /TaskManagers do not start/),
    )
  })
})

describe('logs', () => {
  test('want a directory that can be written', async () => {
    writeFileSync(join(data, 'logs'), '')
    expect(await examine()).toEqual(
      one('logs', 'broken', /it is no directory$/, /`weir cluster start` does not start/),
    )
  })

  test('are told of when they have grown beyond measure', async () => {
    const log = join(data, 'logs', 'jobmanager.log')
    mkdirSync(join(data, 'logs'))
    writeFileSync(log, '')
    truncateSync(log, 2 ** 30)
    expect(await examine()).toEqual(WELL)
    truncateSync(log, 2 ** 30 + 1)
    expect(await examine()).toEqual(
      one('logs', 'warning', /logs has 1 file, 1\.1 GB$/, /logrotate .*copytruncate/),
    )
  })
})
