import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { WeirError } from '../core/errors.ts'
import { type Config, type ConfigSources, KEY_NAMES, loadConfig, parseSetting } from './config.ts'
import { CONFIG_KEYS, type ConfigKey } from './config-keys.ts'
import { isSecretName, shownDefine, shownValue } from '../core/secret-names.ts'
import { envNameOf } from './config-sources.ts'
import { writtenAs } from './config-values.ts'

const directory = mkdtempSync(join(tmpdir(), 'weir-config-'))
afterAll(() => rmSync(directory, { recursive: true }))
let files = 0

function file(text: string): string {
  const path = join(directory, `weir-${files++}.yaml`)
  writeFileSync(path, text)
  return path
}
const load = (yaml: string, more: ConfigSources = {}): Config =>
  loadConfig({ file: file(yaml), ...more })

function thrownBy(run: () => unknown): WeirError {
  try {
    run()
  } catch (error) {
    if (error instanceof WeirError) return error
  }
  throw new Error('no WeirError was thrown')
}

describe('configuration', () => {
  it('has a default for every key, and is frozen', () => {
    const config = loadConfig({})
    expect(config.values['jobmanager.rpc.port']).toBe(6123)
    expect(config.values['execution.checkpointing.interval']).toBe(10_000)
    expect(Object.values(config.origins).every((origin) => origin === 'default')).toBe(true)
    expect(Object.isFrozen(config) && Object.isFrozen(config.values)).toBe(true)
  })

  it('takes each value from its strongest source, and knows which', () => {
    const env = { WEIR_HEARTBEAT_INTERVAL: '300ms', WEIR_REST_PORT: '82' }
    const config = load(
      'heartbeat.interval: 200ms\nlog.level: warn\nrest.port: 81\nparallelism.default: 2\n',
      {
        env,
        defines: ['rest.port=83', 'parallelism.default=3'],
        flags: { 'parallelism.default': '4' },
      },
    )
    expect(config.values['log.level']).toBe('warn')
    expect(config.origins['log.level']).toMatch(/^file .*weir-\d+\.yaml:2$/)
    expect(config.values['heartbeat.interval']).toBe(300)
    expect(config.origins['heartbeat.interval']).toBe('environment WEIR_HEARTBEAT_INTERVAL')
    expect(config.values['rest.port']).toBe(83)
    expect(config.origins['rest.port']).toBe('flag -D')
    expect(config.values['parallelism.default']).toBe(4)
  })

  it('reads nested and dotted keys alike, and values of any plain kind', () => {
    const config = load(
      `
taskmanager:
  numberOfTaskSlots: 4
  data.port-range: 50100-50110
  job-environment: [HOME, LANG]
  memory:
    job-process-heap: 512mb
  job-process.user: 20000:30000
execution.checkpointing: { interval: off, mode: AT_LEAST_ONCE, min-pause: 1.5s }
user.greeting: "\${NAME:-nobody}, hello \${WHO}"
`,
      { env: { WHO: 'world' } },
    )
    expect(config.values['taskmanager.numberOfTaskSlots']).toBe(4)
    expect(config.values['taskmanager.data.port-range']).toEqual({ first: 50_100, last: 50_110 })
    expect(config.values['taskmanager.job-environment']).toEqual(['HOME', 'LANG'])
    expect(config.values['taskmanager.job-process.user']).toEqual({ uid: 20_000, gid: 30_000 })
    expect(config.values['taskmanager.memory.job-process-heap']).toBe(512 * 1_024 ** 2)
    expect(config.values['execution.checkpointing.interval']).toBeNull()
    expect(config.values['execution.checkpointing.mode']).toBe('at-least-once')
    expect(config.values['execution.checkpointing.min-pause']).toBe(1_500)
    expect(config.user['user.greeting']).toBe('nobody, hello world')
  })

  it('accepts an empty file', () => {
    expect(load('').values).toEqual(loadConfig({}).values)
    expect(load('# nothing\n').values).toEqual(loadConfig({}).values)
  })

  it('reads a secret from a file that the environment names', () => {
    const config = loadConfig({ env: { WEIR_JOBMANAGER_RPC_ADDRESS_FILE: file('10.0.0.7\n') } })
    expect(config.values['jobmanager.rpc.address']).toBe('10.0.0.7')
  })

  it('has an environment name of its own for each key', () => {
    expect(new Set(KEY_NAMES.map(envNameOf)).size).toBe(KEY_NAMES.length)
    expect(envNameOf('taskmanager.numberOfTaskSlots')).toBe('WEIR_TASKMANAGER_NUMBEROFTASKSLOTS')
  })

  it('does not mind variables that are not configuration, or that an orchestrator injects', () => {
    const env = {
      WEIR_RUNTIME_ROOT: '/x',
      HEARTBEAT: '1',
      WEIR_JOBMANAGER_SERVICE_HOST: '10.0.0.1',
      WEIR_JOBMANAGER_PORT: 'tcp://10.0.0.1:6123',
      WEIR_JOBMANAGER_PORT_6123_TCP_ADDR: '10.0.0.1',
    }
    expect(() => loadConfig({ env })).not.toThrow()
  })

  it('takes no token from the environment, and says where from', () => {
    expect(() => loadConfig({ env: { WEIR_TOKEN: 'secret' } })).toThrow(
      expect.objectContaining({
        code: 'config/token-in-environment',
        message: expect.not.stringContaining('secret'),
        hint: expect.stringContaining('WEIR_TOKEN_FILE'),
      }),
    )
  })

  it('understands the other names of a key', () => {
    const config = loadConfig({
      defines: ['execution.buffer-timeout=off', 'pipeline.operator-chaining=false'],
    })
    expect(config.values['execution.buffer-timeout.interval']).toBeNull()
    expect(config.values['pipeline.operator-chaining.enabled']).toBe(false)
  })

  it('says in one sentence what each key means', () => {
    expect(KEY_NAMES.every((key) => CONFIG_KEYS[key].about.endsWith('.'))).toBe(true)
  })

  it('writes values as they may be written', () => {
    const { values } = loadConfig({
      defines: ['taskmanager.data.port-range=50100-50110', 'execution.checkpointing.interval=off'],
    })
    const written = (key: ConfigKey): string => writtenAs(CONFIG_KEYS[key].schema, values[key])
    expect(written('taskmanager.data.port-range')).toBe('50100-50110')
    expect(written('execution.checkpointing.interval')).toBe('off')
    expect(written('heartbeat.timeout')).toBe('10s')
    expect(written('exchange.credit-bytes')).toBe('128kb')
    // What is written is understood again.
    for (const key of KEY_NAMES.filter((one) => written(one) !== '')) {
      const setting = { key, text: written(key), origin: 'here' }
      expect(parseSetting(key, setting)).toEqual(values[key])
    }
  })

  it('takes what the project says before the file and after the environment', () => {
    const project = [{ key: 'log.level', text: 'error', origin: 'file weir.config.ts' }]
    expect(load('log.level: warn\n', { project }).values['log.level']).toBe('error')
    const env = { WEIR_LOG_LEVEL: 'debug' }
    expect(loadConfig({ project, env }).values['log.level']).toBe('debug')
  })

  it.each([
    ['user.db.password', true],
    ['user.apiKey', true],
    ['user.kafka.sasl.secret', true],
    ['apiToken', true],
    ['user.DBPassword', true],
    ['user.APIToken', true],
    ['user.JWTSecret', true],
    ['user.myAPIKey', true],
    ['user.TOKEN', true],
    ['user.TOKENIZER', false],
    ['security.token-file', false],
    ['user.tokenizer', false],
    ['user.key', false],
    ['keyBy', false],
  ])('knows whether %s is a secret by its name: %s', (name, secret) => {
    expect(isSecretName(name)).toBe(secret)
    expect(shownValue(name, 'canary') === 'canary').toBe(!secret)
    expect(shownDefine(`${name}=canary=2`)).toBe(`${name}=${secret ? '******' : 'canary=2'}`)
    expect(shownDefine(name)).toBe(name)
  })
})

