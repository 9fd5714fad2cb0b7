import { stripVTControlCharacters } from 'node:util'
import { WeirError } from '@weirjs/common/core/errors'
import type { JobClient, JobSummary } from '@weirjs/common/job-client'
import { describe, expect, test } from 'vitest'
import type { ScreenSize } from '../output/screen.ts'
import { detail, id, summary, TASK, vertex, worker } from '../samples.fixture.ts'
import { testCli } from '../test-cli.fixture.ts'

const HOME = '\u001b[H'
/** The alternate screen, as regular expressions. */
const OPEN = '\u001b\\[\\?1049h'
const CLOSE = '\u001b\\[\\?1049l'

describe('weir top', () => {
  const seen: Partial<JobClient> = {
    cluster: async () => ({
      coordinatorId: 'c',
      version: '1.2.3',
      pid: 1,
      startedAtMs: 0,
      workers: 1,
      slots: 2,
      freeSlots: 1,
      jobs: { RUNNING: 1 },
      checkpointDirectory: '/x',
      restAddress: null,
      notLeading: null,
    }),
    workers: async () => [worker('a-1')],
    list: async () => [summary('RUNNING')],
    describe: async () => detail('RUNNING', { taskViews: [TASK] }),
  }

  test('draws on a terminal again and again, until Ctrl-C, which waits for no answer', async () => {
    let looks = 0
    const cli = testCli(
      {
        ...seen,
        list: async () => {
          looks += 1
          if (looks < 4) return [summary('RUNNING')]
          cli.interrupt()
          return new Promise(() => {})
        },
      },
      process.cwd(),
      {},
      { screen: { rows: 24, columns: 160 } },
    )
    const { code, out, err } = await cli.run('top', '--every', '200ms')
    expect(code).toBe(130)
    expect(err.join('\n')).toContain('ended by Ctrl-C')
    const fromTheTop = out.join('\n').split('\x1b[H').slice(1)
    expect(fromTheTop).toHaveLength(3)
    for (const one of fromTheTop) {
      expect(one).toContain('weir 1.2.3 at test')
      expect(one).toContain('flights')
    }
  })

  test('gives the screen back while it is stopped by Ctrl-Z, and draws again', async () => {
    let looks = 0
    const list = async (): Promise<readonly JobSummary[]> => {
      looks += 1
      if (looks === 2) cli.suspend()
      if (looks === 3) cli.interrupt()
      return [summary('RUNNING')]
    }
    const screen = { rows: 24, columns: 80 }
    const cli = testCli({ ...seen, list }, process.cwd(), {}, { screen })
    const { out } = await cli.run('top', '--every', '200ms')
    expect(out.join('\n')).toMatch(new RegExp(`^${OPEN}[^]*${CLOSE}${OPEN}[^]*${CLOSE}$`))
  })

  test('does not let Ctrl-C wait for the next look', async () => {
    const cli = testCli(
      { ...seen, list: async () => pressing([]) },
      process.cwd(),
      {},
      {
        screen: { rows: 24, columns: 160 },
      },
    )
    const pressing = (jobs: readonly JobSummary[]): readonly JobSummary[] => {
      // Behind all that the answer leads to.
      setImmediate(() => cli.interrupt())
      return jobs
    }
    expect((await cli.run('top', '--every', '10m')).code).toBe(130)
  })

  /** What a terminal of this size shows at the first look. */
  async function drawn(size: ScreenSize, jobs: number): Promise<readonly string[]> {
    const list = async (): Promise<readonly JobSummary[]> => {
      setImmediate(() => cli.interrupt())
      return Array.from({ length: jobs }, () => summary('RUNNING'))
    }
    const cli = testCli({ ...seen, list }, process.cwd(), {}, { screen: size })
    const all = (await cli.run('top', '--every', '10m')).out.join('\n')
    const [, page = ''] = all.split(HOME)
    return page.split('\n').map((line) => stripVTControlCharacters(line))
  }

  test.each([
    [{ rows: 24, columns: 80 }, 30],
    [{ rows: 10, columns: 40 }, 5],
    [{ rows: 2, columns: 12 }, 1],
  ])('fits on a screen of %j with %i jobs, and says what it leaves out', async (size, jobs) => {
    const lines = await drawn(size, jobs)
    expect(lines).toHaveLength(size.rows)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(size.columns)
    expect(lines.at(-1)).toMatch(/^… \d+ more/)
  })

  test('says how many jobs it does not show', async () => {
    const lines = await drawn({ rows: 60, columns: 160 }, 23)
    expect(lines.filter((line) => line.includes('flights'))).toHaveLength(20)
    expect(lines).toContain('… 3 more jobs')
    expect(lines.at(-1)).toBe('Ctrl-C ends')
  })

  test.each(['Ctrl-C', 'SIGTERM', 'an error'] as const)(
    'gives the screen back after %s',
    async (how) => {
      let looks = 0
      const list = async (): Promise<readonly JobSummary[]> => {
        looks += 1
        if (looks === 2) end[how]()
        return [summary('RUNNING')]
      }
      const cli = testCli(
        { ...seen, list },
        process.cwd(),
        {},
        { screen: { rows: 24, columns: 80 } },
      )
      const end = {
        'Ctrl-C': () => cli.interrupt(),
        SIGTERM: () => cli.terminate(),
        'an error': () => {
          throw new WeirError('rpc/denied', 'no', { domain: 'user' })
        },
      }
      const { out, err } = await cli.run('top', '--every', '200ms')
      expect(out.join('\n')).toMatch(new RegExp(`^${OPEN}[^]*${CLOSE}$`))
      expect(err).toHaveLength(1)
    },
  )

  test.each(['--json', '--once'])('with %s every job is there', async (flag) => {
    const { out } = await testCli({
      ...seen,
      list: async () => Array.from({ length: 45 }, () => summary('RUNNING')),
    }).run('top', flag)
    expect(out.join('\n').match(/flights/g)).toHaveLength(45)
  })

  test('counts each record once, where its sources read it', async () => {
    let records = 0
    const { plan } = detail('RUNNING')
    const vertices = [vertex('v1', 'source-reader'), vertex('v2', 'map')]
    const cli = testCli(
      {
        ...seen,
        describe: async () => {
          if (records >= 2) cli.interrupt()
          records += 1
          const task = { ...TASK, recordsIn: records * 1_000_000, recordsOut: 0 }
          return detail('RUNNING', {
            plan: { ...plan, vertices },
            taskViews: [task, { ...task, vertexId: 'v2', recordsIn: records * 9_000_000 }],
          })
        },
      },
      process.cwd(),
      {},
      { screen: { rows: 24, columns: 160 } },
    )
    const { out } = await cli.run('top', '--every', '200ms')
    // A million in 200 ms or more; with those of the map it would be ten times as many.
    const [, number, unit] = / ([\d.]+) ([kM]?)\/s /.exec(out.join('\n')) ?? []
    const perSecond = Number(number) * ({ k: 1e3, M: 1e6 }[unit ?? ''] ?? 1)
    expect(perSecond).toBeGreaterThan(0)
    expect(perSecond).toBeLessThanOrEqual(5e6)
  })

  test('looks once where there is no terminal', async () => {
    const cli = testCli(seen)
    const { code, out } = await cli.run('top')
    expect(code).toBe(0)
    expect(out[0]).toBe('weir 1.2.3 at test · 1 TaskManager · 1 of 2 slots in use · 1 RUNNING')
    expect(out.find((one) => one.includes('flights'))).toContain('count (1/1) 50 %')
    const json = await cli.run('top', '--json')
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject({ jobs: [{ jobId: id }] })
  })
})
