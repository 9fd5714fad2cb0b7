// The REST interface of a real cluster: what the command line says where it is, what it says of a job that runs, and that
// it opens for nobody without a secret.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { present } from '@weirjs/common/core/assert'
import { freePort } from '@weirjs/common/node/free-port'
import { describe, expect, test } from 'vitest'
import { until, WeirKit } from './weir-kit.ts'

const TALLY = fileURLToPath(new URL('jobs/tally.ts', import.meta.url))

interface Status {
  readonly page: string
  readonly taskmanagers: readonly { readonly workerId: string }[]
}

interface Vertex {
  readonly id: string
  readonly metrics: Readonly<Record<string, number>>
}

async function watched(): Promise<{
  readonly kit: WeirKit
  readonly job: string
  readonly page: string
  readonly get: <T>(path: string) => Promise<T>
}> {
  const kit = await WeirKit.start()
  const { page } = await kit.json<Status>('cluster', 'status')
  const records = ['--output', kit.path('out'), '--records', '1000000', '--perSecond', '1000']
  const job = await kit.json<{ jobId: string }>('run', '-d', TALLY, ...records)
  const key = new URL(page).searchParams.get('token') ?? ''
  const get = async <T>(path: string): Promise<T> => {
    const headers = { authorization: `Bearer ${key}` }
    const answer = await fetch(new URL(path, page), { headers })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }
  return { kit, job: job.jobId, page, get }
}

/** null: it is not installed, which is told. */
function complaintsOfPromtool(text: string): string | null {
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  if (checked.error === undefined) return checked.stderr + checked.stdout
  console.warn('SKIPPED: promtool is not installed (apt-get install prometheus)')
  return null
}

describe('the REST interface of a cluster', () => {
  test('tells of a job that runs', async () => {
    const { kit, job, page, get } = await watched()
    await using _ = kit
    const detail = await until(
      () => get<{ vertices: readonly Vertex[]; state: string }>(`/v1/jobs/${job}`),
      ({ state, vertices }) =>
        state === 'RUNNING' && vertices.some(({ metrics }) => (metrics['read-records'] ?? 0) > 0),
    )
    expect(detail.vertices.map(({ id }) => id)).toEqual(['v0', 'v1', 'v2'])
    const checkpoints = await until(
      () => get<{ counts: { completed: number } }>(`/v1/jobs/${job}/checkpoints`),
      ({ counts }) => counts.completed > 0,
    )
    expect(checkpoints.counts.completed).toBeGreaterThan(0)
    const { taskmanagers } = await get<{ taskmanagers: readonly { id: string }[] }>(
      '/v1/taskmanagers',
    )
    expect(taskmanagers).toHaveLength(2)
    const token = readFileSync(kit.path('.weir', 'cluster', 'token'), 'utf8').trim()
    const told = JSON.stringify(await get('/v1/config'))
    expect(told).not.toContain(token)
    const first = await fetch(page)
    expect(first.status).toBe(200)
    expect(first.headers.get('set-cookie')).toContain('HttpOnly')
    expect((await fetch(new URL('/v1/jobs', page))).status).toBe(401)
    await until(
      async () => (await fetch(new URL('/readyz', page))).status,
      (ready) => ready === 200,
    )
    // Whoever sees what the command printed has no token by it.
    expect(page).not.toContain(token)
  })

  test('has measures that promtool takes for well made', async ({ skip }) => {
    const { kit, page } = await watched()
    await using _ = kit
    const key = new URL(page).searchParams.get('token') ?? ''
    const measures = async (): Promise<string> => {
      const headers = { authorization: `Bearer ${key}` }
      return (await fetch(new URL('/metrics', page), { headers })).text()
    }
    const text = await until(measures, (seen) => seen.includes('weir_task_records_in_total{'))
    expect(text).toMatch(/^weir_checkpoint_duration_seconds_bucket\{/m)
    const complaints = complaintsOfPromtool(text)
    if (complaints === null) skip()
    expect(complaints).toBe('')
  })
})

test('a TaskManager tells its own measures, warns of shortages, and ends well when told to', async () => {
  await using kit = await WeirKit.start({ taskManagers: 0 })
  const { page } = await kit.json<Status>('cluster', 'status')
  const port = present(await freePort(), 'a free port')
  const defines = [
    'taskmanager.rpc.port=0',
    `health.port=${port}`,
    'resources.disk-free-min=1024gb',
  ].flatMap((define) => ['-D', define])
  const where = ['--jobmanager', kit.address, '--data-dir', kit.path('.weir', 'cluster')]
  const running = kit.spawn('taskmanager', ...where, ...defines)
  const at = `http://127.0.0.1:${port}`
  const status = (path: string): Promise<number> =>
    fetch(at + path).then(
      (answer) => answer.status,
      () => 0,
    )
  await until(
    () => status('/readyz'),
    (code) => code === 200,
  )
  expect(await status('/livez')).toBe(200)
  expect(await status('/metrics')).toBe(401)
  const authorization = `Bearer ${new URL(page).searchParams.get('token')}`
  const text = await (await fetch(`${at}/metrics`, { headers: { authorization } })).text()
  expect(text).toContain('weir_worker_registered 1\n')
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
  expect(complaintsOfPromtool(text) ?? '').toBe('')
  process.kill(running.pid, 'SIGTERM')
  const { code, out } = await running.ended
  expect(code).toBe(0)
  const lines = out.trimEnd().split('\n')
  const logged = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  expect(logged.find(({ resource }) => resource === 'disk')).toMatchObject({
    level: 'warn',
    msg: 'running short of a resource',
  })
  expect(logged.at(-1)).toMatchObject({ role: 'taskmanager' })
})

test.each([
  ['jobmanager', 'rest.bind-address', []],
  ['jobmanager', 'health.bind-host', ['-D', 'health.port=0']],
  ['taskmanager', 'health.bind-host', ['-D', 'health.port=0']],
])(
  'a %s does not open %s to others unless told that the network is trusted',
  async (role, key, more) => {
    await using kit = WeirKit.empty()
    const ran = await kit.weir(role, '-D', `${key}=0.0.0.0`, ...more)
    expect(ran.code).toBe(2)
    expect(ran.err).toContain(`${key} is 0.0.0.0`)
    expect(ran.err).toContain('[config/insecure-bind]')
  },
)
