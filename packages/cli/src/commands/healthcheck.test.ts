import { createServer } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type HealthOptions, serveHealth } from '@weirjs/common/node/health-server'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { identityOf, makeAuthority } from '@weirjs/common/tls/certificates.fixture'
import { afterEach, describe, expect, it } from 'vitest'
import { testCli, type TestRun } from '../test-cli.fixture.ts'

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

async function process_(more: Partial<HealthOptions> = {}): Promise<number> {
  const server = await serveHealth({
    role: 'taskmanager',
    host: '127.0.0.1',
    port: 0,
    scheduler: systemScheduler(),
    whyNotReady: async () => null,
    metrics: null,
    ...more,
  })
  cleanup.push(() => server.close())
  return server.port
}

const check = (port: number | string, ...argv: readonly string[]): Promise<TestRun> =>
  testCli(null, process.cwd(), { WEIR_HEALTH_PORT: `${port}` }).run('healthcheck', ...argv)

describe('weir healthcheck', () => {
  it('is 0 when the process is ready', async () => {
    const port = await process_()
    expect(await check(port)).toMatchObject({ code: 0, out: ['taskmanager is ready'], err: [] })
    expect((await check(port, 'taskmanager')).code).toBe(0)
    expect((await check(port, '-o', 'name')).out).toEqual(['taskmanager'])
    expect((await check(port, '-o', 'yaml')).out).toContain('status: ok')
    const { out } = await check(port, '--json')
    expect(JSON.parse(out.join(''))).toEqual({ role: 'taskmanager', status: 'ok', reason: null })
  })

  it('asks by HTTPS where the process answers so, and believes its own authority alone', async () => {
    const authority = makeAuthority()
    const pair = authority.issue({ hosts: ['tm-1.example.org'] })
    const port = await process_({ tls: identityOf(pair, authority) })
    const directory = mkdtempSync(join(tmpdir(), 'weir-health-'))
    cleanup.push(() => rmSync(directory, { recursive: true }))
    const ask = (ca: string): Promise<TestRun> => {
      writeFileSync(join(directory, 'ca.crt'), ca)
      const defines = ['security.ssl.rest.enabled=true', `security.ssl.directory=${directory}`]
      return check(port, ...defines.flatMap((define) => ['-D', define]))
    }
    expect(await ask(authority.certificate)).toMatchObject({
      code: 0,
      out: ['taskmanager is ready'],
    })
    expect((await ask(makeAuthority().certificate)).code).toBe(1)
    expect((await check(port)).code).toBe(1)
  })

  it('is 1 when it is not, and says why', async () => {
    const whyNotReady = async (): Promise<string> => 'not registered at the JobManager jm:6123'
    const { code, out, err } = await check(await process_({ whyNotReady }), 'taskmanager')
    expect({ code, out }).toEqual({ code: 1, out: [] })
    expect(err[0]).toContain('the taskmanager is not ready: not registered at the JobManager')
  })

  it('is 1 when somebody else is there, or nobody', async () => {
    const port = await process_()
    const other = await check(port, 'jobmanager')
    expect(other.code).toBe(1)
    expect(other.err[0]).toContain('a taskmanager is there')
    await cleanup.pop()?.()
    const nobody = await check(port)
    expect(nobody.code).toBe(1)
    expect(nobody.err[0]).toContain('process/not-ready')
  })

  it('is 1 when what answers is no process of ours', async () => {
    for (const body of ['hello', '{"role":"cook","reason":null}', '[]']) {
      const server = createServer((_request, response) => response.end(body))
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
      cleanup.push(() => server.close())
      const { code, err } = await check((server.address() as AddressInfo).port)
      expect(code).toBe(1)
      expect(err[0]).toContain('is no process of Weir')
    }
  })

  it('wants a port, and a role that there is', async () => {
    expect((await check('off')).code).toBe(2)
    expect((await check(1, 'cook')).code).toBe(2)
  })
})
