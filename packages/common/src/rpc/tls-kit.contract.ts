// A JobManager's door and those who come to it, as the tests of TLS use them. What they open is closed after each test.

import { once } from 'node:events'
import type { AddressInfo, createServer, Socket } from 'node:net'
import { afterEach, vi } from 'vitest'
import type { Scheduler } from '../core/clock.ts'
import { workerId } from '../core/ids.ts'
import { MemoryLog } from '../core/memory-log.ts'
import type { JobClient } from '../job-client.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import {
  type Authority,
  type FixedIdentity,
  identityOf,
  makeAuthority,
} from '../tls/certificates.fixture.ts'
import type { Identity } from '../tls/identity.ts'
import type { CertificateWish } from '../tls/make-certificate.ts'
import { type Role, roleUri } from '../tls/roles.ts'
import { connectCoordinator } from './coordinator-client.ts'
import { coordinatorService } from './coordinator-server.ts'
import { connectJobManager } from './job-client.ts'
import { jobService } from './job-server.ts'
import { REGISTRATION, RecordingCoordinator } from './samples.fixture.ts'
import { type RpcServer, serve } from './serve.ts'
import { makeToken } from './token.ts'

export const TOKEN: string = makeToken()
export const scheduler: Scheduler = systemScheduler()
export const authority: Authority = makeAuthority()
export const stranger: Authority = makeAuthority('somebody else')
export const of = (role: Role, more: Partial<CertificateWish> = {}): FixedIdentity =>
  identityOf(authority.issue({ uris: [roleUri(role)], ...more }), authority)

export const cleanup: (() => unknown)[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const end of cleanup.splice(0).toReversed()) await end()
})

const LIST: Pick<JobClient, 'list'> = { list: async () => [] }

export interface Served {
  readonly server: RpcServer
  readonly log: MemoryLog
  readonly coordinator: RecordingCoordinator
  /** Codes of refusals at the door. */
  refused(): readonly unknown[]
}

export async function jobManager(identity: Identity | undefined): Promise<Served> {
  const log = new MemoryLog()
  const coordinator = new RecordingCoordinator()
  const server = await serve({
    port: 0,
    flag: '--port',
    token: TOKEN,
    scheduler,
    tls: identity === undefined ? undefined : { identity, log },
    log,
    services: [
      coordinatorService({ gateway: coordinator, onWorkerLost: () => {} }),
      jobService(LIST as JobClient),
    ],
  })
  cleanup.push(() => server.close())
  const refused = (): readonly unknown[] =>
    log.of('a connection was refused').map(({ fields }) => fields['code'])
  return { server, log, coordinator, refused }
}

/** Asks for the list of jobs; answers it, or rejects. */
export function list(address: string, tls: Identity | undefined, token = TOKEN): Promise<unknown> {
  const connection = connectJobManager({ address, token, sender: 'test', scheduler, tls })
  cleanup.push(() => connection.close())
  return connection.client.list()
}

export function register(address: string, tls: Identity | undefined): Promise<unknown> {
  const connection = connectCoordinator({
    address,
    token: TOKEN,
    workerId: workerId('w1'),
    scheduler,
    tls,
    onLost: () => {},
  })
  cleanup.push(() => connection.close())
  return connection.gateway.register(REGISTRATION)
}

/** Of a server of somebody else. */
export async function addressOf(server: ReturnType<typeof createServer>): Promise<string> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => open.add(socket))
  cleanup.push(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** The log comes from the other end of a connection: a turn of theirs later than our error. */
export async function until(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setImmediate(resolve))
}
