// Secrets of a real cluster stay where they were put: the token and its read key, the private keys of TLS, a password in the
// settings of a process and in a file of settings, one in the environment of a TaskManager that a job may read, what jobs ask
// for by `env.secret`, what somebody says in a setting or an argument of a job, and what slots show each other. Nothing that
// a cluster writes, prints or answers has them, also when a job breaks; and each was where it could have been told. Commands
// and REST are asked by their own tables: a new one is asked without a new line here.

import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { get as getHttps } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readPageFiles } from '../../packages/jobmanager/src/rest/page-files.ts'
import { REST_ROUTES } from '../../packages/jobmanager/src/rest/routes.ts'
import { childrenOf } from '../processes/src/proc.ts'
import { ALL_COMMANDS, commandOf } from './all-commands.ts'
import { jobFile } from './good-neighbour.ts'
import { until, WeirKit } from './weir-kit.ts'

/** By where they are planted; those of the cluster itself join them when it has started. */
const planted = new Map<string, string>([
  ['setting', 'c4n4ry-of-a-setting'],
  ['environment', 'f1nch-of-the-environment'],
  ['variable', 'w4rbler-of-a-variable'],
  ['file of a variable', 'r0bin-of-a-file'],
  ['mount', 'l4rk-of-a-mount'],
  ['setting of a job', 'st4rling-of-a-job'],
  ['argument of a job', 'm4gpie-of-a-job'],
])
const plant = (where: string): string => planted.get(where) ?? ''
/** Of whoever runs commands here. */
const SETTINGS = 'settings.yaml'
/** What processes are started with again, which is what somebody typed; and the secrets' own files. For their owner only. */
const KEPT =
  /\/(?:cluster\/token|cluster\.json|settings\.yaml|cluster\/tls\/(?:ca|jobmanager|taskmanager|client)\.key)$/
/** What slots of an attempt show each other looks so, and so does a token. */
const CREDENTIAL = /\b[0-9a-f]{64}\b/
/** A hundred commands, one after the other. */
const START_MS_MAX = 300_000
vi.setConfig({ testTimeout: START_MS_MAX })
const FILE_BYTES_MAX = 64 * 1_024 * 1_024
/** Not asked here, and why. */
const NOT_ASKED: Readonly<Record<string, string>> = {
  'weir jobmanager': 'runs below `weir cluster start`; its log is looked through',
  'weir taskmanager': 'runs below `weir cluster start`; its log is looked through',
  'weir certs create': 'the first word of `weir cluster start --tls` makes the certificates',
}

let kit: WeirKit
/** What an operator has mounted: beside the cluster's own files. */
let secrets = ''
let readKey = ''
/** A job that runs as long as it is looked at. */
let running = ''
const said: string[] = []
const asked = new Set<string>()

/** Who sings in the text. */
const singers = (text: string): readonly string[] =>
  [...planted].filter(([, secret]) => text.includes(secret)).map(([where]) => where)
const sings = (text: string): boolean => singers(text).length > 0

/** What a command says. It ends with `code`, so that it has said all that it can. */
async function note(code: number, ...args: readonly string[]): Promise<string> {
  const { code: ended, out, err } = await kit.weir(...args)
  const whole = `weir ${commandOf(args)}\n${out}\n${err}`
  expect(ended, whole).toBe(code)
  asked.add(commandOf(args))
  // The address of the page has the read key, for whoever may run commands here.
  said.push(whole.replaceAll(/\?token=[0-9a-f]+/g, ''))
  return whole
}

interface Listed {
  readonly page: string
  readonly processes: readonly { readonly pid: number; readonly health: string }[]
}

function keysOf(directory: string): readonly (readonly [string, string])[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.key'))
  expect(names).toHaveLength(4)
  return names.map((name) => {
    const lines = readFileSync(join(directory, name), 'utf8').split('\n')
    return [`key ${name}`, lines.filter((line) => !line.startsWith('-----')).join('')] as const
  })
}

