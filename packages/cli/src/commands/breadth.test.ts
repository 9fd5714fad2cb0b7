// Commands that look at jobs and workers, or end them: what they print in each form, and what they refuse.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { checkpointId } from '@weirjs/common/core/ids'
import type { JobClient } from '@weirjs/common/job-client'
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
