import { WeirError } from '@weirjs/common/core/errors'
import type { JobEventView } from '@weirjs/common/job-client'
import { describe, expect, test } from 'vitest'
import { detail, summary } from '../samples.fixture.ts'
import { testCli } from '../test-cli.fixture.ts'

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

  // Longer than the silence that divides what was kept from what comes.
  const slowly = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 400))

  test('waits for a JobManager that is slow to answer', async () => {
    async function* slow(running: string, signal: AbortSignal): AsyncGenerator<JobEventView> {
      await slowly()
      yield* watch(running, signal)
    }
    const { out } = await testCli({ describe: async () => detail('RUNNING'), watch: slow }).run(
      'job',
      'logs',
      '7f3',
    )
    expect(out).toEqual(['one', 'two'])
  })

  test('reads all that a job printed that has ended, however slowly it comes', async () => {
    async function* ended(): AsyncGenerator<JobEventView> {
      yield { type: 'state', job: summary('FINISHED') }
      await slowly()
      yield* printed
    }
    const { out } = await testCli({ describe: async () => detail('FINISHED'), watch: ended }).run(
      'job',
      'logs',
      '7f3',
    )
    expect(out).toEqual(['one', 'two'])
  })

  test.each([
    ['one that ran', 'RUNNING', []],
    ['one that has ended', 'FINISHED', []],
    ['one that is followed', 'FINISHED', ['-f']],
  ] as const)(
    'prints what came of a job before the connection broke: %s',
    async (_, state, flags) => {
      async function* breaking(): AsyncGenerator<JobEventView> {
        yield { type: 'state', job: summary(state) }
        yield* printed
        throw new WeirError('rpc/failed', 'broke', { domain: 'internal' })
      }
      const ran = await testCli({ describe: async () => detail(state), watch: breaking }).run(
        'job',
        'logs',
        '7f3',
        ...flags,
      )
      expect(ran.out).toEqual(['one', 'two'])
      expect(ran.err.join('\n')).toContain('[rpc/failed]')
      expect(ran.code).toBe(1)
    },
  )

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