beforeAll(async () => {
  kit = WeirKit.empty()
  secrets = mkdtempSync(join(tmpdir(), 'weir-mounted-'))
  writeFileSync(join(secrets, 'api_key'), `${plant('mount')}\n`)
  writeFileSync(join(secrets, 'of-variable.txt'), plant('file of a variable'))
  kit.environment = {
    DB_PASSWORD: plant('environment'),
    WEIR_SECRET_DB_PASSWORD: plant('variable'),
    WEIR_SECRET_FILED_FILE: join(secrets, 'of-variable.txt'),
  }
  const defines = [
    `user.db.password=${plant('setting')}`,
    'taskmanager.job-environment=DB_PASSWORD',
    `taskmanager.secrets.directory=${secrets}`,
    'security.ssl.rest.enabled=true',
  ].flatMap((define) => ['-D', define])
  const started = await note(0, 'cluster', 'start', '--tls', '--port', '0', '--json', ...defines)
  kit.environment = { XDG_CONFIG_HOME: kit.path('config') }
  const { page } = JSON.parse(started.split('\n')[1] ?? '') as Listed
  readKey = new URL(page).searchParams.get('token') ?? ''
  planted.set('read key', readKey)
  planted.set('token', readFileSync(kit.path('.weir', 'cluster', 'token'), 'utf8').trim())
  for (const [where, secret] of keysOf(kit.path('.weir', 'cluster', 'tls')))
    planted.set(where, secret)
  for (const [where, secret] of planted) expect(secret.length, where).toBeGreaterThan(10)
  writeFileSync(kit.path(SETTINGS), `user.db.password: ${plant('setting')}\n`, { mode: 0o600 })

  const output = ['--output', kit.path('out'), '--records', '1000']
  await note(0, 'run', '-v', jobFile('tally.ts'), ...output)
  await note(0, 'run', '-v', '--json', jobFile('with-password.ts'), '--output', kit.path('seen'))
  const once = ['--output', kit.path('secrets'), '--once', kit.path('once')]
  await note(0, 'run', '-v', jobFile('with-secrets.ts'), ...once)
  await note(1, 'run', '-v', jobFile('without-secret.ts'))
  await note(1, 'run', '-v', jobFile('bad-record.ts'), '--kind', 'function', '-p', '2')
  running = await endless('neighbour')
}, START_MS_MAX)
afterAll(async () => {
  await kit[Symbol.asyncDispose]()
  rmSync(secrets, { recursive: true, force: true })
})

async function endless(output: string): Promise<string> {
  const args = ['--output', output, '--records', '100000000', '--perSecond', '200']
  const { jobId } = await kit.json<{ jobId: string }>('run', '-d', jobFile('tally.ts'), ...args)
  await until(
    () => kit.client.describe(jobId),
    ({ state, lastCheckpointId }) => state === 'RUNNING' && lastCheckpointId !== null,
  )
  return jobId
}

test('the job had the password of its environment', () => {
  const rows = kit.rows<{ chars: number }>(kit.path('seen'))
  expect(rows).toHaveLength(10)
  expect(rows.every(({ chars }) => chars === plant('environment').length)).toBe(true)
})

test('the job had its secrets, none of them in its environment, and what it quoted is masked', async () => {
  const rows = kit.rows<{ chars: number; own: number }>(kit.path('secrets'))
  expect(rows).toHaveLength(10)
  const secret = ['variable', 'mount', 'file of a variable'].map(plant)
  const chars = secret.reduce((sum, one) => sum + one.length, 0)
  expect(rows.every((row) => row.chars === chars && row.own === 0)).toBe(true)
  const jobs = await kit.client.list()
  const { jobId = '' } = jobs.find(({ name }) => name === 'with-secrets') ?? {}
  expect(await note(0, 'job', 'exceptions', jobId)).toContain('no login with ******')
  const printed = await note(0, 'job', 'logs', jobId)
  expect(printed).toContain('it is ******, kept as secret db-password')
  expect(printed).toContain('and ****** of ******')
})

test('a job whose secret is not there is told how to give it', () => {
  const ran = said.find((one) => one.includes('job/no-secret')) ?? ''
  expect(ran).toContain('WEIR_SECRET_NOBODY_HAS_IT')
})

test('a secret in a setting or an argument of a job is refused, and told the way', async () => {
  const setting = ['-D', `user.db.password=${plant('setting of a job')}`]
  const argument = ['--db-password', plant('argument of a job')]
  for (const command of ['run', 'dev', 'plan']) {
    const output = [jobFile('tally.ts'), '--output', kit.path('never')]
    const one = await note(2, command, '-v', ...setting, ...output)
    expect(one).toContain('config/secret-setting')
    const other = await note(2, command, '-v', jobFile('with-argument.ts'), ...argument)
    expect(other).toContain('job/secret-argument')
    for (const told of [one, other]) expect(told).toContain("env.secret('db")
  }
  expect(existsSync(kit.path('never'))).toBe(false)
})

