import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { checkpointId } from '@weirjs/common/core/ids'
import type { JobDetail } from '@weirjs/common/job-client'
import { describe, expect, test } from 'vitest'
import { completed, detail, id, summary } from './samples.fixture.ts'
import { testCli } from './test-cli.fixture.ts'

describe('usage', () => {
  test.each([
    [['jop', 'list'], /unknown command 'jop'.*Did you mean one of job, top/s],
    [['job', 'lst'], /Did you mean list/],
    [['job', 'list', '--jsno'], /unknown option '--jsno'/],
    [['job', 'describe'], /missing required argument 'job'/],
    [['job', 'logs', '-n', '0', 'x'], /--lines is "0"/],
    [['top', '--every', 'soon'], /--every "soon"/],
    [['context', 'add', '9', 'h:1'], /"9" is no name/],
    [['context', 'add', 'x', 'h'], /"h" is no address/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
    [['job', 'list', '-o', 'xml'], /Allowed choices are table, wide, json, yaml, name/],
    [['config', 'explain', 'heartbeat.intervall'], /Did you mean "heartbeat.interval"/],
    [['run'], /missing required argument/],
    [['run', '--input', 'x'], /the job file comes before/],
    [['run', '--from', '', 'job.ts'], /--from is empty/],
    [['job', 'list', '--cluster='], /--cluster is empty/],
    [['taskmanager', 'drain', ''], /<\w+> is empty/],
    [['job', 'cancel', ''], /<\w+> is empty/],
  ])('exits with 2 and says what is wrong: weir %j', async (argv, message) => {
    const { code, err, out } = await testCli({}).run(...argv)
    expect(code).toBe(2)
    expect(err.join('\n')).toMatch(message)
    expect(out).toEqual([])
  })

  test.each([
    ['--json', 'jb'],
    ['job', 'list', '-o', 'json', '--bogus'],
    ['--format=json', 'job', 'describe'],
  ])('is told as JSON where JSON was asked for: weir %s %s %s', async (...argv) => {
    const { code, err } = await testCli({}).run(...argv.filter((word) => word !== undefined))
    expect(code).toBe(2)
    const { error } = JSON.parse(err.join('')) as { error: object }
    expect(error).toMatchObject({ code: 'cli/usage', hint: expect.any(String) as string })
  })

  test('help and version are data and no failure', async () => {
    const help = await testCli(null).run('--help')
    expect(help.code).toBe(0)
    expect(help.out.join('\n')).toContain('Usage: weir')
    const version = await testCli(null).run('version', '--json')
    expect(JSON.parse(version.out[0] ?? '')).toMatchObject({ weir: expect.any(String) as string })
  })

  test('a cluster that does not answer is exit code 3', async () => {
    const { code, err } = await testCli(null).run('job', 'list')
    expect([code, err]).toEqual([3, ['error: nobody answers [rpc/unavailable]']])
  })

  test('errors are JSON too, with --json', async () => {
    const { code, err } = await testCli(null).run('job', 'list', '--json')
    expect(code).toBe(3)
    expect(JSON.parse(err[0] ?? '')).toMatchObject({ error: { code: 'rpc/unavailable' } })
  })
})

describe('weir job', () => {
  test('lists as a table, or as JSON', async () => {
    const cli = testCli({
      list: async () => [summary('RUNNING', { lastCheckpointId: checkpointId(3) })],
    })
    const { out } = await cli.run('job', 'list')
    expect(out[0]).toMatch(/^JOB +NAME +STATE +HEALTH +TASKS/)
    expect(out[1]).toMatch(
      /^7f3a00000000 +flights +RUNNING +HEALTHY +8\/8 +0 +3 +1970-01-01T00:00:00.000Z/,
    )
    const json = await cli.run('job', 'list', '-o', 'json')
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject({ jobs: [{ jobId: id, state: 'RUNNING' }] })
  })

  test('a job that has ended has no health, and its failure has its place', async () => {
    const failure = toFailure(
      new WeirError('job/user-code-failed', 'boom', { domain: 'user', location: 'job.ts:3' }),
    )
    const cli = testCli({
      list: async () => [summary('FAILED', { failure })],
      describe: async () => detail('FAILED', { failure }),
    })
    expect((await cli.run('job', 'list')).out[1]).toMatch(/^7f3a00000000 +flights +FAILED +- +8/)
    const { out } = await cli.run('job', 'describe', '7f3')
    expect(out).toContain('state        FAILED')
    expect(out).toContain('failure      boom (job.ts:3) [job/user-code-failed]')
  })

  test('an unknown job is exit code 4, an ambiguous id 5', async () => {
    const fails = (code: string) => async () => {
      throw new WeirError(code, 'no', { domain: 'user' })
    }
    expect(
      (await testCli({ describe: fails('job/not-found') }).run('job', 'describe', 'x')).code,
    ).toBe(4)
    expect(
      (await testCli({ describe: fails('job/ambiguous-id') }).run('job', 'describe', 'x')).code,
    ).toBe(5)
  })

  test('wait ends with the job, and says by its exit code how', async () => {
    const states: JobDetail[] = [detail('RUNNING'), detail('FINISHED')]
    const cli = testCli({ describe: async () => states.shift() ?? detail('FINISHED') })
    expect(await cli.run('job', 'wait', '7f3')).toMatchObject({ code: 0, out: [`${id} FINISHED`] })
    const failure = toFailure(
      new WeirError('job/user-code-failed', 'boom', { domain: 'user', location: 'job.ts:3' }),
    )
    const failed = testCli({ describe: async () => detail('FAILED', { failure }) })
    expect(await failed.run('job', 'wait', '7f3')).toMatchObject({
      code: 1,
      err: ['error: boom (job.ts:3) [job/user-code-failed]'],
    })
    const running = testCli({ describe: async () => detail('RUNNING') })
    expect((await running.run('job', 'wait', '7f3', '--timeout', '1ms')).code).toBe(6)
    expect((await running.run('job', 'wait', '7f3', '--timeout', 'soon')).code).toBe(2)
  })

  test.each(['rpc/unavailable', 'tls/handshake-failed'])(
    'wait outlives a JobManager that was there: %s',
    async (code) => {
      let asked = 0
      const cli = testCli({
        describe: async () => {
          asked += 1
          if (asked === 2) throw new WeirError(code, 'gone', { domain: 'external' })
          return detail(asked === 1 ? 'RUNNING' : 'FINISHED')
        },
      })
      expect(await cli.run('job', 'wait', '7f3')).toMatchObject({
        code: 0,
        out: [`${id} FINISHED`],
      })
      expect((await testCli(null).run('job', 'wait', '7f3')).code).toBe(3)
      const away = testCli({
        describe: async () => {
          throw new WeirError(code, 'gone', { domain: 'external' })
        },
      })
      expect((await away.run('job', 'describe', '7f3')).code).toBe(3)
    },
  )

  test('cancel waits for the end', async () => {
    const called: string[] = []
    const cli = testCli({
      describe: async () => detail(called.length === 0 ? 'RUNNING' : 'CANCELED'),
      cancel: async (job) => {
        called.push(job)
      },
    })
    expect(await cli.run('job', 'cancel', '7f3', '--json')).toMatchObject({
      code: 0,
      out: [JSON.stringify({ jobId: id, state: 'CANCELED' })],
    })
    expect(called).toEqual([id])
  })

  test('checkpoints are listed and triggered', async () => {
    const cli = testCli({
      checkpoints: async () => [completed],
      triggerCheckpoint: async () => completed,
    })
    expect((await cli.run('job', 'checkpoints', '7f3')).out[1]).toMatch(
      /3 +COMPLETED +periodic .* 34 ms +1.2 MB +8\/8 +\/data\/chk-3/,
    )
    expect(await cli.run('checkpoint', 'trigger', '7f3')).toMatchObject({
      out: ['/data/chk-3'],
      err: ['checkpoint 3 completed: 1.2 MB in 34 ms'],
    })
  })
})

describe('help', () => {
  test.each([
    [['job', 'describe'], 'weir job describe --help shows what there is'],
    [['run', '-p', '2'], 'weir run --help shows what there is'],
    [['-q', 'completion', 'tcsh'], 'weir completion --help shows what there is'],
    [['-o', 'xml'], 'weir --help shows what there is'],
  ])('%j: the hint names the help of that command', async (argv, hint) => {
    const { code, err } = await testCli(null).run(...argv)
    expect({ code, hint: err.at(-1) }).toEqual({ code: 2, hint: `hint: ${hint}` })
  })

  test('of a command says where the options of every command are', async () => {
    const every = 'Options of every command, such as -o json and --cluster: weir --help'
    expect((await testCli(null).run('job', 'list', '--help')).out).toContain(every)
    expect((await testCli(null).run('--help')).out).not.toContain(every)
  })
})
