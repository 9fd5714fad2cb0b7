// Secrets of a real cluster stay where they were put: the token, a password in the settings of a process, one in its
// environment. Nothing that a cluster writes, prints or answers has them, also when a job breaks.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jobFile } from './good-neighbour.ts'
import { until, WeirKit } from './weir-kit.ts'

const CANARY = 'c4n4ry-that-sings'
/** The token's own file; and what processes are started with again, which is what somebody typed. For their owner only. */
const KEPT: readonly string[] = [join('cluster', 'token'), 'cluster.json']
const START_MS_MAX = 240_000
const FILE_BYTES_MAX = 64 * 1_024 * 1_024

let kit: WeirKit
let token = ''
const said: string[] = []

async function note(...args: readonly string[]): Promise<void> {
  const { out, err } = await kit.weir(...args)
  said.push(`weir ${args.join(' ')}\n${out}\n${err}`)
}

beforeAll(async () => {
  kit = await WeirKit.start({ taskManagers: 1, defines: [`user.db.password=${CANARY}`] })
  kit.environment = { DB_PASSWORD: CANARY, WEIR_USER_DB_PASSWORD: CANARY }
  token = readFileSync(kit.path('.weir', 'cluster', 'token'), 'utf8').trim()
  const output = ['--output', kit.path('out'), '--records', '1000']
  await note('run', '-v', jobFile('tally.ts'), ...output)
  await note('run', '-v', jobFile('bad-record.ts'), '--kind', 'function', '-p', '2')
}, START_MS_MAX)
afterAll(() => kit[Symbol.asyncDispose]())

const sings = (text: string): boolean => text.includes(token) || text.includes(CANARY)

test('commands do not tell', async () => {
  const jobs = await kit.client.list()
  expect(jobs).toHaveLength(2)
  for (const { jobId } of jobs) {
    await note('job', 'describe', jobId, '-v', '--json')
    await note('job', 'exceptions', jobId)
    await note('job', 'logs', jobId)
    await note('checkpoint', 'list', jobId, '--json')
  }
  for (const argv of [
    'config list',
    'config list --json',
    'cluster status --json',
    'doctor',
    'cluster logs',
    'job list -v',
  ])
    await note(...argv.split(' '))
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
    ['', '/exceptions', '/checkpoints', '/config'].map((rest) => `/v1/jobs/${id}${rest}`),
  )
  for (const path of [...paths, ...ofJobs]) {
    if (path.endsWith('/config') && path.includes('/jobs/')) continue
    expect(sings(await get(path)), path).toBe(false)
  }
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
  expect(files.filter((path) => sings(readFileSync(path, 'latin1')))).toEqual([])
})