test('commands do not tell, whichever there is', async () => {
  const jobs = await kit.client.list()
  expect(jobs).toHaveLength(6)
  const worker = (await kit.client.workers())[0]?.workerId ?? ''
  const health = (await kit.json<Listed>('cluster', 'status')).processes[0]?.health ?? ''
  const ssl = ['security.ssl.rest.enabled=true', `health.port=${health.split(':').at(-1)}`]
  const files = [`security.ssl.directory=${kit.path('.weir', 'cluster', 'tls')}`]
  for (const { jobId } of jobs)
    for (const verb of ['describe', 'exceptions', 'checkpoints'])
      await note(0, 'job', verb, jobId, '-v', '--json')
  const looking: readonly (readonly string[])[] = [
    ...['job list', 'cluster status', 'taskmanager list', 'top --once', 'version'].map((words) =>
      words.split(' '),
    ),
    ['taskmanager', 'describe', worker],
    ['doctor', '--deep'],
    ['config', 'list', '--config', SETTINGS],
    ['config', 'explain', 'user.db.password', '--config', SETTINGS],
    ['certs', 'show', kit.path('.weir', 'cluster', 'tls', 'client.crt')],
    ['context', 'add', 'here', kit.address],
    ['context', 'use', 'here'],
    ['context', 'ls'],
    ['context', 'rm', 'here'],
    ['plan', jobFile('with-secrets.ts'), '--output', 'out', '--once', 'once'],
    ['healthcheck', 'jobmanager', ...[...ssl, ...files].flatMap((define) => ['-D', define])],
    ['checkpoint', 'trigger', running],
  ]
  for (const argv of looking) await note(0, ...argv, '-v', '--json')
  for (const words of ['job list', 'taskmanager list', 'cluster status', 'top --once'])
    await note(0, ...words.split(' '), '-o', 'wide')
  for (const format of [[], ['--json'], ['-o', 'yaml']]) {
    const listed = await note(0, 'config', 'list', '--config', SETTINGS, ...format)
    expect(listed).toMatch(/user\.db\.password[^\n]*\n?[^\n]*\*{6}/)
  }
  for (const { jobId } of jobs) await note(0, 'job', 'logs', jobId, '--json')
  await note(0, 'cluster', 'logs', '-n', '100000')
  await note(2, 'certs', 'show', kit.path('.weir', 'cluster', 'tls', 'client.key'))
  await note(0, 'completion', 'bash')
  await note(0, 'complete', '--', 'config', 'explain', 'user.')
  await note(0, 'dev', '-v', jobFile('tally.ts'), '--output', kit.path('dev'), '--records', '10')
})

test('the page and REST do not tell, whatever they are asked', async () => {
  const { page, processes } = await kit.json<Listed>('cluster', 'status')
  const ca = readFileSync(kit.path('.weir', 'cluster', 'tls', 'ca.crt'))
  const answers = new Map<string, string>()
  const ask = (address: URL, status = 200, key = readKey): Promise<string> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${key}` }
      const request = getHttps(address, { ca, agent: false, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () => {
          const text = `${JSON.stringify(response.headers)}\n${Buffer.concat(chunks).toString()}`
          answers.set(`${address.pathname} ${key === readKey}`, text)
          if (response.statusCode === status) resolve(text)
          else reject(new Error(`${address.href}: ${response.statusCode} ${text}`))
        })
      })
      request.once('error', reject)
    })
  for (const { jobId } of await kit.client.list()) {
    const { plan } = await kit.client.describe(jobId)
    const checkpoints = await kit.client.checkpoints(jobId)
    const values: Readonly<Record<string, readonly string[]>> = {
      jobid: [jobId],
      vertexid: plan.vertices.map(({ id }) => id),
      // Of all that are known, one that is done and the newest.
      checkpointid: [
        checkpoints.find(({ state }) => state === 'COMPLETED'),
        checkpoints[0],
      ].flatMap((one) => (one === undefined ? [] : [`${one.checkpointId}`])),
      taskmanagerid: (await kit.client.workers()).map(({ workerId }) => workerId),
    }
    for (const { path } of REST_ROUTES)
      for (const filled of filledIn(path, values)) await ask(new URL(`/v1${filled}`, page))
  }
  for (const { path } of REST_ROUTES) {
    const shape = new RegExp(`^/v1${path.replaceAll(/:\w+/g, '[^/ ]+')} `)
    expect(
      [...answers.keys()].some((one) => shape.test(one)),
      `${path} was never asked`,
    ).toBe(true)
  }
  const names = [...(await readPageFiles()).keys()].filter(
    (name) => !/^(?:index|sign-in)/.test(name),
  )
  const others = ['/', '/metrics', '/livez', '/readyz', '/v1/openapi.json']
  for (const path of [...others, ...names.map((name) => `/page/${name}`)])
    await ask(new URL(path, page))
  for (const { health } of processes)
    for (const path of ['/metrics', '/livez', '/readyz'])
      await ask(new URL(`https://${health}${path}`))
  await ask(new URL('/v1/jobs', page), 401, `${readKey}x`)
  await ask(new URL('/v1/jobs/ffff', page), 404)
  // A browser that comes with the key in the address gets it back as its cookie, and nowhere else.
  expect(await ask(new URL('/v1/config', page))).toMatch(/"user\.db\.password"[^}]*\*{6}/)
  for (const [path, text] of answers) {
    expect(singers(text), path).toEqual([])
    expect(text, path).not.toMatch(CREDENTIAL)
  }
})

