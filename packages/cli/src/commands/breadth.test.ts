// Commands that look at jobs and workers, or end them: what they print in each form, and what they refuse.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { checkpointId } from '@weirjs/common/core/ids'
import type { JobClient, JobEventView } from '@weirjs/common/job-client'
import { describe, expect, test } from 'vitest'
import { completed, detail, id, summary, TASK, worker } from '../samples.fixture.ts'
import { writeContexts } from '../named-clusters.ts'
import { testCli } from '../test-cli.fixture.ts'

const failure = toFailure(
  new WeirError('job/user-code-failed', 'boom', {
    domain: 'user',
    location: 'job.ts:3',
    hint: 'mend it',
  }),
)
const attempt = { epoch: 1, startedAtMs: 0, restoredFrom: null, endedAtMs: 5, failure }
describe('forms of output', () => {
  const cli = testCli({ list: async () => [summary('RUNNING')] })

  test('yaml holds what JSON holds', async () => {
    const json = await cli.run('job', 'list', '-o', 'json')
    const yaml = await cli.run('job', 'list', '-o', 'yaml')
    const { jobs } = JSON.parse(json.out[0] ?? '') as { jobs: readonly object[] }
    expect(yaml.out[0]).toBe('jobs:')
    for (const [key, value] of Object.entries(jobs[0] ?? {})) {
      const said = typeof value === 'object' && value !== null ? '' : ` ${String(value)}`
      expect(yaml.out.map((line) => line.replace(/^ *-? */, ''))).toContain(`${key}:${said}`)
    }
  })

  test.each([
    [['run', 'x.ts'], /weir run does not print \w+ .*--detach/s],
    [['dev', 'x.ts'], /weir dev does not print/],
    [['job', 'logs', 'x'], /weir job logs does not print/],
    [['cluster', 'logs'], /weir cluster logs does not print/],
  ])('%j prints lines as they come: text or JSON', async (argv, refusal) => {
    for (const form of ['yaml', 'wide', 'name']) {
      const { code, out, err } = await testCli(null, '/').run(...argv, '-o', form)
      expect({ code, out }).toEqual({ code: 2, out: [] })
      expect(err.join('\n')).toMatch(refusal)
      expect(err[1]).toContain('-o json')
    }
  })

  test('name is for scripts, wide has more columns', async () => {
    expect((await cli.run('job', 'list', '-o', 'name')).out).toEqual([id])
    const { out } = await cli.run('job', 'list', '-o', 'wide')
    expect(out[0]).toMatch(/^JOB .* FAILURE$/)
    expect(out[1]).toMatch(new RegExp(`^${id} `))
  })
})

describe('weir job describe', () => {
  test('tells of a job that runs again why it has started anew', async () => {
    const cli = testCli({
      describe: async () =>
        detail('RUNNING', {
          attempts: [
            { ...attempt, attempt: 1, failure: { ...failure, lastOutput: ['almost there'] } },
            { ...attempt, attempt: 2, failure: null },
          ],
        }),
    })
    const said = (await cli.run('job', 'describe', '7f3')).out.join('\n')
    expect(said).toMatch(/ENDED BY.*boom \[job\/user-code-failed\]/s)
    expect(said).toContain('mend it')
    expect(said).toMatch(/last output:\n\s+almost there/)
  })
})

describe('weir job exceptions', () => {
  test('tells every failure with its place and hint', async () => {
    const cli = testCli({
      describe: async () =>
        detail('RUNNING', {
          attempts: [
            { ...attempt, attempt: 2, failure: null },
            { ...attempt, attempt: 1 },
          ],
        }),
    })
    const { out } = await cli.run('job', 'exceptions', '7f3')
    expect(out).toEqual([
      'attempt 1, ended 1970-01-01T00:00:00.005Z',
      '  error: boom (job.ts:3) [job/user-code-failed]',
      '  hint: mend it',
    ])
    const json = await cli.run('job', 'exceptions', '7f3', '--json')
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject({
      jobId: id,
      exceptions: [{ attempt: 1, failure: { code: 'job/user-code-failed' } }],
    })
  })
})

