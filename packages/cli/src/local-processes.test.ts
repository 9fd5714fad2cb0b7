import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { OLD_LOGS_MAX, setLogAside, startDetached, stopAll } from './local-processes.ts'
import { lifeOf } from './process-life.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-logs-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

test('a log is set aside for the next start, and the oldest goes', () => {
  const log = join(root, 'jobmanager.log')
  const starts = OLD_LOGS_MAX + 3
  for (let start = 1; start <= starts; start++) {
    setLogAside(log)
    writeFileSync(log, `${start}`)
  }
  const kept = readdirSync(root).toSorted()
  expect(kept).toEqual(['', '.1', '.2', '.3', '.4', '.5'].map((aside) => `jobmanager.log${aside}`))
  const contents = kept.map((name) => readFileSync(join(root, name), 'utf8'))
  expect(contents).toEqual(['8', '7', '6', '5', '4', '3'])
})

test('a process that the system does not give is an error, and no process 0', async () => {
  const launch = { role: 'taskmanager', args: [], log: join(root, 'taskmanager-1.log') } as const
  await expect(startDetached(launch, join(root, 'gone'))).rejects.toMatchObject({
    code: 'cluster/start-failed',
    message: expect.stringMatching(/^the taskmanager could not be started: .*ENOENT/) as string,
  })
})

test('a signal goes to nobody whose birth is not known', async () => {
  const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1_000)'])
  try {
    const { pid = 0 } = stranger
    const entry = { role: 'taskmanager', pid, birth: null, log: '', args: [] } as const
    expect(await stopAll([entry], systemScheduler(), 1_000)).toEqual([])
    expect([stranger.exitCode, stranger.signalCode, lifeOf(entry)]).toEqual([null, null, 'unknown'])
  } finally {
    stranger.kill('SIGKILL')
  }
})
