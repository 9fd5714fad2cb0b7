import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAlive, OLD_LOGS_MAX, setLogAside, startDetached } from './local-processes.ts'

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

test.each([0, -1])('%i is no process: a signal to it would reach a whole group', (pid) => {
  expect(isAlive({ role: 'jobmanager', pid, birth: null, log: '', args: [] })).toBe(false)
})
