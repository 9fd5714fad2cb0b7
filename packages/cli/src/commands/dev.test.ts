// weir dev as a process: what a job's code does to the process that it shares with the command.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
vi.setConfig({ testTimeout: 30_000 })

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-dev-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1', NO_COLOR: '1' }
const ARGV = ['-C', 'source', '--no-warnings', MAIN, 'dev', 'job.ts']

/** A job whose map does this with its first record. */
function write(deed: string): void {
  writeFileSync(
    join(directory, 'job.ts'),
    `import { generator, int, job, print } from 'weirjs'
export default job('deed', (env) => {
  const numbers = generator({ type: int(), count: 1_000, perSecond: 100, make: (n) => n })
  env.from(numbers, { uid: 'numbers' }).map((n) => {
    if (n === 0) { ${deed} }
    return n
  }).to(print(), { uid: 'out' })
})`,
  )
}

function dev(deed: string, ...flags: readonly string[]): { code: number | null; err: string } {
  write(deed)
  const argv = [...ARGV, ...flags]
  const { status, stderr } = spawnSync(process.execPath, argv, { cwd: directory, env })
  return { code: status, err: stderr.toString() }
}

test.each([
  ['void Promise.reject(new Error("nobody catches me"))'],
  ['setTimeout(() => { throw new Error("nobody catches me") }, 1)'],
])('what nobody catches is an error of the job with its place: %s', (deed) => {
  const { code, err } = dev(deed)
  expect(err).toMatch(/error: nobody catches me \(.*job\.ts:5:\d+\) \[job\/uncaught-error\]/)
  expect(err).not.toMatch(/^ +at /m)
  expect(code).toBe(1)
})

test.each([0, 3])('process.exit(%i) is no end of a job', (how) => {
  const { code, err } = dev(`process.exit(${how})`)
  expect(err).toContain(`error: the job's code called process.exit(${how}) [job/process-exit]`)
  expect(code).toBe(1)
})

test('a directory that cannot be made is the caller’s mistake', () => {
  writeFileSync(join(directory, 'file'), '')
  const { code, err } = dev('', '--data-dir', 'file')
  expect(err).toMatch(/error: cannot keep checkpoints here: .*\[config\/data-directory\]\nhint: /)
  expect(code).toBe(2)
})

test('a loop without end is named, because Ctrl-C cannot be heard in it', async () => {
  write('for (;;) {}')
  const child = spawn(process.execPath, ARGV, { cwd: directory, env })
  let err = ''
  for await (const chunk of child.stderr) {
    err += String(chunk)
    if (err.includes('blocked')) break
  }
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  expect(err).toContain(`only \`kill -9 ${child.pid}\` ends it`)
})
