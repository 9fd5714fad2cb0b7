import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { checkpointId } from '@weirjs/common/core/ids'
import type { ClusterView, JobClient, JobEventView, SubmitRequest } from '@weirjs/common/job-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { completed, id, summary } from '../samples.fixture.ts'
import { testCli } from '../test-cli.fixture.ts'

const events = (list: readonly JobEventView[]): JobClient['watch'] =>
  async function* watch() {
    yield* list
  }

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
    const yaml = await cli.run('run', '-d', write(JOB), '--count', '1', '-o', 'yaml')
    expect(yaml.out).toEqual([`jobId: ${id}`, 'name: small'])
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
    ['is being submitted', 'submit', []],
    ['is being submitted to go on alone', 'submit', ['--detach']],
    ['has been submitted', 'cluster', []],
  ] as const)('Ctrl-C while the job %s cancels it', async (_when, call, flags) => {
    const canceled: string[] = []
    const pressed = <T>(name: string, answer: T) => {
      return async (): Promise<T> => {
        if (name === call) cli.interrupt()
        return answer
      }
    }
    const cli = testCli({
      submit: pressed('submit', id),
      cluster: pressed('cluster', { restAddress: null } as ClusterView),
      cancel: async (job) => {
        canceled.push(job)
      },
      watch: events([{ type: 'state', job: summary('CANCELED') }]),
    })
    const run = await cli.run('run', ...flags, write(JOB), '--count', '1')
    expect(canceled).toEqual([id])
    expect(run.err).toContain(`canceling job ${id}; Ctrl-C again leaves without waiting`)
    expect(run.err.at(-1)).toBe(`error: job ${id} canceled [cli/interrupted]`)
    expect(run).toMatchObject({ code: 130, out: [] })
  })

  test('the second Ctrl-C leaves a submission that nobody answers', async () => {
    const cli = testCli({
      submit: () => {
        cli.interrupt()
        cli.interrupt()
        return new Promise(() => {})
      },
    })
    const run = await cli.run('run', write(JOB), '--count', '1')
    expect(run.err).toEqual([
      'canceling the job as soon as it is accepted; Ctrl-C again leaves without waiting',
      'error: left a job behind that may have been submitted [cli/interrupted]',
      'hint: `weir job list` shows it then',
    ])
    expect(run.code).toBe(130)
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

  test('settings come from the environment unless the code says otherwise, and from flags over both', async () => {
    const env = {
      WEIR_EXECUTION_CHECKPOINTING_INTERVAL: '2s',
      WEIR_EXECUTION_CHECKPOINTING_TIMEOUT: '3s',
      WEIR_PARALLELISM_DEFAULT: '4',
    }
    const cli = testCli(null, process.cwd(), env)
    const text = JOB.replace('args:', "checkpoint: { timeout: '5s' }, args:")
    const file = write(text)
    const settings = async (...argv: string[]): Promise<unknown> => {
      const { out } = await cli.run('plan', file, '--count', '1', '--json', ...argv)
      return (JSON.parse(out[0] ?? '') as { settings: unknown }).settings
    }
    expect(await settings()).toMatchObject({
      parallelism: 4,
      checkpoint: { intervalMs: 2_000, timeoutMs: 5_000, retained: 3 },
    })
    expect(await settings('-p', '2', '-D', 'execution.checkpointing.timeout=7s')).toMatchObject({
      parallelism: 2,
      checkpoint: { intervalMs: 2_000, timeoutMs: 7_000 },
    })
  })

  test('dev refuses a parallelism that no process has the slots for', async () => {
    const { code, err } = await testCli(null).run('dev', write(JOB), '-p', '2000', '--count', '1')
    expect({ code, err }).toEqual({
      code: 2,
      err: [
        'error: parallelism 2000 needs as many slots, and weir dev has at most 1024 [cli/usage]',
        'hint: say -p 1024 or less, or run it on a cluster with `weir run`',
      ],
    })
  })

  test.each([
    ['wide', /^STEP +NAME +KIND +PARALLELISM .*\nnumbers +numbers +source-reader /],
    ['name', /^numbers\nnumbers:splits\nmap:2\nout$/],
    ['yaml', /^graph:\n(?: .*\n)+settings:\n/],
  ])('plan -o %s', async (form, expected) => {
    const { out } = await testCli(null).run('plan', write(JOB), '--count', '1', '-o', form)
    expect(out.join('\n')).toMatch(expected)
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
