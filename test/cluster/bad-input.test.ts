// What people get wrong about jobs, settings and input, through the real command line on one real cluster: each mistake is
// answered with one clear line, a stable code, the place in the job where there is one, a hint, and the right exit code;
// nothing is left behind, and another job notices nothing. (What concerns the command line alone is in
// command-line.test.ts; what breaks while it runs is in broken-jobs.test.ts.)

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { errorOf, GoodNeighbour, jobFile } from './good-neighbour.ts'
import { WRONG_SOURCES } from './jobs/wrong-sources.ts'
import { EXAMPLES, type Ran, WeirKit } from './weir-kit.ts'

const WORDCOUNT = join(EXAMPLES, 'wordcount.ts')
const TALLY = jobFile('tally.ts')

let kit: WeirKit
let neighbour: GoodNeighbour
beforeAll(async () => {
  kit = await WeirKit.start({ taskManagers: 1, slots: 8 })
  neighbour = await GoodNeighbour.moveIn(kit)
})
afterAll(() => kit[Symbol.asyncDispose]())
afterEach(() => neighbour.isUndisturbed())

describe('a job module that is wrong is refused at submit', () => {
  afterAll(async () => {
    expect((await kit.client.list()).map(({ name }) => name)).toEqual(['tally'])
  })

  test.concurrent.each(WRONG_SOURCES)(
    'one that $what',
    async ({ what, lines, code, says, hint, args = [], exit = 1 }) => {
      const directory = kit.path(what.replaceAll(' ', '-'))
      mkdirSync(directory, { recursive: true })
      const file = join(directory, 'wrong.ts')
      writeFileSync(file, `${lines.join('\n')}\n`)
      const ran = await kit.weir('run', file, ...args)
      const line = errorOf(ran)
      expect(line).toContain(`[${code}]`)
      expect(line).toMatch(says)
      const here = lines.findIndex((one) => one.endsWith('// HERE')) + 1
      if (here > 0) expect(line).toMatch(new RegExp(`wrong\\.ts:${here}(:\\d+)?\\)`))
      if (hint !== undefined) expect(ran.err).toMatch(hint)
      expect(ran).toMatchObject({ code: exit, out: '' })
    },
  )

  test.concurrent.each([
    [['-D', 'execution.checkpointing.intervall=1s'], 'config/unknown-key', /interval"/],
    [
      ['-D', 'execution.checkpointing.interval=soon'],
      'config/bad-value',
      /execution\.checkpointing\.interval is "soon"/,
    ],
    [['-D', 'heartbeat.timeout=5s'], 'config/not-a-job-setting', /concerns the cluster/],
    [['-D', 'parallelism'], 'config/bad-define', /key=value/],
    [['-p', '0'], 'cli/usage', /--parallelism is "0"/],
    [['--form', 'chk-1'], 'job/unknown-argument', /--from/],
    [['--from', ''], 'cli/usage', /--from is empty/],
  ])('settings %j', async (flags, code, says) => {
    const words = flags[0] === '--form' ? [TALLY, ...flags] : [...flags, TALLY, '--output', 'never']
    const ran = await kit.weir('run', ...words)
    expect(errorOf(ran)).toContain(`[${code}`)
    expect(ran.err).toMatch(says)
    expect(ran.code).toBe(2)
  })
})

describe('input that is wrong', () => {
  const count = (input: string, output: string): Promise<Ran> => {
    const args = ['--input', input, '--output', output]
    return kit.weir('run', '-D', 'restart-strategy.type=none', WORDCOUNT, ...args)
  }
  const MIB = 1_024 * 1_024
  beforeAll(() => {
    writeFileSync(kit.path('plain.txt'), 'words\n')
    writeFileSync(kit.path('nothing.txt'), '')
    writeFileSync(kit.path('words.txt.gz'), 'not packed at all\n')
    writeFileSync(kit.path('long.txt'), Buffer.alloc(17 * MIB, 'x'))
    writeFileSync(kit.path('taken'), '')
    symlinkSync('gone.txt', kit.path('dangling.txt'))
    symlinkSync('circle.txt', kit.path('circle.txt'))
    execFileSync('mkfifo', [kit.path('pipe.txt')])
    mkdirSync(kit.path('directories', 'words.txt'), { recursive: true })
  })

  test.concurrent.each([
    [
      'a path that leads through a file',
      'plain.txt/inner',
      /there is no .*plain\.txt\/inner.*not-found\]/,
    ],
    ['a link to nowhere', 'dangling.txt', /there is no .*dangling\.txt.*\[files\/not-found\]/],
    ['a link to itself', 'circle.txt', /circle at .*circle\.txt.*\[files\/link-loop\]/],
    ['a named pipe', 'pipe.txt', /neither a file nor .*pipe\.txt.*\[files\/not-a-file\]/],
    [
      'directories in place of files',
      'directories',
      /no file to read in .*directories.*empty-input\]/,
    ],
    ['a pattern that matches nothing', '*.text', /that matches .*\*\.text.*\[files\/empty-input\]/],
    [
      'a file that is not what its ending says',
      'words.txt.gz',
      /words\.txt\.gz.*\[files\/damaged\]/,
    ],
    [
      'a line over the limit',
      'long.txt',
      /long\.txt is longer than \d+ bytes.*\[files\/line-too-long\]/,
    ],
  ])('fails the job, by name: %s', async (what, input, says) => {
    const output = what.replaceAll(' ', '-')
    const ran = await count(input, output)
    expect(errorOf(ran)).toMatch(says)
    expect(ran.code).toBe(1)
    expect(existsSync(kit.path(output)) ? visible(output) : []).toEqual([])
  })

  const visible = (output: string): readonly string[] =>
    readdirSync(kit.path(output)).filter((name) => !name.startsWith('.'))

  test.concurrent('a file that may not be read', async ({ skip }) => {
    if (process.getuid?.() === 0) {
      console.warn('NOT TESTED: a file without permission, because root reads everything')
      skip()
    }
    writeFileSync(kit.path('secret.txt'), 'words\n')
    chmodSync(kit.path('secret.txt'), 0o000)
    const ran = await count('secret.txt', 'i2')
    expect(errorOf(ran)).toMatch(/secret\.txt.*\[files\/denied\]/)
    expect(ran.code).toBe(1)
  })

  test.concurrent.each([
    ['', 'o', /argument --input: the path is empty/],
    ['plain.txt', '', /argument --output: the path is empty/],
  ])('an empty path is refused, and not taken for here: %j %j', async (input, output, says) => {
    const ran = await count(input, output)
    expect(errorOf(ran)).toMatch(says)
    expect(ran.code).toBe(2)
  })

  test.concurrent('an empty file is no mistake', async () => {
    expect(await count('nothing.txt', 'of-nothing')).toMatchObject({ code: 0 })
    expect(existsSync(kit.path('of-nothing')) ? visible('of-nothing') : []).toEqual([])
  })

  test.concurrent('an output that is a file fails the job, by name', async () => {
    const ran = await count('plain.txt', 'taken')
    expect(errorOf(ran)).toMatch(/taken.*\[files\/(exists|not-a-directory)\]/)
    expect(ran.code).toBe(1)
  })

  test.concurrent.each([
    ['wide', /'making'.*more than 64 MiB.*\[record\/too-large\]/],
    ['function', /'making'.*callback.*\[record\/not-encodable\]/],
  ])('a record that cannot travel (%s), and which step made it', async (kind, says) => {
    const ran = await kit.weir('run', '-p', '2', jobFile('bad-record.ts'), '--kind', kind)
    expect(errorOf(ran)).toMatch(says)
    expect(ran.code).toBe(1)
  })

  afterAll(() => rmSync(kit.path('long.txt'), { force: true }))
})
