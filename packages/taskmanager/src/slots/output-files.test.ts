import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OutputLine } from '@weirjs/common/core/gateways'
import { attempt, jobId, leaderEpoch, vertexId, workerId } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { MemoryLog } from '@weirjs/common/core/memory-log'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { outputFileName } from '../core/output-rotation.ts'
import { CHARS_A_LINE, CHARS_WAITING_MAX, OutputFiles, RETRY_MS } from './output-files.ts'

const MIB = 1_024 ** 2
const JOB = jobId('6c20'.padEnd(32, '0'))
const OTHER = jobId('7f3a'.padEnd(32, '0'))
const WORKER = workerId('here-7-aaaaaaaaaaaa')

let root: string
let directory: string
let time: ManualScheduler
let log: MemoryLog
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-output-'))
  directory = join(root, 'output')
  time = new ManualScheduler()
  log = new MemoryLog()
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const files = (bounds: { filesMax?: number; totalBytesMax?: number } = {}): OutputFiles =>
  new OutputFiles({
    directory,
    workerId: WORKER,
    fileBytesMax: MIB,
    filesMax: 3,
    totalBytesMax: 100 * MIB,
    scheduler: time,
    log,
    ...bounds,
  })

const line = (text: string, job = JOB, task: OutputLine['task'] = null): OutputLine => ({
  fence: { jobId: job, epoch: leaderEpoch(1), attempt: attempt(3) },
  task,
  stream: 'stdout',
  text,
})

const pathOf = (job = JOB, aside = ''): string =>
  join(directory, `${outputFileName(job, WORKER)}${aside}`)
const read = (job = JOB, aside = ''): string => readFileSync(pathOf(job, aside), 'utf8')
const warnings = (): readonly string[] =>
  log.events.filter(({ level }) => level === 'warn').map(({ event }) => event)

describe('OutputFiles', () => {
  test('has a line for each line, with time, attempt, task and stream, in a file for each job', async () => {
    const output = files()
    output.take(line('hello', JOB, { vertexId: vertexId('v2'), subtask: 1 }))
    output.take(line('of the other', OTHER))
    output.take(line('two\nlines?'))
    await output.close()
    const at = new Date(time.wallMs()).toISOString()
    expect(read()).toBe(`${at} 3 v2/1 stdout hello\n${at} 3 - stdout two\\nlines?\n`)
    expect(read(OTHER)).toBe(`${at} 3 - stdout of the other\n`)
    expect(statSync(pathOf()).mode & 0o777).toBe(0o600)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  })

  test('sets full files aside and deletes the oldest of a job', async () => {
    const text = 'x'.repeat(16_000)
    for (let part = 0; part < 5; part++) {
      const output = files({ filesMax: 3 })
      for (let i = 0; i < 60; i++) output.take(line(`${part} ${text}`))
      await output.close()
    }
    const own = readdirSync(directory).toSorted()
    expect(own).toEqual(['', '.1', '.2'].map((aside) => `${outputFileName(JOB, WORKER)}${aside}`))
    for (const name of own) expect(statSync(join(directory, name)).size).toBeLessThanOrEqual(MIB)
    expect(read()).toContain('stdout 4 x')
    expect(read(JOB, '.2')).not.toContain('stdout 0 x')
  })

  test('deletes files of old jobs when all together are too much, and leaves what is not its own', async () => {
    await write(OTHER, 1)
    writeFileSync(join(directory, 'notes.txt'), 'x'.repeat(3 * MIB))
    const old = join(directory, `${'0'.repeat(32)}-elsewhere-1-bbbbbbbbbbbb.log.1`)
    writeFileSync(old, 'x'.repeat(MIB + MIB / 2))
    utimesSync(old, 1, 1)
    const output = files({ totalBytesMax: 2 * MIB })
    for (let i = 0; i < 40; i++) output.take(line('y'.repeat(16_000)))
    await output.close()
    expect(existsSync(old)).toBe(false)
    expect(readdirSync(directory)).toContain('notes.txt')
    expect(read(OTHER)).not.toBe('')
    expect(read()).not.toBe('')
  })

  test('a full disk is told once, costs the lines and nothing else, and is tried again later', async () => {
    await write(OTHER, 1)
    symlinkSync('/dev/full', pathOf())
    const output = files()
    output.take(line('lost'))
    await output.flush()
    output.take(line('lost without a try'))
    time.advance(RETRY_MS)
    output.take(line('tried, and lost'))
    await output.flush()
    expect(warnings()).toEqual(['what jobs print cannot be written to disk; jobs go on'])
    unlinkSync(pathOf())
    time.advance(RETRY_MS)
    output.take(line('back'))
    await output.close()
    const [note, back] = read().split('\n')
    expect(note).toBe('… 3 lines printed on this TaskManager are missing')
    expect(back).toMatch(/stdout back$/)
  })

  test('keeps no more in memory than it may, and says what it has dropped', async () => {
    const output = files({ filesMax: 100 })
    const text = 'z'.repeat(16_000)
    const fit = Math.floor(CHARS_WAITING_MAX / (text.length + CHARS_A_LINE))
    for (let i = 0; i < fit + 7; i++) output.take(line(text))
    await output.close()
    const own = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'))
    const said = own.flatMap((text) => text.split('\n'))
    expect(said.filter((text) => / stdout z/.test(text))).toHaveLength(fit)
    const notes = said.filter((text) => text.startsWith('…'))
    expect(notes).toEqual(['… 7 lines printed on this TaskManager are missing'])
  })

  test('counts lines that are empty, too', async () => {
    const output = files({ filesMax: 100 })
    const fit = Math.floor(CHARS_WAITING_MAX / CHARS_A_LINE)
    for (let i = 0; i < fit + 1_000_000; i++) output.take(line(''))
    await output.close()
    const own = readdirSync(directory).map((name) => readFileSync(join(directory, name), 'utf8'))
    const said = own.flatMap((text) => text.split('\n'))
    expect(said.filter((text) => text.endsWith(' stdout '))).toHaveLength(fit)
    expect(said).toContain('… 1000000 lines printed on this TaskManager are missing')
  })
})

async function write(job: typeof JOB, lines: number): Promise<void> {
  const output = files()
  for (let i = 0; i < lines; i++) output.take(line(`${i}`, job))
  await output.close()
}
