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
    `import { generator, int, job, print, struct } from 'weirjs'
const Row = struct('Row', { n: int() })
export default job('canary', (env) => {
  env.from(generator({ type: Row, count: 3, make: (n) => ({ n }) }), { uid: 'rows' }).to(print(), { uid: 'out' })
})
`,
  )
  writeFileSync(
    join(root, 'asking.ts'),
    `import { discard, fromItems, int, job, struct, text } from 'weirjs'
const Row = struct('Row', { n: int() })
export default job('asking', { args: { dbPassword: text() } }, (env) => {
  env.from(fromItems(Row, []), { uid: 'rows' }).to(discard(), { uid: 'out' })
})
`,
  )
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** `refused`: the code of the error; without one the command does what it is for. */
interface Case {
  readonly argv: readonly string[]
  readonly refused?: string
}

test.each<Case>([
  { argv: ['config', 'list'] },
  { argv: ['config', 'list', '--json'] },
  { argv: ['config', 'list', '-o', 'yaml', '-D', `user.other.secret=${CANARY}`] },
  { argv: ['config', 'explain', 'user.db.password'] },
  { argv: ['config', 'explain', 'user.api.apiKey', '-o', 'json'] },
  { argv: ['config', 'explain', 'user.x'], refused: 'config/unknown-key' },
  // Of the project, which a job would have in its log.
  { argv: ['plan', 'job.ts'], refused: 'config/secret-setting' },
  {
    argv: ['plan', '--json', '-D', `user.token=${CANARY}`, 'job.ts'],
    refused: 'config/secret-setting',
  },
  { argv: ['dev', '-D', `user.token=${CANARY}`, 'job.ts'], refused: 'config/secret-setting' },
  { argv: ['run', '-v', '-D', `user.token=${CANARY}`, 'job.ts'], refused: 'config/secret-setting' },
  { argv: ['plan', 'asking.ts', '--db-password', CANARY], refused: 'job/secret-argument' },
  { argv: ['dev', '-v', 'asking.ts', `--db-password=${CANARY}`], refused: 'job/secret-argument' },
  { argv: ['plan', 'job.ts', '--db-password', CANARY], refused: 'job/unknown-argument' },
  { argv: ['job', 'list', '--token-file', 'token'], refused: 'rpc/unavailable' },
])('weir $argv keeps secrets', async ({ argv, refused }) => {
  const env = { DB_PASSWORD: CANARY, HOME: root }
  const at = argv.map((word) => (/^\w+\.ts$/.test(word) ? join(root, word) : word))
  const { code, out, err } = await testCli(null, root, env).run(...at)
  // What must work has worked: a canary that was never there does not sing either.
  const errors = err.filter((line) => line.startsWith('error: '))
  if (refused === undefined) expect([code, errors]).toEqual([0, []])
  else expect(err.join('\n')).toContain(refused)
  expect([...out, ...err].join('\n')).not.toContain(CANARY)
  expect(readFileSync(join(root, 'token'), 'utf8')).toBe(CANARY)
})
