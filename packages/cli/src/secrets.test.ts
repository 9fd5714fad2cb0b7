// A canary in every place where a secret may stand: no output of any command may sing it.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testCli } from './test-cli.fixture.ts'

const CANARY = 'c4n4ry-sings'
let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-canary-'))
  writeFileSync(join(root, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(root, 'weir.config.yaml'),
    'user:\n  db.password: ${DB_PASSWORD}\n  api: { apiKey: "${DB_PASSWORD}" }\n',
  )
  writeFileSync(join(root, 'token'), CANARY, { mode: 0o600 })
  writeFileSync(
    join(root, 'job.ts'),
    `import { generator, int, job, print, struct, text } from 'weirjs'
const Row = struct('Row', { n: int() })
const args = { dbPassword: text() }
export default job('canary', { args }, (env, { dbPassword }) => {
  if (dbPassword === '') throw new Error('none')
  env.from(generator({ type: Row, count: 3, make: (n) => ({ n }) }), { uid: 'rows' }).to(print(), { uid: 'out' })
})
`,
  )
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

test.each([
  ['config', 'list'],
  ['config', 'list', '--json'],
  ['config', 'list', '-o', 'yaml', '-D', `user.other.secret=${CANARY}`],
  ['config', 'explain', 'user.db.password'],
  ['config', 'explain', 'user.api.apiKey', '-o', 'json'],
  ['config', 'explain', 'user.x'],
  ['plan', 'job.ts', '--db-password', CANARY],
  ['plan', 'job.ts', '--db-password', CANARY, '--json'],
  ['plan', '--json', '-D', `user.token=${CANARY}`, 'job.ts', '--db-password', CANARY],
  ['job', 'list', '--token-file', 'token'],
])('weir %j keeps secrets', async (...argv) => {
  const env = { DB_PASSWORD: CANARY, HOME: root }
  const at = argv.map((word) => (word === 'job.ts' ? join(root, word) : word))
  const { code, out, err } = await testCli(null, root, env).run(...at)
  // What must work has worked: a canary that was never there does not sing either.
  if (argv[0] === 'plan') expect([code, err]).toEqual([0, []])
  expect([...out, ...err].join('\n')).not.toContain(CANARY)
  expect(readFileSync(join(root, 'token'), 'utf8')).toBe(CANARY)
})
