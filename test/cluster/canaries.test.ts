// Secrets of a real cluster stay where they were put: the token, a password in the settings of a process and in a file of
// settings, one in the environment of a TaskManager that a job may read, and what jobs ask for by `env.secret`. Nothing that a cluster writes, prints or answers has
// them, also when a job breaks; and each was where it could have been told.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobFile } from './good-neighbour.ts'
import { until, WeirKit } from './weir-kit.ts'

const CANARY = 'c4n4ry-that-sings'
/** Those that a job quotes. */
const VARIABLE = 'w4rbler-of-a-variable'
const MOUNTED = 'l4rk-of-a-mount'
/** Of whoever runs commands here. */
const SETTINGS = 'settings.yaml'
/** The token's own file; and what processes are started with again, which is what somebody typed. For their owner only. */
const KEPT: readonly string[] = [join('cluster', 'token'), 'cluster.json', SETTINGS]
const START_MS_MAX = 240_000
const FILE_BYTES_MAX = 64 * 1_024 * 1_024

let kit: WeirKit
let token = ''
/** What an operator has mounted: beside the cluster's own files. */
let secrets = ''
const said: string[] = []

/** What a command says. It ends with `code`, so that it has said all that it can. */
async function note(code: number, ...args: readonly string[]): Promise<string> {
  const { code: ended, out, err } = await kit.weir(...args)
  const whole = `weir ${args.join(' ')}\n${out}\n${err}`
  expect(ended, whole).toBe(code)
  said.push(whole)
  return whole
}

beforeAll(async () => {
  kit = WeirKit.empty()
  kit.environment = { DB_PASSWORD: CANARY, WEIR_SECRET_DB_PASSWORD: VARIABLE }
  secrets = mkdtempSync(join(tmpdir(), 'weir-mounted-'))
  writeFileSync(join(secrets, 'api_key'), `${MOUNTED}\n`)
  const defines = [
    `user.db.password=${CANARY}`,
    'taskmanager.job-environment=DB_PASSWORD',
    `taskmanager.secrets.directory=${secrets}`,
  ]
  await kit.startCluster({ taskManagers: 1, defines })
  kit.environment = {}
  writeFileSync(kit.path(SETTINGS), `user.db.password: ${CANARY}\n`, { mode: 0o600 })
  token = readFileSync(kit.path('.weir', 'cluster', 'token'), 'utf8').trim()
  const output = ['--output', kit.path('out'), '--records', '1000']
  await note(0, 'run', '-v', jobFile('tally.ts'), ...output)
  await note(0, 'run', '-v', jobFile('with-password.ts'), '--output', kit.path('seen'))
  const once = ['--output', kit.path('secrets'), '--once', kit.path('once')]
  await note(0, 'run', '-v', jobFile('with-secrets.ts'), ...once)
  await note(1, 'run', '-v', jobFile('without-secret.ts'))
  await note(1, 'run', '-v', jobFile('bad-record.ts'), '--kind', 'function', '-p', '2')
}, START_MS_MAX)
afterAll(async () => {
  await kit[Symbol.asyncDispose]()
  rmSync(secrets, { recursive: true, force: true })
})

const sings = (text: string): boolean =>
  [token, CANARY, VARIABLE, MOUNTED].some((one) => text.includes(one))

test('the job had the password of its environment', () => {
  const rows = kit.rows<{ chars: number }>(kit.path('seen'))
  expect(rows).toHaveLength(10)
  expect(rows.every(({ chars }) => chars === CANARY.length)).toBe(true)
})

test('the job had its secrets, none of them in its environment, and what it quoted is masked', async () => {
  const rows = kit.rows<{ chars: number; own: number }>(kit.path('secrets'))
  expect(rows).toHaveLength(10)
  const chars = VARIABLE.length + MOUNTED.length
  expect(rows.every((row) => row.chars === chars && row.own === 0)).toBe(true)
  const jobs = await kit.client.list()
  const { jobId = '' } = jobs.find(({ name }) => name === 'with-secrets') ?? {}
  expect(await note(0, 'job', 'exceptions', jobId)).toContain('no login with ******')
  const printed = await note(0, 'job', 'logs', jobId)
  expect(printed).toContain('it is ******, kept as secret db-password')
  expect(printed).toContain('and ******')
})

test('a job whose secret is not there is told how to give it', () => {
  const ran = said.find((one) => one.includes('without-secret.ts')) ?? ''
  expect(ran).toContain('job/no-secret')
  expect(ran).toContain('WEIR_SECRET_NOBODY_HAS_IT')
})

test('commands do not tell', async () => {
  const jobs = await kit.client.list()
  expect(jobs).toHaveLength(5)
  for (const { jobId } of jobs) {
    await note(0, 'job', 'describe', jobId, '-v', '--json')
    await note(0, 'job', 'exceptions', jobId)
    await note(0, 'job', 'logs', jobId)
    await note(0, 'job', 'checkpoints', jobId, '--json')
  }
  for (const format of [[], ['--json'], ['-o', 'yaml']]) {
    const listed = await note(0, 'config', 'list', '--config', SETTINGS, ...format)
    expect(listed).toMatch(/user\.db\.password[^\n]*\n?[^\n]*\*{6}/)
  }
  for (const argv of ['cluster status --json', 'doctor', 'cluster logs', 'job list -v'])
    await note(0, ...argv.split(' '))
  expect(said.join('\n')).toContain('tally')
  expect(said.filter(sings)).toEqual([])
})

test('the page and REST do not tell', async () => {
  const { page } = await kit.json<{ page: string }>('cluster', 'status')
  const key = new URL(page).searchParams.get('token') ?? ''
  const get = async (path: string): Promise<string> => {
    const answer = await fetch(new URL(path, page), { headers: { authorization: `Bearer ${key}` } })
    expect(answer.status, path).toBe(200)
    return answer.text()
  }
  const ids = (await kit.client.list()).map(({ jobId }) => jobId)
  const paths = [
    '/',
    '/metrics',
    '/v1/config',
    '/v1/jobs/overview',
    '/v1/taskmanagers',
    '/v1/overview',
  ]
  const ofJobs = ids.flatMap((id) =>
    ['', '/config', '/exceptions', '/checkpoints'].map((rest) => `/v1/jobs/${id}${rest}`),
  )
  for (const path of [...paths, ...ofJobs]) expect(sings(await get(path)), path).toBe(false)
  expect(await get('/v1/config')).toMatch(/"user\.db\.password"[^}]*\*{6}/)
})

test('logs and checkpoints do not tell', async () => {
  await until(
    () => kit.client.list(),
    (jobs) => jobs.every(({ state }) => state === 'FINISHED' || state === 'FAILED'),
  )
  const files = readdirSync(kit.directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(kit.directory, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size < FILE_BYTES_MAX)
    .filter((path) => !KEPT.some((name) => path.endsWith(name)))
  for (const name of ['cluster/token', 'cluster.json'])
    expect(statSync(kit.path('.weir', name)).mode & 0o077, name).toBe(0)
  expect(files.filter((path) => path.includes('checkpoints')).length).toBeGreaterThan(1)
  expect(files.filter((path) => path.endsWith('.log')).length).toBeGreaterThan(1)
  expect(files.filter((path) => path.includes('/cluster/output/'))).not.toEqual([])
  expect(files.filter((path) => sings(readFileSync(path, 'latin1')))).toEqual([])
})