/** The path once for each value of its parameters; none where there is no such thing. */
function filledIn(
  path: string,
  values: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const [hole, name = ''] = /:(\w+)/.exec(path) ?? []
  if (hole === undefined) return [path]
  const own = values[name]
  if (own === undefined) throw new Error(`what is ${name}? Say it in values`)
  return own.flatMap((value) => filledIn(path.replace(hole, value), values))
}

test('nobody who lists processes sees a key, and a job has none in its environment', async () => {
  const { processes } = await kit.json<Listed>('cluster', 'status')
  const own = ['read key', 'token', ...[...planted.keys()].filter((one) => one.startsWith('key '))]
  const read = (pid: number, name: string): string => readFileSync(`/proc/${pid}/${name}`, 'latin1')
  for (const { pid } of processes)
    for (const name of ['cmdline', 'environ'])
      expect(singers(read(pid, name)).filter((one) => own.includes(one))).toEqual([])
  const children = processes.flatMap(({ pid }) => childrenOf(pid))
  expect(children).not.toEqual([])
  for (const { pid } of children) {
    expect(singers(read(pid, 'cmdline'))).toEqual([])
    // What the operator lets through by its name.
    expect(singers(read(pid, 'environ')).filter((one) => one !== 'environment')).toEqual([])
  }
})

test('commands that end something do not tell, and then there is no command left', async () => {
  const worker = (await kit.client.workers())[0]?.workerId ?? ''
  await note(0, 'job', 'stop', '-v', '--json', running)
  const other = await endless('other')
  await note(0, 'job', 'cancel', '-v', '--json', other)
  await note(1, 'job', 'wait', '-v', '--json', other)
  await note(0, 'taskmanager', 'drain', '-v', '--json', '--force', worker)
  await note(0, 'taskmanager', 'drain', '-v', '--json', '--undo', worker)
  await note(0, 'cluster', 'stop', '-v', '--json')
  const missing = ALL_COMMANDS.filter((one) => !asked.has(one) && !(one in NOT_ASKED))
  expect(missing, 'nobody has heard what they say').toEqual([])
  expect(said.join('\n')).toContain('tally')
  for (const text of said) {
    expect(singers(text), text).toEqual([])
    expect(CREDENTIAL.exec(text)?.[0], text).toBeUndefined()
  }
})

test('logs, checkpoints and the index do not tell', () => {
  const files = readdirSync(kit.directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(kit.directory, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size < FILE_BYTES_MAX)
  const kept = files.filter((path) => KEPT.test(path))
  for (const path of kept) expect(statSync(path).mode & 0o077, path).toBe(0)
  const open = files.filter((path) => !KEPT.test(path))
  const logs = open.filter((path) => /\/cluster\/logs\//.test(path))
  expect(logs.length).toBeGreaterThan(1)
  for (const part of ['checkpoints', 'output', 'jobmanager'])
    expect(
      open.filter((path) => path.includes(`/cluster/${part}/`)),
      part,
    ).not.toEqual([])
  expect(open.filter((path) => sings(readFileSync(path, 'latin1')))).toEqual([])
  for (const path of logs)
    expect(CREDENTIAL.exec(readFileSync(path, 'latin1'))?.[0]).toBeUndefined()
})
