import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, existsSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clusterFilePath, writeClusterFile } from './context.ts'
import { birthOf, lifeOf, seenByPs } from './process-life.ts'
import { testCli } from './test-cli.fixture.ts'

const IDLE = ['-e', 'setInterval(() => {}, 1_000)']

test.each([0, -1])('%i is no process: a signal to it would reach a whole group', (pid) => {
  expect(lifeOf({ pid, birth: null })).toBe('gone')
})

test('a process is known by its birth, and what has its pid is not', async () => {
  const child = spawn(process.execPath, IDLE)
  const { pid = 0 } = child
  const birth = birthOf(pid)
  expect(birth).not.toBeNull()
  expect([birth, 'another', null].map((one) => lifeOf({ pid, birth: one }))).toEqual([
    'alive',
    'gone',
    'unknown',
  ])
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect([birth, null].map((one) => lifeOf({ pid, birth: one }))).toEqual(['gone', 'gone'])
})

test('ps tells a birth as it is anywhere, whatever time zone is asked in', async ({ skip }) => {
  if (spawnSync('ps', ['-o', 'lstart=', '-p', `${process.pid}`]).status !== 0) {
    console.warn('NOT TESTED: births by ps, because there is none here that tells them')
    skip()
  }
  const child = spawn(process.execPath, IDLE)
  const { pid = 0 } = child
  const zone = process.env['TZ']
  process.env['TZ'] = 'Asia/Tokyo'
  const seen = seenByPs(pid)
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
  expect(seen?.birth).toMatch(/^\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}$/)
  expect(Math.abs(Date.parse(`${seen?.birth} UTC`) - Date.now())).toBeLessThan(600_000)
  expect(seen?.state).not.toMatch(/^Z/)
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(seenByPs(pid)).toBeNull()
})

test('cluster stop names what it cannot tell from a stranger, and forgets it when it is gone', async () => {
  const root = mkdtempSync(join(tmpdir(), 'weir-life-'))
  const stranger = spawn(process.execPath, IDLE)
  try {
    const { pid = 0 } = stranger
    const path = clusterFilePath(root)
    writeClusterFile(path, {
      version: 1,
      address: '127.0.0.1:1',
      tokenFile: join(root, 'token'),
      dataDirectory: root,
      startedAtMs: 0,
      processes: [{ role: 'jobmanager', pid, birth: null, log: join(root, 'log'), args: [] }],
    })
    const cli = testCli(null, root)
    const { code, err } = await cli.run('cluster', 'stop')
    expect({ code, signal: stranger.signalCode }).toEqual({ code: 1, signal: null })
    expect(err[1]).toMatch(new RegExp(`^error: not stopped: jobmanager ${pid}: .*not-stopped\\]$`))
    expect(err[2]).toContain(`kill ${pid}`)
    expect(existsSync(path)).toBe(true)
    stranger.kill('SIGKILL')
    await once(stranger, 'exit')
    expect((await cli.run('cluster', 'stop')).err[0]).toBe('nothing was running')
    expect(existsSync(path)).toBe(false)
  } finally {
    stranger.kill('SIGKILL')
    rmSync(root, { recursive: true, force: true })
  }
})
