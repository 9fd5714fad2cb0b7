import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '@weirjs/common/node/config'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { testCli } from '../test-cli.fixture.ts'
import { choosePorts } from './cluster-ports.ts'

const DATA = 'taskmanager.data.port-range'
/** All that could be chosen. */
const ALL = `${DATA}=7000-65535`
let root = ''
/** That nobody has just now. */
let free = 0
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'weir-ports-'))
  const server = createServer()
  free = await new Promise((fulfil) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => fulfil(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

it.each([
  [
    'the page and the JobManager',
    () => ['--port', `${free}`, '-D', `rest.port=${free}`],
    () => `jobmanager.rpc.port and rest.port would both be ${free}`,
  ],
  [
    'probes and the JobManager',
    () => ['--port', `${free}`, '-D', `health.port=${free}`],
    () => `jobmanager.rpc.port and health.port of the JobManager would both be ${free}`,
  ],
  [
    'probes of a TaskManager and the page',
    () => ['-D', `rest.port=${free}`, '-D', `health.port=${free - 2}`, '--taskmanagers', '2'],
    () => `rest.port and health.port of taskmanager-2 would both be ${free}`,
  ],
  [
    'one control port for two TaskManagers',
    () => ['-D', `taskmanager.rpc.port=${free}`, '--taskmanagers', '2'],
    () => `taskmanager.rpc.port of taskmanager-1 and taskmanager.rpc.port of taskmanager-2`,
  ],
  [
    'data between slots, the page and the JobManager',
    () => ['--port', `${free}`, '-D', `rest.port=0`, '-D', `${DATA}=${free - 3}-${free}`],
    () => `${DATA} has 4 ports, jobmanager.rpc.port among them, and all slots together want 4`,
  ],
  [
    'data between slots and probes of a TaskManager',
    () => ['-D', `health.port=${free - 1}`, '-D', `${DATA}=${free}-${free + 99}`],
    () => `health.port of taskmanager-1, ${free}, is within ${DATA}`,
  ],
  [
    'too few ports for all slots',
    () => ['-D', `${DATA}=1-4`, '--taskmanagers', '2', '--slots', '4'],
    () => `${DATA} has 4 ports, and all slots together want 8`,
  ],
  [
    'a port that is none',
    () => ['-D', 'health.port=65535'],
    () => 'health.port of taskmanager-1 would be 65536, at most 65535',
  ],
])('%s: refused before anything is started', async (_, flags, says) => {
  const port = flags().includes('--port') ? [] : ['--port', '0']
  const start = ['cluster', 'start', ...port, ...flags()]
  const { code, err } = await testCli(null, root).run(...start)
  expect(err[0]).toContain(says())
  expect(err[0]).toContain('[config/ports-clash]')
  expect(err[1]).toContain('choose others with')
  expect(err[1]).toContain(`-D ${DATA}=`)
  expect(code).toBe(2)
  expect(existsSync(join(root, '.weir'))).toBe(false)
})

it.each([
  ['whatever port', () => ['--port', '0', '-D', ALL]],
  ['a page and a JobManager', () => ['--port', `${free}`, '-D', 'rest.port=0', '-D', ALL]],
  ['a page', () => ['--port', '0', '-D', `rest.port=${free}`, '-D', `${DATA}=${free - 4}-${free}`]],
])('%s among ports for data that leave enough for all slots is not refused', async (_, flags) => {
  const file = join(root, 'file')
  writeFileSync(file, '')
  // What comes behind the ports fails, so that nothing is started.
  const { err } = await testCli(null, root).run(
    'cluster',
    'start',
    ...flags(),
    '--data-dir',
    join(file, 'x'),
  )
  expect(err[0]).toContain('[config/data-directory]')
})

const planned = (...defines: readonly string[]): Parameters<typeof choosePorts>[0] => ({
  config: loadConfig({ file: null, env: {}, defines: [...defines] }),
  taskManagers: 2,
  slots: 1,
})

it('chooses any free port outside of those for data', async () => {
  const any = planned()
  const seen: number[] = []
  for (let i = 0; i < 20; i++) seen.push((await choosePorts(any, 0)).port)
  // About half of what is chosen.
  const first = seen.toSorted((a, b) => a - b)[10]
  const plan = planned(`${DATA}=${first}-65535`)
  for (let i = 0; i < 20; i++) {
    const { port, restPort } = await choosePorts(plan, 0)
    expect(port).toBeLessThan(first ?? 0)
    expect(restPort).toBeLessThan(first ?? 0)
    expect(restPort).not.toBe(port)
  }
})

it('chooses none that its own configuration has for something else', async () => {
  // Probes have nearly all that could be chosen.
  const plan = { ...planned('health.port=10240', 'rest.port=0'), taskManagers: 20_000 }
  const { port, restPort } = await choosePorts(plan, 0)
  expect(port).toBeGreaterThan(30_240)
  expect(restPort).toBeGreaterThan(30_240)
})
