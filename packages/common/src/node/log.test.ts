import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { KEPT_BYTES_MAX, type LogOptions, createLog } from './log.ts'

function lines(
  options: Omit<LogOptions, 'destination'>,
  use: (log: ReturnType<typeof createLog>) => void,
): unknown[] {
  const written: string[] = []
  use(createLog({ ...options, destination: { write: (line) => void written.push(line) } }))
  return written.map((line) => JSON.parse(line) as unknown)
}

describe('the log of a process', () => {
  it('writes one JSON object per line, with level, time, fields and the event', () => {
    const [line] = lines({ level: 'info', fields: { role: 'jobmanager' } }, (log) => {
      log.info({ checkpointId: 7 }, 'checkpoint completed')
    })
    expect(line).toMatchObject({
      level: 'info',
      role: 'jobmanager',
      checkpointId: 7,
      msg: 'checkpoint completed',
    })
    expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/))
  })

  it('leaves out what is less severe than its level', () => {
    const written = lines({ level: 'warn' }, (log) => {
      log.debug({}, 'a')
      log.info({}, 'b')
      log.warn({}, 'c')
      log.error({}, 'd')
    })
    expect(written).toMatchObject([{ msg: 'c' }, { msg: 'd' }])
  })

  it('masks what is named like a secret, also deeper down', () => {
    const written = lines({ level: 'info' }, (log) => {
      log.info(
        { token: 'canary', request: { credential: 'canary', nested: { password: 'canary' } } },
        'e',
      )
    })
    expect(JSON.stringify(written)).not.toContain('canary')
  })
})

/** Logs to a standard output that is full, and then to a file that takes its place: the lowest free descriptor is 1. */
const FULL = `
import { closeSync, openSync } from 'node:fs'
import { createLog } from '${new URL('log.ts', import.meta.url).href}'
const [file, lines] = process.argv.slice(1)
const log = createLog({ level: 'info' })
for (let n = 0; n < Number(lines); n++) log.info({ n, pad: '.'.repeat(1_000) }, 'full')
closeSync(1)
openSync(file, 'w')
log.info({}, 'room again')
setImmediate(() => log.info({}, 'the end'))
`

describe.runIf(process.platform === 'linux')('a log whose disk is full', () => {
  const written = async (lines: number): Promise<readonly Record<string, unknown>[]> => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-log-'))
    try {
      const file = join(directory, 'log')
      const shell = 'exec "$0" -C source --input-type=module -e "$@" > /dev/full'
      const args = ['-c', shell, process.execPath, FULL, file, `${lines}`]
      await promisify(execFile)('sh', args)
      const text = await readFile(file, 'utf8')
      return text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    } finally {
      await rm(directory, { recursive: true })
    }
  }

  it('throws nothing, and writes what it kept when there is room again', async () => {
    expect(await written(3)).toMatchObject([
      { n: 0 },
      { n: 1 },
      { n: 2 },
      { msg: 'room again' },
      { msg: 'the end' },
    ])
  })

  it('keeps so much and no more, and says how many lines are missing', async () => {
    const all = 2_000
    const lines = await written(all)
    const kept = lines.filter(({ msg }) => msg === 'full')
    expect(kept.map(({ n }) => n)).toEqual(kept.map((_, at) => at))
    expect(kept.length * 1_000).toBeLessThan(KEPT_BYTES_MAX)
    expect(kept.length * 1_200).toBeGreaterThan(KEPT_BYTES_MAX)
    const missing = lines.filter(({ msg }) => String(msg).startsWith('lines of this log were lost'))
    expect(missing).toMatchObject([
      {
        level: 'warn',
        // The last line found the log still full, or made it try again and was lost itself.
        lines: all + (lines.some(({ msg }) => msg === 'room again') ? 0 : 1) - kept.length,
        reason: expect.stringContaining('ENOSPC') as string,
      },
    ])
    expect(lines.at(-1)).toMatchObject({ msg: 'the end' })
  })
})