describe('wrong configuration', () => {
  it.each([
    [
      'heartbeat.intervall: 1s',
      'config/unknown-key',
      'heartbeat.intervall',
      'Did you mean "heartbeat.interval"?',
    ],
    ['made.up: 1', 'config/unknown-key', 'made.up', 'user.'],
    ['heartbeat.interval: soon', 'config/bad-value', 'must be a duration', undefined],
    ['rest.port: 70000', 'config/bad-value', 'a whole number from 0 to 65535', undefined],
    ['taskmanager.memory.job-process-heap: 1kb', 'config/bad-value', 'a size from 32mb', undefined],
    ['execution.checkpointing.interval: 5ms', 'config/bad-value', 'or "off"', undefined],
    ['log.level: loud', 'config/bad-value', 'one of debug, info, warn, error', undefined],
    ['taskmanager.data.port-range: 9-3', 'config/bad-value', 'a port, or a range', undefined],
    ['rest.port:', 'config/bad-file', 'rest.port has no value', undefined],
    ['- a\n- b', 'config/bad-file', 'must hold keys and values', undefined],
    ['a: [', 'config/bad-file', 'weir-', undefined],
    ['rest.port: 1\nrest.port: 2', 'config/bad-file', 'unique', undefined],
    ['user.x: ${NOT_THERE}', 'config/bad-file', 'NOT_THERE', undefined],
    [
      'heartbeat.timeout: 1s',
      'config/bad-value',
      'at least twice heartbeat.interval (default)',
      undefined,
    ],
    [
      'exchange.frame-bytes: 64kb\nexchange.credit-bytes: 32kb',
      'config/bad-value',
      'exchange.credit-bytes',
      undefined,
    ],
    [
      'taskmanager.output.file-size: 200mb',
      'config/bad-value',
      'at least twice taskmanager.output.file-size',
      undefined,
    ],
    ['rest.port: 6123', 'config/bad-value', 'another port than jobmanager.rpc.port', undefined],
    [
      'jobmanager.execution.deploy-timeout: 5s',
      'config/bad-value',
      'at least heartbeat.timeout (default)',
      undefined,
    ],
    [
      'parallelism.default: 8\npipeline.max-parallelism: 4',
      'config/bad-value',
      'pipeline.max-parallelism',
      undefined,
    ],
    [
      'taskmanager.memory.job-process-max: 100mb',
      'config/bad-value',
      'a size from 208mb',
      undefined,
    ],
    [
      'taskmanager.numberOfTaskSlots: 4\ntaskmanager.memory.job-process-max: 400mb',
      'config/bad-value',
      'at least 448mb, for 4 slots of taskmanager.memory.job-process-heap (default)',
      undefined,
    ],
    [
      'taskmanager.memory.job-process-heap: 1gb\ntaskmanager.memory.job-process-max: 1gb',
      'config/bad-value',
      'at least 1200mb, for 1 slots of',
      undefined,
    ],
    ['taskmanager.data.port-range: 6100-6200', 'config/bad-value', 'outside of', undefined],
    [
      'taskmanager.data.port-range: 50000-50001\ntaskmanager.numberOfTaskSlots: 3',
      'config/bad-value',
      'a port for each',
      undefined,
    ],
  ])('%j is refused: %s', (yaml, code, words, hint) => {
    const error = thrownBy(() => load(yaml))
    expect(error.code).toBe(code)
    expect(error.message).toContain(words)
    expect(error.hint ?? '').toContain(hint ?? '')
  })

  it.each([
    ['jobmanager', 'health.port: 8081', 'another port than rest.port (default)'],
    ['jobmanager', 'health.port: 6123', 'another port than jobmanager.rpc.port (default)'],
    ['taskmanager', 'health.port: 6122', 'another port than taskmanager.rpc.port (default)'],
    [
      'taskmanager',
      'health.port: 50100\ntaskmanager.data.port-range: 50100-50200',
      'outside of taskmanager.data.port-range',
    ],
  ] as const)(
    'refuses ports that are one, for the process that has both: a %s',
    (role, yaml, says) => {
      const code = 'config/bad-value'
      const message = expect.stringContaining(says) as string
      expect(() => load(yaml, { role })).toThrow(expect.objectContaining({ code, message }))
      expect(() => load(yaml)).not.toThrow()
      const other = role === 'jobmanager' ? 'taskmanager' : 'jobmanager'
      expect(() => load(yaml, { role: other })).not.toThrow()
    },
  )

  it.each([
    ['taskmanager.memory.job-process-max: 3gb', 'job-process-max is 3072mb (file '],
    [
      'taskmanager.memory.job-process-heap: 1gb\ntaskmanager.numberOfTaskSlots: 2',
      'job-process-heap is 1024mb (file ',
    ],
  ])('refuses memory that the container does not have: %j', (yaml, says) => {
    const memoryLimitBytes = 2 * 1_024 ** 3
    const error = thrownBy(() => load(yaml, { memoryLimitBytes }))
    expect(error.code).toBe('config/bad-value')
    expect(error.message).toContain(says)
    expect(error.message).toContain('may use 2048mb in all')
    expect(error.hint).toContain('"auto"')
    for (const roomy of [null, 4 * 1_024 ** 3])
      expect(() => load(yaml, { memoryLimitBytes: roomy })).not.toThrow()
    expect(() => load('log.level: info', { memoryLimitBytes: 1 })).not.toThrow()
  })

  it('names the line of the file', () => {
    expect(() => load('rest.port: 1\n\nheartbeat:\n  interval: soon\n')).toThrow(/weir-\d+\.yaml:4/)
  })

  it('names the flag or variable', () => {
    expect(() => loadConfig({ defines: ['rest.port=x'] })).toThrow('(flag -D)')
    expect(() => loadConfig({ env: { WEIR_REST_PORT: 'x' } })).toThrow(
      '(environment WEIR_REST_PORT)',
    )
    expect(() => loadConfig({ defines: ['rest.port'] })).toThrow('-D wants key=value')
  })

  it('suggests the right variable', () => {
    expect(() => loadConfig({ env: { WEIR_HEARTBEAT_INTERVALL: '1s' } })).toThrow(
      expect.objectContaining({
        hint: 'Did you mean WEIR_HEARTBEAT_INTERVAL, for "heartbeat.interval"?',
      }),
    )
  })

  it('passes over no variable that is nearly one of ours', () => {
    expect(() => loadConfig({ env: { WEIR_PARALELISM_DEFAULT: '4' } })).toThrow(
      expect.objectContaining({
        code: 'config/unknown-key',
        hint: 'Did you mean WEIR_PARALLELISM_DEFAULT, for "parallelism.default"?',
      }),
    )
    expect(() => loadConfig({ env: { WEIR_HARTBEAT_INTERVAL: '1s' } })).toThrow(
      'there is no setting for environment WEIR_HARTBEAT_INTERVAL',
    )
    expect(() => loadConfig({ env: { WEIR_USER_DB_PASSWORD: 'x' } })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('-D user.key=value') as string }),
    )
    const others = { WEIR_CLUSTER: 'c', WEIR_TOKEN_FILE: 'f', WEIR_SEED: '1', WEIR_PORT: '6123' }
    expect(loadConfig({ env: others }).origins['jobmanager.rpc.port']).toBe('default')
  })

  it('refuses a value given twice, and a secret or file that cannot be read', () => {
    const env = { WEIR_REST_PORT: '1', WEIR_REST_PORT_FILE: file('2') }
    expect(() => loadConfig({ env })).toThrow('rest.port is set twice')
    expect(() => loadConfig({ env: { WEIR_REST_PORT_FILE: '/nowhere' } })).toThrow('/nowhere')
    expect(() => loadConfig({ file: '/nowhere.yaml' })).toThrow(
      expect.objectContaining({ code: 'config/bad-file' }),
    )
  })

  it('refuses a value given twice under two names, in whatever source', () => {
    const env = {
      WEIR_SECURITY_SSL_ENABLED: 'true',
      WEIR_SECURITY_SSL_INTERNAL_ENABLED: 'false',
    }
    const twice = 'security.ssl.internal.enabled is set twice: by '
    expect(() => loadConfig({ env })).toThrow(
      `${twice}environment WEIR_SECURITY_SSL_ENABLED and by environment WEIR_SECURITY_SSL_INTERNAL_ENABLED`,
    )
    expect(() =>
      load('security.ssl.enabled: true\nsecurity:\n  ssl:\n    internal.enabled: false\n'),
    ).toThrow(/internal\.enabled is set twice: by file .*yaml:1 and by file .*yaml:4/)
    expect(() => load('rest.port: 1\nrest:\n  port: 2\n')).toThrow('rest.port is set twice')
    expect(() => load('user.a.b: 1\nuser:\n  a.b: 2\n')).toThrow('user.a.b is set twice')
    const project = ['parallelism.default', 'parallelism.default'].map((key) => ({
      key,
      text: '1',
      origin: 'file weir.config.ts',
    }))
    expect(() => loadConfig({ project })).toThrow('parallelism.default is set twice')
    // In order, the last one wins; and so does the stronger source.
    const defines = ['security.ssl.enabled=true', 'security.ssl.internal.enabled=false']
    expect(loadConfig({ defines, env: { WEIR_SECURITY_SSL_ENABLED: 'true' } })).toMatchObject({
      values: { 'security.ssl.internal.enabled': false },
    })
  })

  it('takes a port for what Kubernetes put there only where it is an address', () => {
    expect(() => loadConfig({ env: { WEIR_JOBMANAGER_PORT: '7123' } })).toThrow(
      'there is no setting for environment WEIR_JOBMANAGER_PORT',
    )
    const env = { WEIR_JOBMANAGER_PORT: 'tcp://10.0.0.1:6123', WEIR_REST_PORT_80_SCTP: 'x' }
    expect(loadConfig({ env }).origins['jobmanager.rpc.port']).toBe('default')
  })

  it('refuses heartbeats that no TaskManager would take', () => {
    const yaml = 'heartbeat.timeout: 7d\njobmanager.execution.deploy-timeout: 8d\n'
    expect(() => load(yaml)).toThrow(/^heartbeat\.timeout \(file .*:1\) must be at most 24h$/)
    expect(() => load(`heartbeat.interval: 2d\n${yaml}`)).toThrow(/^heartbeat\.interval/)
    expect(() => load(yaml.replace('7d', '1d'))).not.toThrow()
  })

  it('is not fooled by names of object members', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(() => loadConfig({ defines: [`${name}=1`] })).toThrow(
        expect.objectContaining({ code: 'config/unknown-key' }),
      )
    }
    expect(loadConfig({ defines: ['user.__proto__=x'] }).user['user.__proto__']).toBe('x')
  })
})
