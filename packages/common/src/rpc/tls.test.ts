// TLS over real sockets: who is let in, who is not, and what both sides are told.

import { once } from 'node:events'
import { connect, createServer as createPlainServer, type Socket } from 'node:net'
import { connect as connectTls, createServer } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { isAbsence } from '../core/errors.ts'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { MemoryLog } from '../core/memory-log.ts'
import { fromNow, identityOf, makeAuthority } from '../tls/certificates.fixture.ts'
import type { Identity } from '../tls/identity.ts'
import { roleUri } from '../tls/roles.ts'
import { TOLD_EVERY_MS } from './refusals.ts'
import { FENCE, REGISTRATION, RecordingWorker } from './samples.fixture.ts'
import { serve } from './serve.ts'
import { TlsCredentials } from './tls-credentials.ts'
import { HANDSHAKE_MS_MAX, tlsDoor } from './tls-door.ts'
import {
  addressOf,
  authority,
  cleanup,
  jobManager,
  list,
  of,
  register,
  scheduler,
  stranger,
  TOKEN,
  until,
} from './tls-kit.contract.ts'
import { makeToken } from './token.ts'
import { workerDialer } from './worker-client.ts'
import { workerService } from './worker-server.ts'

describe('a connection by TLS', () => {
  it('stands between those who believe each other, and the token is wanted on top', async () => {
    const { server, refused } = await jobManager(of('jobmanager'))
    await expect(list(server.address, of('client'))).resolves.toEqual([])
    await expect(register(server.address, of('taskmanager'))).resolves.toBeDefined()
    await expect(list(server.address, of('client'), makeToken())).rejects.toMatchObject({
      code: 'rpc/unauthenticated',
    })
    expect(refused()).toEqual([])
  })

  it('is TLS 1.3 and nothing older, from either side', async () => {
    const { server, refused } = await jobManager(of('jobmanager'))
    const { ca, cert, key } = of('client').options
    const options = { ca, cert, key, port: server.port, host: '127.0.0.1' }
    const old = connectTls({ ...options, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
    const [error] = (await once(old, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    await until(() => refused().length > 0)
    expect(refused()).toEqual(['tls/handshake-failed'])
    const { options: own } = of('jobmanager')
    const older = createServer({ ...own, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
    await expect(list(await addressOf(older), of('client'))).rejects.toMatchObject({
      code: 'tls/handshake-failed',
    })
  })

  it('is absent, and not refused, where the network ends connections before it stands', async () => {
    const address = await addressOf(createPlainServer((socket) => void socket.destroy()))
    const outcome = list(address, of('client'))
    await expect(outcome).rejects.toSatisfy(isAbsence)
  })

  it('is given up by who dials when nobody finishes the handshake', async () => {
    const address = await addressOf(createPlainServer((socket) => void socket.resume()))
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
    cleanup.push(() => socket.destroy())
    await once(socket, 'connect')
    const time = new ManualScheduler()
    const dialer = new TlsCredentials({ identity: of('client'), peer: null }, address, time)
    const connecting = dialer._createSecureConnector(null, {}).connect(socket)
    const outcome = expect(connecting).rejects.toMatchObject({
      code: 'tls/handshake-failed',
      message: expect.stringContaining(address),
    })
    const closed = once(socket, 'close')
    time.advance(HANDSHAKE_MS_MAX)
    await outcome
    await closed
    expect(time.pending).toBe(0)
  })

  it('shows a certificate each time: what was shown before is not remembered', async () => {
    const { server, refused } = await jobManager(of('jobmanager'))
    const at = { port: server.port, host: '127.0.0.1', ca: authority.certificate }
    const { cert, key } = of('client').options
    const known = connectTls({ ...at, cert, key, ALPNProtocols: ['h2'] })
    cleanup.push(() => known.destroy())
    const sessions: Buffer[] = []
    known.on('session', (session: Buffer) => sessions.push(session))
    known.on('error', () => {})
    await once(known, 'data')
    const session = sessions[0] ?? known.getSession()
    const again = connectTls({ ...at, session, ALPNProtocols: ['h2'] })
    cleanup.push(() => again.destroy())
    again.on('error', () => {})
    const outcome = new Promise<string>((resolve) => {
      again.once('data', () => resolve('let in'))
      again.once('close', () => resolve('closed'))
    })
    expect(await outcome).toBe('closed')
    await until(() => refused().length > 0)
    expect(refused()).toEqual(['tls/no-certificate'])
  })

  interface Stranger {
    readonly what: string
    readonly client: () => Identity | undefined
    readonly code: string
    /** What the JobManager logs; null: nothing, because who dials gives up first (so the next one is the first). */
    readonly logged: string | null
  }

  const strangers: readonly Stranger[] = [
    {
      what: 'that speaks without TLS',
      client: () => undefined,
      code: 'tls/required',
      logged: 'tls/plaintext',
    },
    {
      what: 'with a certificate of another authority',
      client: () => identityOf(stranger.issue(), authority),
      code: 'tls/not-accepted',
      logged: 'tls/untrusted',
    },
    {
      what: 'that believes another authority',
      client: () => identityOf(authority.issue(), stranger),
      code: 'tls/untrusted',
      logged: null,
    },
    {
      what: 'whose certificate has expired',
      client: () => of('client', { notAfterMs: fromNow(-1) }),
      code: 'tls/not-accepted',
      logged: 'tls/expired',
    },
    {
      what: 'whose certificate is not valid yet',
      client: () => of('client', { notBeforeMs: fromNow(1) }),
      code: 'tls/not-accepted',
      logged: 'tls/expired',
    },
    {
      what: 'whose certificate signs itself',
      client: () => {
        const self = makeAuthority('self')
        return identityOf(self.issue({ commonName: 'self' }), authority)
      },
      code: 'tls/not-accepted',
      logged: 'tls/untrusted',
    },
  ]

  it.each(strangers)('is refused to a client $what', async ({ client, code, logged }) => {
    const { server, refused } = await jobManager(of('jobmanager'))
    await expect(list(server.address, client())).rejects.toMatchObject({ code, domain: 'user' })
    if (logged === null) await expect(list(server.address, undefined)).rejects.toThrow()
    await until(() => refused().length > 0)
    expect(refused()).toEqual([logged ?? 'tls/plaintext'])
  })

  it('is refused to a client that shows no certificate', async () => {
    const { server, refused } = await jobManager(of('jobmanager'))
    const socket = connectTls({ port: server.port, host: '127.0.0.1', ca: authority.certificate })
    socket.on('error', () => {})
    socket.resume()
    await once(socket, 'close')
    expect(refused()).toEqual(['tls/no-certificate'])
  })

  const servers = [
    ['without TLS', () => undefined, 'tls/plaintext'],
    [
      'with a certificate of another authority',
      () => identityOf(stranger.issue(), authority),
      'tls/untrusted',
    ],
    [
      'whose certificate has expired',
      () => of('jobmanager', { notAfterMs: fromNow(-1) }),
      'tls/expired',
    ],
    [
      'whose certificate is for another name',
      () => of('jobmanager', { hosts: ['elsewhere'] }),
      'tls/wrong-name',
    ],
    ['that shows the certificate of a TaskManager', () => of('taskmanager'), 'tls/wrong-role'],
    ['that shows the certificate of a client', () => of('client'), 'tls/wrong-role'],
  ] as const

  it.each(servers)(
    'is given up by a client that finds a server %s',
    async (_what, server, code) => {
      const found = await jobManager(server())
      const error = { code, message: expect.stringContaining(found.server.address) }
      await expect(list(found.server.address, of('client'))).rejects.toMatchObject(error)
      expect(found.coordinator.asked).toEqual([])
    },
  )

  it.each(servers)(
    'is given up all the same where the environment says to believe everybody: a server %s',
    async (_what, server, code) => {
      vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
      const found = await jobManager(server())
      await expect(list(found.server.address, of('client'))).rejects.toMatchObject({ code })
      expect(found.coordinator.asked).toEqual([])
    },
  )

  it('does not look at names when it was told not to, but at roles all the same', async () => {
    const lenient = identityOf(authority.issue(), authority, false)
    const { server } = await jobManager(of('jobmanager', { hosts: ['elsewhere'] }))
    await expect(list(server.address, lenient)).resolves.toEqual([])
    const other = await jobManager(of('taskmanager', { hosts: ['elsewhere'] }))
    await expect(list(other.server.address, lenient)).rejects.toMatchObject({
      code: 'tls/wrong-role',
    })
  })

  it('checks the name that was dialed, not only the address', async () => {
    const { server } = await jobManager(of('jobmanager', { hosts: ['localhost'] }))
    await expect(list(`localhost:${server.port}`, of('client'))).resolves.toEqual([])
    await expect(list(server.address, of('client'))).rejects.toMatchObject({
      code: 'tls/wrong-name',
    })
  })

  it('tells of strangers once a minute and kind, not once for each', async () => {
    const time = new ManualScheduler()
    const told: (readonly [code: string, untold: number])[] = []
    const door = tlsDoor({
      identity: of('jobmanager'),
      clock: time,
      onConnection: () => {},
      onRefused: ({ code }, untold) => told.push([code, untold]),
    })
    cleanup.push(() => door.close())
    const address = await addressOf(createPlainServer((socket) => door.take(socket)))
    const speak = async (): Promise<void> => {
      const socket: Socket = connect(Number(address.split(':')[1]), '127.0.0.1')
      socket.on('error', () => {})
      socket.resume()
      socket.write('GET / HTTP/1.1\r\n\r\n')
      await once(socket, 'close')
    }
    for (let i = 0; i < 5; i += 1) await speak()
    time.advance(TOLD_EVERY_MS - 1)
    await speak()
    expect(told).toEqual([['tls/plaintext', 0]])
    time.advance(1)
    await speak()
    expect(told).toEqual([
      ['tls/plaintext', 0],
      ['tls/plaintext', 5],
    ])
  })
})

describe('a role', () => {
  const wrong = { code: 'tls/wrong-role', domain: 'user', retry: 'never' }

  it('of a TaskManager does not submit, and that of a client does not register', async () => {
    const { server, coordinator } = await jobManager(of('jobmanager'))
    await expect(list(server.address, of('taskmanager'))).rejects.toMatchObject({
      ...wrong,
      message: expect.stringMatching(/JobService\/List has the role taskmanager .* not client/),
    })
    await expect(register(server.address, of('client'))).rejects.toMatchObject(wrong)
    await expect(list(server.address, of('jobmanager'))).rejects.toMatchObject(wrong)
    expect(coordinator.asked).toEqual([])
  })

  it('that is wrong is told to the operator, too', async () => {
    const { server, log } = await jobManager(of('jobmanager'))
    await expect(list(server.address, of('taskmanager'))).rejects.toMatchObject(wrong)
    expect(log.of('Refused calls by certificates of another role')).toMatchObject([
      { level: 'warn', fields: { from: expect.stringMatching(/as taskmanager to .*JobService/) } },
    ])
  })

  it('must be there, and be one', async () => {
    const { server } = await jobManager(of('jobmanager'))
    const both = [roleUri('client'), roleUri('taskmanager')]
    await expect(list(server.address, of('client', { uris: [] }))).rejects.toMatchObject(wrong)
    await expect(list(server.address, of('client', { uris: both }))).rejects.toMatchObject(wrong)
  })

  it('of the JobManager alone commands workers', async () => {
    const worker = new RecordingWorker()
    const server = await serve({
      port: 0,
      flag: '--port',
      token: TOKEN,
      scheduler,
      tls: { identity: of('taskmanager'), log: new MemoryLog() },
      services: [workerService(worker)],
    })
    cleanup.push(() => server.close())
    const release = (tls: Identity): Promise<void> => {
      const dialer = workerDialer({ token: TOKEN, sender: 'jm', scheduler, tls })
      cleanup.push(() => dialer.disconnect(REGISTRATION.workerId))
      const at = { ...REGISTRATION, controlAddress: server.address }
      return dialer.connect(at, () => {}).release(FENCE)
    }
    await expect(release(of('client'))).rejects.toMatchObject(wrong)
    await expect(release(of('taskmanager'))).rejects.toMatchObject(wrong)
    expect(worker.asked).toEqual([])
    await expect(release(of('jobmanager'))).resolves.toBeUndefined()
  })
})
