import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { checkpointId, jobId } from '@weirjs/common/core/ids'
import type {
  CheckpointView,
  JobClient,
  JobDetail,
  JobEventView,
  JobSummary,
  SubmitRequest,
} from '@weirjs/common/job-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { testCli } from './test-cli.ts'

const id = jobId('7f3a'.padEnd(32, '0'))

function summary(state: JobSummary['state'], more: Partial<JobSummary> = {}): JobSummary {
  return {
    jobId: id,
    name: 'flights',
    state,
    health: 'HEALTHY',
    submittedAtMs: 0,
    endedAtMs: null,
    attempt: 1,
    restarts: 0,
    tasks: { total: 8, running: 8 },
    lastCheckpointId: null,
    failure: null,
    ...more,
  }
}

const detail = (state: JobSummary['state'], more: Partial<JobSummary> = {}): JobDetail => ({
  ...summary(state, more),
  plan: { jobName: 'flights', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
  settings: DEFAULT_JOB_SETTINGS,
  taskViews: [],
  attempts: [],
})

const completed: CheckpointView = {
  checkpointId: checkpointId(3),
  state: 'COMPLETED',
  kind: 'periodic',
  triggeredAtMs: 1_000,
  endedAtMs: 1_034,
  stateBytes: 1_234_567,
  acknowledged: 8,
  total: 8,
  stallMsMax: 1,
  path: '/data/chk-3',
  failure: null,
}

const events = (list: readonly JobEventView[]): JobClient['watch'] =>
  async function* watch() {
    yield* list
  }

describe('usage', () => {
  test.each([
    [['jop', 'list'], /unknown command 'jop'.*Did you mean job/s],
    [['job', 'lst'], /Did you mean list/],
    [['job', 'list', '--jsno'], /unknown option '--jsno'/],
    [['job', 'describe'], /missing required argument 'job'/],
    [['run'], /missing required argument/],
    [['run', '--input', 'x'], /the job file comes before/],
  ])('exits with 2 and says what is wrong: weir %j', async (argv, message) => {
    const { code, err, out } = await testCli({}).run(...argv)
    expect(code).toBe(2)
    expect(err.join('\n')).toMatch(message)
    expect(out).toEqual([])
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

describe('with a job file', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'weir-cli-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const JOB = `
    import { int, job } from 'weirjs'
    import { fromItems } from '@weirjs/connectors/memory/from-items'
    import { discard } from '@weirjs/connectors/print/print'
    export default job('small', { args: { count: int() } }, (env, args) => {
      env.from(fromItems(int(), [args.count]), { uid: 'numbers' }).map((n) => n + 1, int()).to(discard(), { uid: 'out' })
    })`

  function write(text: string): string {
    const file = join(directory, 'job.ts')
    writeFileSync(file, text)
    return file
  }

  test('run submits what the flags say and follows to the end', async () => {
    const submits: SubmitRequest[] = []
    const failure = toFailure(
      new WeirError('worker/lost', 'a worker is gone', { domain: 'external' }),
    )
    const cli = testCli({
      submit: async (request) => {
        submits.push(request)
        return id
      },
      watch: events([
        { type: 'state', job: summary('RUNNING') },
        { type: 'output', stream: 'print', text: 'hello' },
        { type: 'checkpoint', checkpoint: completed },
        { type: 'failure', failure, willRestart: true, delayMs: 0 },
        { type: 'restored', checkpointId: checkpointId(3), attempt: 2 },
        { type: 'state', job: summary('FINISHED', { endedAtMs: 2_500 }) },
      ]),
    })
    const run = await cli.run(
      'run',
      write(JOB),
      '--count',
      '7',
      '-p',
      '3',
      '-D',
      'execution.checkpointing.interval=1s',
    )
    expect(run).toMatchObject({ code: 0, out: ['hello'] })
    expect(run.err).toEqual([
      `job ${id} (small) submitted`,
      'RUNNING  8 tasks',
      'checkpoint 3 completed: 1.2 MB in 34 ms',
      'error: a worker is gone [worker/lost]',
      'restarting in 0 ms',
      'restored from checkpoint 3 (attempt 2)',
      'FINISHED',
      'done in 2.5 s',
    ])
    expect(submits[0]).toMatchObject({
      args: { count: 7 },
      settings: { parallelism: 3, checkpoint: { intervalMs: 1_000 } },
      restoreFrom: null,
    })
  })

  test('arguments of the job may have any name that a flag of ours has not', async () => {
    const submits: SubmitRequest[] = []
    const cli = testCli({
      submit: async (request) => {
        submits.push(request)
        return id
      },
    })
    const text = JOB.replace('count: int()', 'count: int(), output: int(), name: int()')
    const file = write(text)
    const argv = ['--count', '1', '--output', '2', '--json', '--', '--name', '3']
    expect((await cli.run('run', '-d', file, ...argv)).code).toBe(0)
    expect(submits[0]?.args).toEqual({ count: 1, output: 2, name: 3 })
  })

  test('run --detach prints the id and leaves', async () => {
    const cli = testCli({ submit: async () => id })
    expect(await cli.run('run', '--detach', write(JOB), '--count', '1')).toMatchObject({
      code: 0,
      out: [id],
      err: [],
    })
  })

  test('a job that fails is exit code 1 with its error, also as JSON', async () => {
    const failure = toFailure(
      new WeirError('job/user-code-failed', 'boom', { domain: 'user', location: 'job.ts:3' }),
    )
    const cli = testCli({
      submit: async () => id,
      watch: events([{ type: 'state', job: summary('FAILED', { failure }) }]),
    })
    const run = await cli.run('run', write(JOB), '--count', '1')
    expect(run.code).toBe(1)
    expect(run.err.at(-1)).toBe('error: boom (job.ts:3) [job/user-code-failed]')
    const json = await cli.run('run', write(JOB), '--count', '1', '--json')
    expect(JSON.parse(json.out.at(-1) ?? '')).toMatchObject({
      type: 'result',
      state: 'FAILED',
      failure: { code: 'job/user-code-failed' },
    })
  })

  test('the first Ctrl-C cancels the job and says so', async () => {
    const canceled: string[] = []
    let go = (): void => {}
    const cli = testCli({
      submit: async () => id,
      cancel: async (job) => {
        canceled.push(job)
        go()
      },
      watch: async function* () {
        yield { type: 'state', job: summary('RUNNING') }
        const done = new Promise<void>((resolve) => {
          go = resolve
        })
        cli.interrupt()
        await done
        yield { type: 'state', job: summary('CANCELED') }
      },
    })
    const run = await cli.run('run', write(JOB), '--count', '1')
    expect(run.code).toBe(130)
    expect(canceled).toEqual([id])
    expect(run.err).toContain(`canceling job ${id}; Ctrl-C again leaves without waiting`)
  })

  test.each([
    ['missing argument', JOB, [], 2, /argument --count is missing/],
    ['unknown argument', JOB, ['--count', '1', '--cuont', '2'], 2, /no argument --cuont/],
    [
      'mistyped flag of ours',
      JOB,
      ['--count', '1', '--paralelism', '2'],
      2,
      /Did you mean "--parallelism"/,
    ],
    [
      'unknown key',
      JOB,
      ['--count', '1', '-D', 'execution.checkpointing.intervall=1s'],
      2,
      /Did you mean/,
    ],
    ['wrong value', JOB, ['--count', 'x'], 2, /--count/],
    [
      'module that throws',
      'throw new Error("at load")',
      [],
      1,
      /at load \(.*job\.ts:1:7\) \[job\/load-failed\]/,
    ],
    ['no job', 'export const x = 1', [], 1, /exports no job/],
    [
      'package that is not there',
      "\nimport x from 'not-there'\nexport default x",
      [],
      1,
      /"not-there" is not installed \(.*job\.ts:2\)/,
    ],
    [
      'module that is not there',
      "import x from 'weirjs/fils'\nexport default x",
      [],
      1,
      /no module "weirjs\/fils" \(.*job\.ts:1\)[^]*Did you mean "weirjs\/files"/,
    ],
    [
      'export that is not there',
      "import { generatr } from 'weirjs'\nexport default generatr",
      [],
      1,
      /"weirjs" has no export "generatr" \(.*job\.ts:1\)[^]*Did you mean "generator"/,
    ],
    ['syntax error', 'const = 1', [], 1, /job\.ts:1:7/],
  ])('refuses before anything is submitted: %s', async (_name, text, argv, code, message) => {
    const run = await testCli({}).run('run', write(text), ...argv)
    expect(run.err.join('\n')).toMatch(message)
    expect(run.code).toBe(code)
  })

  test('a job that was canceled tells how to go on', async () => {
    const canceled = summary('CANCELED', { lastCheckpointId: checkpointId(3) })
    const cli = testCli({
      submit: async () => id,
      watch: events([{ type: 'state', job: canceled }]),
      checkpoints: async () => [{ ...completed, path: null }, completed],
    })
    const run = await cli.run('run', write(JOB), '--count', '1')
    expect(run.err).toContain('to go on from checkpoint 3: -s /data/chk-3')
  })

  test('-s is resolved when it leads somewhere from here, else left to the JobManager', async () => {
    const submits: SubmitRequest[] = []
    const submit = async (request: SubmitRequest): Promise<typeof id> => {
      submits.push(request)
      return id
    }
    const file = write(JOB)
    const cli = testCli({ submit }, dirname(file))
    for (const from of [`./${basename(file)}`, 'chk-3', 'gone/chk-3'])
      await cli.run('run', '-d', file, '--count', '1', '-s', from)
    expect(submits.map((one) => one.restoreFrom)).toEqual([file, 'chk-3', 'gone/chk-3'])
  })

  test('help for a job file tells what the job takes', async () => {
    const help = await testCli(null).run('run', write(JOB), '--help')
    expect(help.code).toBe(0)
    expect(help.out.at(-1)).toBe('  --count <int>  (required)')
  })

  test('plan prints the graph and submits nothing', async () => {
    const cli = testCli(null)
    const file = write(JOB)
    const plain = await cli.run('plan', file, '--count', '1')
    expect(plain.out[0]).toMatch(/^STEP +KIND +PARALLELISM/)
    const json = await cli.run('plan', file, '--count', '1', '--json')
    expect(JSON.parse(json.out[0] ?? '')).toMatchObject({
      graph: { name: 'small' },
      args: { count: 1 },
    })
    const mermaid = await cli.run('plan', file, '--count', '1', '--mermaid')
    expect(mermaid.out[0]).toBe('flowchart LR')
  })
})
