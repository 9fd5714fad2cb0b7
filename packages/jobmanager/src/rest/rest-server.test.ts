// The port itself, plain and encrypted: what a browser is given to keep.

import { get as getEncrypted } from 'node:https'
import { get, type IncomingMessage } from 'node:http'
import { silentLog } from '@weirjs/common/core/log'
import { HttpAccess, readKeyOf } from '@weirjs/common/node/http-access'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { makeToken } from '@weirjs/common/rpc/token'
import { identityOf, makeAuthority } from '@weirjs/common/tls/certificates.fixture'
import { expect, test } from 'vitest'
import { startRest } from './rest-server.ts'

const authority = makeAuthority()

test.each([
  ['encrypted, and goes no other way', true, 'HttpOnly; Secure; SameSite=Strict'],
  ['in plain text', false, 'HttpOnly; SameSite=Strict'],
])('the cookie of a browser that came %s', async (_how, encrypted, flags) => {
  const token = makeToken()
  const server = await startRest({
    host: '127.0.0.1',
    port: 0,
    tls: encrypted ? identityOf(authority.issue(), authority) : undefined,
    version: 'test',
    // The page alone is asked for.
    source: {} as never,
    scheduler: systemScheduler(),
    log: silentLog,
    whyNotReady: async () => null,
    metrics: { access: new HttpAccess(token), text: () => '' },
  })
  const key = readKeyOf(token)
  const options = { host: '127.0.0.1', port: server.port, path: `/?token=${key}`, agent: false }
  const { statusCode, headers } = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = encrypted
      ? getEncrypted({ ...options, ca: authority.certificate }, resolve)
      : get(options, resolve)
    asked.on('error', reject)
  }).then((answer) => answer.resume())
  await server.close()
  expect(statusCode).toBe(200)
  const [cookie = '', ...more] = headers['set-cookie'] ?? []
  expect(more).toEqual([])
  expect(cookie).toMatch(new RegExp(`^weir-${server.port}=${key}; .*Path=/; ${flags}$`))
})
