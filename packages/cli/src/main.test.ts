import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url))
/** Looks at the very end, when all modules are loaded. */
const PROBE = `data:text/javascript,process.once('exit', () => console.error('accessor:', '__proto__' in {}))`

test.each([
  ['jobmanager', false],
  ['taskmanager', false],
  ['--no-color --cluster dev jobmanager', false],
  ['dev', true],
  ['--cluster jobmanager dev', true],
])('weir %s: objects lead to their prototype by name: %s', (command, leads) => {
  const flags = ['-C', 'source', '--no-warnings', '--import', PROBE]
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }
  const { stderr } = spawnSync(
    process.execPath,
    [...flags, MAIN, ...command.split(' '), '--help'],
    { env },
  )
  expect(stderr.toString()).toContain(`accessor: ${leads}`)
})
