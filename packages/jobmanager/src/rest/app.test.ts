import type { JobId } from '@weirjs/common/core/ids'
import { drive } from '@weirjs/common/node/virtual-time'
import { describe, expect, it } from 'vitest'
import { countingGraph } from '../core/plan/graph-samples.ts'
import { KEY, report, type RestKit, restKit, TOKEN } from './rest-kit.fixture.ts'
import { REST_ROUTES } from './routes.ts'

async function running(name = 'totals'): Promise<RestKit & { readonly job: JobId }> {
  const kit = await restKit()
  const job = await kit.world.submit({}, { ...countingGraph(), name })
  await kit.world.until(job, 'RUNNING')
  await kit.world.pass(2_500)
  await report(kit.world, job, 100)
  return { ...kit, job }
}

/** Every path with real parameters in it. */
function pathsOf(job: string): readonly (readonly [(typeof REST_ROUTES)[number], string])[] {
  const values: Readonly<Record<string, string>> = {
    jobid: job,
    vertexid: 'v1',
    checkpointid: '1',
    taskmanagerid: 'w1',
  }
  return REST_ROUTES.map((route) => [
    route,
    `/v1${route.path.replaceAll(/:(\w+)/g, (_whole, name: string) => values[name] ?? '?')}`,
  ])
}

