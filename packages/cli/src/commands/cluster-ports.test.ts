import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { testCli } from '../test-cli.fixture.ts'

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
    'data between slots and the page',
    () => ['-D', `rest.port=${free}`, '-D', `taskmanager.data.port-range=${free - 9}-${free}`],
    () => `rest.port, ${free}, is within taskmanager.data.port-range`,
  ],
  [
    'too few ports for all slots',
    () => ['-D', 'taskmanager.data.port-range=1-4', '--taskmanagers', '2', '--slots', '4'],
    () => 'taskmanager.data.port-range has 4 ports, and all slots together want 8',
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
  expect(code).toBe(2)
  expect(existsSync(join(root, '.weir'))).toBe(false)
})