describe('weir job logs', () => {
  const line = (text: string, stream: 'stdout' | 'stderr' = 'stdout'): JobEventView => ({
    type: 'output',
    stream,
    text,
  })
  const printed: readonly JobEventView[] = [line('one'), line('two'), line('oops', 'stderr')]
  async function* watch(_id: string, signal: AbortSignal): AsyncGenerator<JobEventView> {
    yield { type: 'state', job: summary('RUNNING') }
    yield* printed
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
  const cli = testCli({ describe: async () => detail('RUNNING'), watch })

  test('prints what was kept, each line where it belongs, and ends', async () => {
    expect(await cli.run('job', 'logs', '7f3')).toEqual({
      code: 0,
      out: ['one', 'two'],
      err: ['oops'],
    })
    expect((await cli.run('job', 'logs', '7f3', '-n', '2')).out).toEqual(['two'])
    const { out } = await cli.run('job', 'logs', '7f3', '--json')
    expect(out.map((one) => JSON.parse(one) as unknown)).toEqual(printed)
  })

  test('says where the rest is when its JobManager does not have it', async () => {
    async function* lost(_id: string, signal: AbortSignal): AsyncGenerator<JobEventView> {
      yield { type: 'state', job: summary('RUNNING') }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    const later = testCli({ describe: async () => detail('RUNNING'), watch: lost })
    const { err, out } = await later.run('job', 'logs', '7f3')
    expect(out).toEqual([])
    expect(err).toEqual([expect.stringMatching(/is in output\/7f3\S*-\*\.log\* of the data/)])
    expect((await later.run('job', 'logs', '7f3', '--json')).err).toEqual([])
  })

  test('follows over a JobManager that goes and comes back, until the job has ended', async () => {
    let asked = 0
    async function* broken(): AsyncGenerator<JobEventView> {
      asked += 1
      yield { type: 'state', job: summary(asked === 1 ? 'RUNNING' : 'FINISHED') }
      yield line(`life ${asked}`)
      if (asked === 1) throw new WeirError('rpc/unavailable', 'gone', { domain: 'external' })
    }
    const there = testCli({ describe: async () => detail('RUNNING'), watch: broken })
    expect(await there.run('job', 'logs', '7f3', '-f')).toMatchObject({
      code: 0,
      out: ['life 1', 'life 2'],
      err: expect.arrayContaining(['the JobManager is back']),
    })
  })

  describe('when the connection breaks', () => {
    /** What each watch tells; all but the last one break. */
    const broken = (
      ...watches: readonly (readonly JobEventView[])[]
    ): ReturnType<typeof testCli> => {
      let asked = 0
      async function* watch(): AsyncGenerator<JobEventView> {
        const events = watches[asked++] ?? []
        yield { type: 'state', job: summary(asked < watches.length ? 'RUNNING' : 'FINISHED') }
        yield* events
        if (asked < watches.length)
          throw new WeirError('rpc/unavailable', 'gone', { domain: 'external' })
      }
      return testCli({ describe: async () => detail('RUNNING'), watch })
    }
    const log = (epoch: number): JobEventView => ({ type: 'output-log', epoch })
    const lost = (lines: number): JobEventView => ({ type: 'lost-output', lines })
    const lines = (from: number, to: number): JobEventView[] =>
      Array.from({ length: to - from + 1 }, (_, i) => line(`${from + i}`))
    const texts = (from: number, to: number): (string | undefined)[] =>
      lines(from, to).map((one) => (one.type === 'output' ? one.text : undefined))
    const anew = expect.stringContaining('lines may be missing') as string
    const dropped = (count: number): string => `… ${count} older lines are not kept any more`
    const gone = ['lost the JobManager; waiting for it', 'the JobManager is back']

    test.each<[string, readonly (readonly JobEventView[])[], unknown[], string[]]>([
      [
        'goes on',
        [
          [log(1), ...lines(1, 3)],
          [log(1), ...lines(1, 5)],
        ],
        texts(1, 5),
        gone,
      ],
      [
        'goes on again and again',
        [[log(1), ...lines(1, 2)], [log(1)], [log(1), ...lines(1, 3)], [log(1), ...lines(1, 4)]],
        texts(1, 4),
        [...gone, ...gone, ...gone],
      ],
      [
        'goes on where older lines are lost that it has told',
        [
          [log(1), lost(2), ...lines(3, 5)],
          [log(1), lost(4), ...lines(5, 7)],
        ],
        texts(3, 7),
        [...gone, dropped(2)],
      ],
      [
        'says how many lines it cannot tell any more',
        [
          [log(1), ...lines(1, 3)],
          [log(1), lost(5), ...lines(6, 7)],
        ],
        [...texts(1, 3), ...texts(6, 7)],
        [...gone, dropped(2)],
      ],
      [
        'says that it is the log of another',
        [
          [log(1), ...lines(1, 3)],
          [log(2), ...lines(1, 2)],
        ],
        [...texts(1, 3), ...texts(1, 2)],
        [...gone, anew],
      ],
    ])('%s', async (_, watches, out, err) => {
      const ran = await broken(...watches).run('job', 'logs', '7f3', '-f')
      expect([ran.code, ran.out]).toEqual([0, out])
      // Where its files are is said once, when older lines were lost at the first look.
      const said = ran.err.filter((one) => !one.startsWith('what it printed before'))
      expect(said).toHaveLength(err.length)
      expect(said).toEqual(expect.arrayContaining(err))
    })
  })

  test('follows until Ctrl-C', async () => {
    const run = cli.run('job', 'logs', '7f3', '-f')
    setTimeout(() => cli.interrupt(), 500)
    expect(await run).toMatchObject({ code: 130, out: ['one', 'two'] })
  })
})

describe('weir job stop', () => {
  const stopping = (
    more: Partial<JobClient> = {},
  ): ReturnType<typeof testCli> & { asked: string[] } => {
    const asked: string[] = []
    const cli = testCli({
      describe: async () => detail(asked.includes('cancel') ? 'CANCELED' : 'RUNNING'),
      triggerCheckpoint: async () => {
        asked.push('checkpoint')
        return completed
      },
      cancel: async () => {
        asked.push('cancel')
      },
      checkpoints: async () => [completed],
      ...more,
    })
    return { ...cli, asked }
  }

  test('takes a checkpoint, ends the job, and says where to go on from', async () => {
    const cli = stopping()
    const { code, out, err } = await cli.run('job', 'stop', '7f3')
    expect([code, out]).toEqual([0, ['/data/chk-3']])
    expect(err.at(-1)).toContain('-s /data/chk-3')
    expect(cli.asked).toEqual(['checkpoint', 'cancel'])
  })

  test('leaves the job alone when the checkpoint fails', async () => {
    const cli = stopping({
      triggerCheckpoint: async () => {
        throw new WeirError('checkpoint/failed', 'no', { domain: 'external' })
      },
    })
    expect((await cli.run('job', 'stop', '7f3')).code).toBe(1)
    expect(cli.asked).toEqual([])
  })

  test('refuses a job that would keep nothing', async () => {
    const { settings, ...rest } = detail('RUNNING')
    const checkpoint = { ...settings.checkpoint, retainOn: 'failure' as const }
    const cli = stopping({
      describe: async () => ({ ...rest, settings: { ...settings, checkpoint } }),
    })
    const { code, err } = await cli.run('job', 'stop', '7f3')
    expect(code).toBe(5)
    expect(err.join('\n')).toMatch(/retain-on is failure.*job\/not-retained.*weir job cancel/s)
    expect(cli.asked).toEqual([])
  })
})

describe('weir taskmanager', () => {
  test('describe finds it by the beginning of its id, and its tasks', async () => {
    const cli = testCli({
      workers: async () => [worker('a-1'), worker('b-2')],
      list: async () => [summary('RUNNING'), summary('FINISHED')],
      describe: async () => detail('RUNNING', { taskViews: [{ ...TASK, worker: 'a-1' }, TASK] }),
    })
    const { out } = await cli.run('taskmanager', 'describe', 'a')
    expect(out[0]).toMatch(/taskmanager +a-1/)
    expect(out.filter((one) => one.includes('flights'))).toHaveLength(1)
    expect((await cli.run('taskmanager', 'describe', 'c')).code).toBe(4)
  })

  test('drain takes a checkpoint first, and waits until nothing runs there', async () => {
    const asked: string[] = []
    const cli = testCli({
      workers: async () => [worker('a-1'), worker('b-2')],
      list: async () => [summary('RUNNING')],
      describe: async () => detail('RUNNING', { taskViews: [{ ...TASK, worker: 'a-1' }] }),
      triggerCheckpoint: async () => {
        asked.push('checkpoint')
        return { ...completed, checkpointId: checkpointId(9) }
      },
      drainWorker: async (name, draining) => {
        asked.push(`drain ${name} ${draining}`)
        return worker(name, { draining, freeSlots: Math.min(2, asked.length - 1) })
      },
    })
    const { code, out, err } = await cli.run('taskmanager', 'drain', 'a')
    expect([code, out, err[0]]).toEqual([0, ['a-1 drained'], 'checkpoint 9 of flights completed'])
    expect(asked).toEqual(['checkpoint', 'drain a-1 true', 'drain a-1 true'])
    expect((await cli.run('taskmanager', 'drain', 'a', '--undo')).out).toEqual(['a-1 takes tasks'])
  })

  test('drain is refused where there is no room', async () => {
    const cli = testCli({ workers: async () => [worker('a-1'), worker('b-2', { freeSlots: 0 })] })
    const { code, err } = await cli.run('taskmanager', 'drain', 'a')
    expect(code).toBe(5)
    expect(err.join('\n')).toMatch(
      /1 slot of a-1 would have to move, but only 0 slots elsewhere.*--force/s,
    )
  })
})

describe('completion', () => {
  const complete = async (...words: string[]): Promise<readonly string[]> =>
    (await testCli(null).run('complete', '--', ...words)).out

  test('knows commands, flags, choices and configuration keys', async () => {
    expect(await complete('jo')).toEqual(['job', 'jobmanager'])
    expect(await complete('job', 'l')).toEqual(['list', 'logs'])
    expect(await complete('job', 'logs', '--fo')).toEqual(['--format', '--follow'])
    expect(await complete('job', 'list', '-o', 'w')).toEqual(['wide'])
    expect(await complete('completion', '')).toEqual(['bash', 'zsh', 'fish'])
    expect(await complete('config', 'explain', 'heartbeat.t')).toEqual(['heartbeat.timeout'])
    expect(await complete('run', 'x.ts', '-D', 'rest.p')).toEqual(['rest.port='])
    // As zsh and fish have it, and as bash does.
    expect(await complete('job', 'list', '--format=w')).toEqual(['--format=wide'])
    expect(await complete('job', 'list', '--format', '=', 'w')).toEqual(['wide'])
    expect(await complete('run', 'x.ts', '--detach=j')).toEqual([])
    // A file may stand there: the shell knows those.
    expect(await complete('run', '')).toEqual([])
    const first = await complete('')
    expect(first).toContain('run')
    expect(first).not.toContain('complete')
  })

  test('knows contexts, and is silent where their file is damaged', async () => {
    const home = mkdtempSync(join(tmpdir(), 'weir-completion-'))
    const env = { XDG_CONFIG_HOME: home }
    const words = async (...typed: string[]): Promise<readonly string[]> => {
      const { code, out, err } = await testCli(null, home, env).run('complete', '--', ...typed)
      expect({ code, err }).toEqual({ code: 0, err: [] })
      return out
    }
    expect(await words('context', 'use', '')).toEqual([])
    const cluster = { address: 'h:1', tokenFile: null }
    const clusters = { prod: cluster, probe: cluster, test: cluster }
    const path = writeContexts(env, { version: 1, current: null, clusters })
    expect(await words('context', 'use', 'pro')).toEqual(['prod', 'probe'])
    expect(await words('context', 'rm', '')).toEqual(['prod', 'probe', 'test'])
    expect(await words('--cluster', 't')).toEqual(['test'])
    expect(await words('job', 'list', '--cluster', '')).toEqual(['prod', 'probe', 'test'])
    expect(await words('context', 'add', '')).toEqual([])
    writeFileSync(path, '{"version":1,"clusters":null}')
    expect(await words('context', 'use', '')).toEqual([])
    rmSync(home, { recursive: true })
  })

  test.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { code, out } = await testCli(null).run('completion', shell)
    expect([code, out.join('\n').includes('weir complete --')]).toEqual([0, true])
  })
})