describe('the read endpoints', () => {
  it('answer what their schemas say, of a job that runs and of one that has ended', async () => {
    const { job, get, world, mistakes } = await running()
    const failed = await world.submit()
    await world.until(failed, 'RUNNING')
    world.failTask(failed, { code: 'job/x', message: 'boom', domain: 'user', retry: 'never' })
    await world.until(failed, 'FAILED')
    for (const id of [job, failed]) {
      for (const [route, path] of pathsOf(id)) {
        if (id === failed && path.includes('/details/')) continue
        const { status, body } = await get(path)
        expect(status, path).toBe(200)
        expect(() => route.answer.parse(body), path).not.toThrow()
        // Nothing is said that is not documented.
        expect(route.answer.parse(body), path).toEqual(body)
      }
    }
    expect(mistakes).toEqual([])
  })

  it('use the names of Flink where the meaning is equal', async () => {
    const { job, get } = await running()
    expect((await get('/v1/overview')).body).toMatchObject({
      taskmanagers: 2,
      'slots-total': 4,
      'slots-available': 2,
      'jobs-running': 1,
      'jobs-failed': 0,
    })
    expect((await get('/v1/jobs')).body).toEqual({ jobs: [{ id: job, status: 'RUNNING' }] })
    expect((await get('/v1/jobs/overview')).body).toMatchObject({
      jobs: [{ jid: job, name: 'totals', state: 'RUNNING', 'end-time': -1, tasks: { total: 5 } }],
    })
    expect((await get(`/v1/jobs/${job}`)).body).toMatchObject({
      jid: job,
      'status-counts': { RUNNING: 5, FAILED: 0 },
      plan: { nodes: [{ id: 'v0', inputs: [] }, { id: 'v1', inputs: [{ id: 'v0' }] }, {}] },
    })
    expect((await get(`/v1/jobs/${job}/checkpoints`)).body).toMatchObject({
      counts: { completed: 2, failed: 0, in_progress: 0 },
      latest: { completed: { id: 2, status: 'COMPLETED', num_acknowledged_subtasks: 5 } },
      history: [{ id: 2 }, { id: 1 }],
    })
    const { body } = await get('/v1/taskmanagers/w1')
    expect(body).toMatchObject({ id: 'w1', slotsNumber: 2, path: 'w1:1' })
  })

  it('add up what the subtasks of a vertex have moved, and show the one that is worst off', async () => {
    const { job, get } = await running()
    const { body } = await get(`/v1/jobs/${job}/vertices/v1`)
    expect(body).toMatchObject({
      parallelism: 2,
      aggregated: {
        metrics: { 'read-records': 200, 'write-records': 400, 'read-bytes': 2_000 },
      },
      subtasks: [
        { subtask: 0, status: 'RUNNING', metrics: { 'busy-ratio': 0.25 } },
        { subtask: 1, metrics: { 'backpressured-ratio': 0.25 } },
      ],
    })
  })

  it('tell the settings of a job, without its secrets', async () => {
    const { get, world } = await running()
    const { settings } = world.request()
    const config = { 'user.shop': 'north', 'user.db.password': 'canary' }
    const secret = await world.submit({ settings: { ...settings, parallelism: 3, config } })
    expect((await get(`/v1/jobs/${secret}/config`)).body).toMatchObject({
      jid: secret,
      'execution-config': {
        'restart-strategy': settings.restart.strategy,
        'job-parallelism': 3,
        'user-config': { 'user.shop': 'north', 'user.db.password': '******' },
        checkpointing: { mode: 'exactly-once', interval: 1_000 },
      },
    })
  })

  it('tell what ended the attempts', async () => {
    const { job, get, world } = await running()
    const told = { code: 'job/x', message: 'boom', location: 'job.ts:3' } as const
    world.failTask(job, { ...told, domain: 'user', retry: 'backoff' })
    await world.until(job, 'RESTARTING')
    expect((await get(`/v1/jobs/${job}`)).body).toMatchObject({ failure: { ...told, hint: null } })
    await world.until(job, 'RUNNING')
    expect((await get(`/v1/jobs/${job}/exceptions`)).body).toMatchObject({
      'root-exception': 'boom',
      exceptionHistory: { entries: [{ exceptionName: 'job/x', attempt: 1 }], truncated: false },
    })
  })

  it('take a beginning of an id, and say which jobs it may mean', async () => {
    const { job, get, world } = await running()
    expect((await get(`/v1/jobs/${job.slice(0, 8)}`)).body).toMatchObject({ jid: job })
    await world.submit()
    expect((await get('/v1/jobs/nobody')).status).toBe(404)
  })

  it('answer problems as problems', async () => {
    const { get, job } = await running()
    const paths = {
      '/v1/jobs/ffff': 'job/not-found',
      [`/v1/jobs/${job}/vertices/v99`]: 'rest/not-found',
      [`/v1/jobs/${job}/checkpoints/details/99`]: 'rest/not-found',
      '/v1/taskmanagers/nobody': 'rest/not-found',
      '/v1/nothing': 'rest/not-found',
      '/../../etc/passwd': 'rest/not-found',
      [`/v1/jobs/${'x'.repeat(500)}`]: 'rest/bad-request',
      '/v1/jobs/%': 'rest/bad-request',
      '/page/../package.json': 'rest/not-found',
      '/page/%2e%2e%2fpackage.json': 'rest/not-found',
      '/v1/jobs/__proto__': 'job/not-found',
    }
    for (const [path, code] of Object.entries(paths)) {
      const { status, type, body } = await get(path)
      expect(type, path).toContain('application/problem+json')
      expect(status, path).toBe(code === 'rest/bad-request' ? 400 : 404)
      expect(body, path).toMatchObject({ code, type: `urn:weir:error:${code}`, status })
    }
  })

  it('refuse whatever would change something', async () => {
    const { app } = await running()
    const headers = { authorization: `Bearer ${TOKEN}` }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      const answer = await app.inject({ method, url: '/v1/jobs', headers })
      expect(answer.statusCode, method).toBe(405)
      expect(answer.headers['allow']).toBe('GET, HEAD')
    }
  })

  it('say nothing of a mistake of ours but to the log', async () => {
    const kit = await restKit()
    kit.world.manager.client.list = () => Promise.reject(new Error('password is hunter2'))
    const { status, text } = await kit.get('/v1/jobs')
    expect(status).toBe(500)
    expect(text).not.toContain('hunter2')
    expect(kit.mistakes).toHaveLength(1)
  })

  it('describe themselves', async () => {
    const { get } = await restKit()
    const { body } = await get('/v1/openapi.json')
    const { paths } = body as { paths: Record<string, { get: { operationId: string } }> }
    expect(Object.keys(paths)).toHaveLength(REST_ROUTES.length)
    expect(paths['/jobs/{jobid}/checkpoints/details/{checkpointid}']).toBeDefined()
    const ids = Object.values(paths).map((path) => path.get.operationId)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('who may read', () => {
  it('is who has the token or the read key; the page answers others with where to find it', async () => {
    const { app } = await restKit()
    const status = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
      (await app.inject({ url, headers })).statusCode
    for (const url of ['/', '/page/main.js', '/v1/overview', '/v1/openapi.json', '/v1/nothing'])
      expect(await status(url), url).toBe(401)
    expect(await status('/v1/overview', { authorization: `Bearer ${KEY}` })).toBe(200)
    expect(await status('/v1/overview', { cookie: `weir-8081=${KEY}` })).toBe(200)
    expect(await status('/v1/overview', { cookie: `weir-9999=${KEY}` })).toBe(401)
    expect((await app.inject({ url: '/' })).body).toContain('weir cluster status')
  })

  it('is, on the first load of the page alone, who has the read key in the address', async () => {
    const { app } = await restKit()
    const first = await app.inject({ url: `/?token=${KEY}` })
    expect(first.statusCode).toBe(200)
    expect(first.headers['set-cookie']).toContain(`weir-8081=${KEY}; `)
    expect((await app.inject({ url: `/?token=${TOKEN}` })).statusCode).toBe(401)
    expect((await app.inject({ url: `/v1/overview?token=${KEY}` })).statusCode).toBe(401)
    expect((await app.inject({ url: `/?token=${KEY}&token=${KEY}` })).statusCode).toBe(401)
  })

  it('gets every answer under a policy that lets nothing foreign in', async () => {
    const { app } = await restKit()
    for (const url of ['/', '/v1/overview', '/v1/nothing', `/?token=${KEY}`]) {
      const { headers } = await app.inject({ url })
      expect(headers['content-security-policy'], url).toContain("default-src 'none'")
      expect(headers['content-security-policy']).not.toContain('unsafe')
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['cache-control']).toBe('no-store')
    }
  })
})

describe('a job with a hostile name', () => {
  it('is told as it is called', async () => {
    const name = '<script>alert(1)</script>'
    const { get, world, job } = await running(name)
    const { type, body } = await get('/v1/jobs/overview')
    expect(type).toContain('application/json')
    expect(body).toMatchObject({ jobs: [{ name }] })
    await drive(world.time, world.manager.client.cancel(job))
  })
})
