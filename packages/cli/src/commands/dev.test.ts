// weir dev as a process: what a job's code does to the process that it shares with the command.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))
vi.setConfig({ testTimeout: 120_000 })

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-dev-'))
})
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1', NO_COLOR: '1' }
const ARGV = ['-C', 'source', '--no-warnings', MAIN, 'dev']

interface How {
  /** Of records. */
  readonly count?: number
  readonly file?: string
}

/** A job whose map does this with its first record. */
function write(deed: string, { count = 1_000, file = 'job.ts' }: How): void {
  writeFileSync(
    join(directory, file),
    `import { generator, int, job, print } from 'weirjs'
export default job('deed', (env) => {
  const numbers = generator({ type: int(), count: ${count}, perSecond: 100, make: (n) => n })
  env.from(numbers, { uid: 'numbers' }).map((n) => {
    if (n === 0) { ${deed} }
    return n
  }).to(print(), { uid: 'out' })
})`,
  )
}

function dev(
  deed: string,
  { flags = [], ...how }: How & { readonly flags?: readonly string[] } = {},
): { code: number | null; err: string } {
  write(deed, how)
  const argv = [...ARGV, 'job.ts', ...flags]
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

test('with --json all of stdout is objects, what the job writes there itself too, and the result is the last', () => {
  write(
    'console.log("one\\ntwo"); process.stdout.write(Buffer.from("th\u00e9")); console.error("aside")',
    {
      count: 2,
    },
  )
  const argv = [...ARGV, '--json', 'job.ts']
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { cwd: directory, env })
  expect(status, stderr.toString()).toBe(0)
  const lines = stdout.toString().trimEnd().split('\n')
  const events = lines.map((line) => JSON.parse(line) as { type: string; text?: string })
  const printed = events.filter(({ type }) => type === 'output')
  const own = printed.filter((event) => !['0', '1'].includes(event.text ?? ''))
  expect(own).toEqual(
    ['one', 'two', 'th\u00e9'].map((text) => ({ type: 'output', stream: 'stdout', text })),
  )
  expect(printed).toHaveLength(5)
  expect(events.at(-1)).toMatchObject({ type: 'result' })
  expect(stderr.toString()).toContain('aside')
})

test('a directory that cannot be made is the caller’s mistake', () => {
  writeFileSync(join(directory, 'file'), '')
  const { code, err } = dev('', { flags: ['--data-dir', 'file'] })
  expect(err).toMatch(/error: cannot keep checkpoints here: .*\[config\/data-directory\]\nhint: /)
  expect(code).toBe(2)
})

test('what it starts from stays, and so does a run that is at work; only then the oldest goes', () => {
  const GONE = 2 ** 22 + 1 // no system gives such a pid
  const runs = Array.from({ length: 12 }, (_, i) => {
    const day = `${i + 1}`.padStart(2, '0')
    return `run-2026-01-${day}T00-00-00-000Z-${i === 1 ? process.pid : GONE}`
  })
  const [first = '', working = '', , ...rest] = runs
  for (const run of runs) mkdirSync(join(directory, '.weir', 'dev', run), { recursive: true })
  const checkpoint = join('.weir', 'dev', first, 'checkpoints', 'a'.repeat(32), 'chk-1')
  mkdirSync(join(directory, checkpoint), { recursive: true })
  writeFileSync(join(directory, checkpoint, 'manifest'), 'none')
  const { err } = dev('', { flags: ['-s', checkpoint] })
  expect(err).toMatch(/error: .*manifest/)
  const left = readdirSync(join(directory, '.weir', 'dev')).toSorted()
  expect(left.slice(0, -1)).toEqual([first, working, ...rest])
  expect(existsSync(join(directory, checkpoint, 'manifest'))).toBe(true)
})

/** Runs in the job: when the command has written this, that. */
const upon = (text: string, deed: string): string => `
  const { stderr } = process
  const write = stderr.write.bind(stderr)
  stderr.write = (chunk) => {
    const done = write(chunk)
    if (!String(chunk).includes(${JSON.stringify(text)})) return done
    stderr.write = write
    ${deed}
    return done
  }`

test.each([
  ['void Promise.reject(new Error("at the very end"))'],
  ['process.nextTick(() => { throw new Error("at the very end") })'],
])('what is lost while the cluster closes is lost, too: %s', (deed) => {
  const { code, err } = dev(upon('done in', deed), { count: 1 })
  expect(err).toMatch(/done in [^]*error: at the very end .*\[job\/uncaught-error\]/)
  expect(code).toBe(1)
})

test('an assertion of Weir that breaks is no error of the job, and nothing goes on', () => {
  const { href } = new URL('../../../common/src/core/assert.ts', import.meta.url)
  const { code, err } = dev(
    // Put together, so that it is not bundled: it is the module of the engine.
    `void import(${JSON.stringify(href)}.trim()).then(({ AssertionFailed }) => {
      setTimeout(() => { throw new AssertionFailed('credit is negative') }, 1)
    })`,
  )
  expect(err).toContain('error: credit is negative [cli/internal]')
  expect(err).not.toMatch(/uncaught-error|checkpoints are kept|process-exit/)
  expect(code).toBe(1)
})

interface Running {
  readonly child: ChildProcess
  /** With the exit code. */
  readonly ended: Promise<{ readonly code: number | null; readonly err: string }>
  /** When it has written this. */
  wrote(text: string): Promise<void>
}

function start(deed: string, how: How = {}): Running {
  write(deed, how)
  const child = spawn(process.execPath, [...ARGV, how.file ?? 'job.ts'], { cwd: directory, env })
  children.push(child)
  let [all, err] = ['', '']
  const heard = new EventEmitter()
  child.stderr.on('data', (chunk) => (err += String(chunk)))
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      all += String(chunk)
      heard.emit('more')
    })
  return {
    child,
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, err })),
    wrote: async (text) => {
      while (!all.includes(text)) await once(heard, 'more')
    },
  }
}

const BLOCKED = "the job's code has blocked this process for 5 s"

test('a loop without end is named, because Ctrl-C cannot be heard in it; time in which all stood still is none', async () => {
  // No sleep: the one blocks for longer than the other stands, and says so.
  const stopped = start('', { count: 100, file: 'stopped.ts' })
  await stopped.wrote('0\n')
  stopped.child.kill('SIGSTOP')
  const debugged = start(
    `process.getBuiltinModule('node:inspector').open(0)
     setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 6_000), 700)`,
    { count: 200, file: 'debugged.ts' },
  )
  const blocked = start('for (;;) {}', { file: 'blocked.ts' })
  await blocked.wrote(`only \`kill -9 ${blocked.child.pid}\` ends it`)
  blocked.child.kill('SIGKILL')
  stopped.child.kill('SIGCONT')
  expect((await blocked.ended).err).toContain(BLOCKED)
  for (const { ended } of [stopped, debugged]) {
    const { code, err } = await ended
    expect(err).not.toContain(BLOCKED)
    expect(code).toBe(0)
  }
})
