import { describe, expect, it } from 'vitest'
import { DEFAULT_JOB_SETTINGS } from '../core/graph/logical-graph.ts'
import { loadConfig, loadJobConfig } from './config.ts'
import {
  checkJobDefines,
  defaultJobSettings,
  type JobCodeSettings,
  jobDefaultsOf,
  keptFromJobs,
  jobSettingsFrom,
} from './job-settings.ts'

describe('the settings of a job', () => {
  it('are the documented defaults when nobody says anything', () => {
    expect(defaultJobSettings(loadConfig({}))).toEqual(DEFAULT_JOB_SETTINGS)
  })

  it('come from the configuration, then the code, then -D', () => {
    const config = loadConfig({
      defines: [
        'parallelism.default=2',
        'execution.checkpointing.interval=1s',
        'execution.checkpointing.timeout=9s',
      ],
    })
    const code = { parallelism: 3, checkpoint: { intervalMs: 2_000 }, chaining: false }
    const settings = jobSettingsFrom(config, code, [
      'parallelism.default=4',
      'execution.buffer-timeout=off',
    ])
    expect(settings).toMatchObject({
      parallelism: 4,
      chaining: false,
      bufferTimeoutMs: null,
      maxParallelism: null,
    })
    expect(settings.checkpoint).toMatchObject({
      intervalMs: 2_000,
      timeoutMs: 9_000,
      mode: 'exactly-once',
    })
  })

  it('rest on what the cluster says of jobs, and of nothing else', () => {
    const yaml = ['parallelism.default=2', 'pipeline.operator-chaining=false', 'user.a=1']
    const task = ['exchange.frame-bytes=1500', 'exchange.credit-bytes=0.5mb']
    const others = ['heartbeat.interval=2s', 'user.db.password=canary']
    const ofCluster = loadConfig({ defines: [...yaml, ...task, ...others] })
    const cluster = jobDefaultsOf(ofCluster)
    const origin = 'cluster: flag -D'
    expect(cluster).toEqual([
      { key: 'parallelism.default', text: '2', origin },
      { key: 'pipeline.operator-chaining.enabled', text: 'false', origin },
      { key: 'user.a', text: '1', origin },
      { key: 'exchange.frame-bytes', text: '1500', origin },
      { key: 'exchange.credit-bytes', text: '0.5mb', origin },
    ])
    expect(keptFromJobs(ofCluster)).toEqual(['user.db.password'])
    const project = [{ key: 'parallelism.default', text: '3', origin: 'file weir.config.ts' }]
    const config = loadJobConfig({ cluster, project })
    expect(config.origins).toMatchObject({
      'parallelism.default': 'file weir.config.ts',
      'exchange.frame-bytes': origin,
    })
    expect(defaultJobSettings(config)).toMatchObject({
      parallelism: 3,
      chaining: false,
      config: { 'user.a': '1', 'exchange.frame-bytes': '1500', 'exchange.credit-bytes': '524288' },
    })
  })

  it('may switch off in code what the configuration switches on', () => {
    const settings = jobSettingsFrom(
      loadConfig({}),
      { checkpoint: { intervalMs: null }, bufferTimeoutMs: null },
      [],
    )
    expect(settings.checkpoint.intervalMs).toBeNull()
    expect(settings.bufferTimeoutMs).toBeNull()
  })

  it('take a restart strategy whole, and change parts of it', () => {
    const code = { restart: { strategy: 'fixed-delay', attempts: 5, delayMs: 10 } } as const
    const of = (defines: readonly string[]) =>
      jobSettingsFrom(loadConfig({}), code, defines).restart
    expect(of([])).toEqual(code.restart)
    expect(of(['restart-strategy.fixed-delay.attempts=7'])).toEqual({
      ...code.restart,
      attempts: 7,
    })
    expect(of(['restart-strategy.type=none'])).toEqual({ strategy: 'none' })
    expect(of(['restart-strategy.failure-rate.delay=3s'])).toMatchObject({
      strategy: 'failure-rate',
      delayMs: 3_000,
    })
  })

  const ATTEMPTS = 'restart-strategy.fixed-delay.attempts'
  const RATE = 'restart-strategy.failure-rate.delay'
  const said = (origin: string, key: string, text: string) => [{ key, text, origin }]
  const cluster = said('cluster: flag -D', RATE, '1s')
  const project = said('file weir.config.ts', ATTEMPTS, '5')
  const env = { WEIR_RESTART_STRATEGY_FAILURE_RATE_DELAY: '2s' }
  const inCode = { config: { [ATTEMPTS]: '6' } }
  const whole = { restart: { strategy: 'failure-rate', failuresMax: 2, windowMs: 9, delayMs: 3 } }
  const fixed = (attempts: number) => ({ strategy: 'fixed-delay', attempts })
  const rate = (delayMs: number) => ({ strategy: 'failure-rate', delayMs })

  it.each([
    ['the cluster', { cluster }, {}, [], rate(1_000)],
    ['the project over it', { cluster, project }, {}, [], fixed(5)],
    ['the environment over that', { cluster, project, env }, {}, [], rate(2_000)],
    ['the code over that', { env }, inCode, [], fixed(6)],
    ['the code in its own words', { project }, whole as JobCodeSettings, [], rate(3)],
    ['a flag over all', { project }, whole as JobCodeSettings, [`${ATTEMPTS}=7`], fixed(7)],
    [
      'a type',
      { project, env: { WEIR_RESTART_STRATEGY_TYPE: 'none' } },
      {},
      [],
      { strategy: 'none' },
    ],
    [
      'an alias of it',
      { project },
      {},
      ['restart-strategy=exponential-delay'],
      { strategy: 'exponential-delay' },
    ],
    [
      'a type beside parts of two',
      {},
      {},
      ['restart-strategy=failure-rate', `${RATE}=4s`, `${ATTEMPTS}=1`],
      rate(4_000),
    ],
  ])('restart by the strategy that is meant by %s', (_who, sources, code, defines, restart) => {
    const settings = jobSettingsFrom(loadJobConfig(sources), code, defines)
    expect(settings.restart).toMatchObject(restart)
  })

  it('know by what a strategy is meant, and refuse a source that means two', () => {
    expect(loadJobConfig({ project }).origins['restart-strategy.type']).toBe(
      `file weir.config.ts, by ${ATTEMPTS}`,
    )
    const two = [`${RATE}=1s`, `${ATTEMPTS}=1`]
    const refused = expect.objectContaining({ code: 'config/bad-value' })
    expect(() => loadConfig({ defines: two })).toThrow(refused)
    expect(() => jobSettingsFrom(loadConfig({}), {}, two)).toThrow(
      `${RATE} (flag -D) and ${ATTEMPTS} (flag -D) are of two strategies`,
    )
  })

  it('carry to the workers what concerns them, as plain numbers, and what is the job’s own', () => {
    const config = loadConfig({ defines: ['exchange.frame-bytes=16kb', 'user.a=1', 'user.b=2'] })
    const settings = jobSettingsFrom(config, { config: { 'user.b': '3' } }, [
      'exchange.credit-bytes=64kb',
      'user.c=4',
    ])
    expect(settings.config).toEqual({
      'exchange.frame-bytes': '16384',
      'exchange.credit-bytes': '65536',
      'user.a': '1',
      'user.b': '3',
      'user.c': '4',
    })
  })

  it.each([
    [
      'parallelism.default=8',
      { maxParallelism: 4 },
      /max-parallelism \(the job's code\).*parallelism\.default \(flag\)/,
    ],
    [
      'exchange.frame-bytes=128kb',
      { config: { 'exchange.credit-bytes': '64kb' } },
      /credit-bytes \(the job's code\) must be at least exchange\.frame-bytes \(flag\)/,
    ],
    [
      'restart-strategy.exponential-delay.max-backoff=10ms',
      {},
      /max-backoff \(flag\) must be at least .*initial-backoff \(default\)/,
    ],
  ])('that contradict each other are refused with both names: -D %s', (define, code, message) => {
    expect(() => jobSettingsFrom(loadConfig({}), code, [define])).toThrow(message)
  })

  it('refuse what concerns the cluster, and what nobody knows, in code and flags', () => {
    const config = loadConfig({})
    expect(() => jobSettingsFrom(config, {}, ['heartbeat.interval=1s'])).toThrow(
      expect.objectContaining({ code: 'config/not-a-job-setting' }),
    )
    expect(() => jobSettingsFrom(config, { config: { 'exchange.frame-byte': '1' } }, [])).toThrow(
      "(the job's code)",
    )
    expect(() => jobSettingsFrom(config, {}, ['parallelism.default=0'])).toThrow(
      'a whole number from 1',
    )
  })

  it('refuse what is named like a secret, whoever says it, and do not repeat it', () => {
    const key = 'user.db.password'
    const ours = [{ key, text: 'canary', origin: 'file weir.config.ts' }]
    const sayings = [
      ['flag -D', () => jobSettingsFrom(loadConfig({}), {}, [`${key}=canary`])],
      ['flag -D', () => checkJobDefines([`${key}=canary`])],
      [
        "the job's code",
        () => jobSettingsFrom(loadConfig({}), { config: { [key]: 'canary' } }, []),
      ],
      ['file weir.config.ts', () => jobSettingsFrom(loadJobConfig({ project: ours }), {}, [])],
    ] as const
    for (const [origin, say] of sayings)
      expect(say).toThrow(
        expect.objectContaining({
          code: 'config/secret-setting',
          domain: 'user',
          message: `${key} (${origin}) is named like a secret, and settings of a job stand in its log as they are`,
          hint: "Name it in the job, env.secret('db.password'), and give it to the TaskManagers: WEIR_SECRET_DB_PASSWORD, WEIR_SECRET_DB_PASSWORD_FILE, or a file in taskmanager.secrets.directory.",
        }),
      )
  })
})
