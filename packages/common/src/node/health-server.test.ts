import { request } from 'node:http'
import { createServer } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { bearer, makeToken } from '../rpc/token.ts'
import { type HealthOptions, serveHealth } from './health-server.ts'
import { HttpAccess } from './http-access.ts'
import { READY_MS_MAX } from './probes.ts'
import { advance } from './virtual-time.ts'

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

async function start(more: Partial<HealthOptions> = {}): Promise<number> {
  const server = await serveHealth({
    role: 'taskmanager',
    host: '127.0.0.1',
    port: 0,
    scheduler: new ManualScheduler(),
    whyNotReady: async () => null,
    metrics: null,
    ...more,
  })
  cleanup.push(() => server.close())
  return server.port
}

interface Answer {
  readonly status: number | undefined
  readonly body: string
}

function ask(port: number, path: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path, method, host: '127.0.0.1' }, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode, body }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('the health of a process', () => {
  it('is alive and ready', async () => {
    const port = await start()
    for (const path of ['/livez', '/readyz']) {
      const { status, body } = await ask(port, path)
      expect(status).toBe(200)
      expect(JSON.parse(body)).toEqual({ role: 'taskmanager', status: 'ok', reason: null })
    }
  })

  it('is alive and not ready, and says why', async () => {
    const port = await start({ whyNotReady: async () => 'not registered' })
    expect((await ask(port, '/livez')).status).toBe(200)
    const { status, body } = await ask(port, '/readyz')
    expect(status).toBe(503)
    expect(JSON.parse(body)).toMatchObject({ status: 'not ready', reason: 'not registered' })
  })

  it('counts a look that throws as not ready', async () => {
    const port = await start({ whyNotReady: () => Promise.reject(new Error('the disk is gone')) })
    expect(await ask(port, '/readyz')).toMatchObject({
      status: 503,
      body: expect.stringContaining('the disk is gone'),
    })
  })

  it('does not wait for ever, and looks once for all who ask meanwhile', async () => {
    const scheduler = new ManualScheduler()
    let looks = 0
    const looking = Promise.withResolvers<void>()
    const port = await start({
      scheduler,
      whyNotReady: () => {
        looks += 1
        looking.resolve()
        return new Promise(() => {})
      },
    })
    const answers = [ask(port, '/readyz'), ask(port, '/readyz')]
    await looking.promise
    // The second has come when a third, which needs no look, is answered.
    await ask(port, '/livez')
    await advance(scheduler, READY_MS_MAX)
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBe(503)
      expect(body).toContain(`no answer within ${READY_MS_MAX} ms`)
    }
    // It still looks: whoever asks now hears the same, and nothing more is begun.
    expect(await ask(port, '/readyz')).toMatchObject({
      status: 503,
      body: expect.stringContaining('no answer within'),
    })
    expect(looks).toBe(1)
  })

  it('looks again when a look that was late has ended', async () => {
    const scheduler = new ManualScheduler()
    const first = Promise.withResolvers<string | null>()
    const begun = Promise.withResolvers<void>()
    const answers = [first.promise, Promise.resolve(null)]
    const whyNotReady = (): Promise<string | null> => {
      begun.resolve()
      return answers.shift() ?? Promise.reject(new Error('a look too many'))
    }
    const port = await start({ scheduler, whyNotReady })
    const late = ask(port, '/readyz')
    await begun.promise
    await advance(scheduler, READY_MS_MAX)
    expect((await late).status).toBe(503)
    first.resolve('too late')
    expect((await ask(port, '/readyz')).status).toBe(200)
  })

  it('answers nothing else', async () => {
    const port = await start()
    expect((await ask(port, '/')).status).toBe(404)
    expect((await ask(port, '/readyz?x=1')).status).toBe(404)
    expect((await ask(port, '/../livez')).status).toBe(404)
    expect((await ask(port, '/readyz', 'POST')).status).toBe(405)
  })

  it('tells measures to those who may read, where there are any', async () => {
    const token = makeToken()
    const metrics = { access: new HttpAccess(token), text: () => 'weir_x 1\n' }
    const at = `http://127.0.0.1:${await start({ metrics })}/metrics`
    const refused = await fetch(`${at}?token=${token}`)
    expect(refused.status).toBe(401)
    expect(await refused.text()).toContain('Authorization: Bearer')
    const allowed = await fetch(at, { headers: { authorization: bearer(token) } })
    expect(allowed.headers.get('content-type')).toContain('version=0.0.4')
    expect(await allowed.text()).toBe('weir_x 1\n')
    expect((await ask(await start(), '/metrics')).status).toBe(404)
  })

  it('says when its port is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve)
    })
    cleanup.push(() => other.close())
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(start({ port })).rejects.toMatchObject({ code: 'net/port-in-use' })
  })
})
