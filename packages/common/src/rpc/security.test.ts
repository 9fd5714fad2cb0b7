import {
  type Client as GrpcClient,
  Client,
  credentials,
  Metadata,
  type ServiceDefinition,
  status,
} from '@grpc/grpc-js'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { JobClient } from '../job-client.ts'
import { Prng } from '../core/prng.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { coordinatorService } from './coordinator-server.ts'
import { EXCHANGE_METHOD } from './exchange-method.ts'
import { serveExchange } from './exchange-server.ts'
import { jobService } from './job-server.ts'
import { wireServices } from './load-proto.ts'
import { RecordingCoordinator, RecordingWorker } from './samples.fixture.ts'
import { serve } from './serve.ts'
import { makeToken, readToken, secretCheck } from './token.ts'
import { workerService } from './worker-server.ts'

const TOKEN = makeToken()
const scheduler = systemScheduler()
const reached: string[] = []
const clients: GrpcClient[] = []
let control = ''
let data = ''
let closing: (() => Promise<void>)[] = []

/** A job client that remembers being reached at all. */
const jobs = new Proxy({} as JobClient, {
  get: (_target, method) => () => {
    reached.push(String(method))
    throw new Error('reached')
  },
})
const coordinator = new RecordingCoordinator()
const worker = new RecordingWorker()

beforeAll(async () => {
  const services = [
    coordinatorService({ gateway: coordinator, onWorkerLost: () => reached.push('lost') }),
    workerService(worker),
    jobService(jobs),
  ]
  const server = await serve({ port: 0, flag: '--port', token: TOKEN, scheduler, services })
  const exchange = await serveExchange({
    host: '127.0.0.1',
    portRange: { first: 0, last: 0 },
    credential: TOKEN,
    accept: () => {
      throw new Error('reached')
    },
  })
  control = server.address
  data = exchange.address
  closing = [() => server.close(), () => exchange.close()]
})

afterAll(async () => {
  for (const client of clients) client.close()
  await Promise.all(closing.map((close) => close()))
})

const methods = Object.entries({ ...wireServices() }).flatMap(([service, definition]) =>
  Object.values(definition as ServiceDefinition).map((method) => ({
    name: `${service} ${method.path}`,
    method,
  })),
)
const everything = [
  ...methods,
  { name: `exchange ${EXCHANGE_METHOD.path}`, method: EXCHANGE_METHOD },
]

const BAD_TOKENS: readonly (readonly [string, string | null])[] = [
  ['no token', null],
  ['an empty token', ''],
  ['a wrong token', `Bearer ${makeToken()}`],
  ['a token that is too short', `Bearer ${TOKEN.slice(1)}`],
  ['the token without its scheme', TOKEN],
]

/** Status code of a call with that header, whatever its kind. */
function codeOf(
  method: (typeof everything)[number]['method'],
  authorization: string | null,
): Promise<number> {
  const address = method === EXCHANGE_METHOD ? data : control
  // A connection of its own: who is refused again and again on one is put out (strangers.test.ts).
  const own = { 'grpc.use_local_subchannel_pool': 1 }
  const client = new Client(address, credentials.createInsecure(), own)
  clients.push(client)
  const metadata = new Metadata()
  if (authorization !== null) metadata.set('authorization', authorization)
  const bytes = (value: Buffer): Buffer => value
  const call = client.makeBidiStreamRequest<Buffer, Buffer>(method.path, bytes, bytes, metadata)
  call.on('data', () => {})
  call.write(Buffer.alloc(0))
  call.end()
  return new Promise((resolve) => {
    call.on('error', (error: { code?: number }) => resolve(error.code ?? -1))
    call.on('end', () => resolve(status.OK))
  })
}

describe('every method of every service', () => {
  it('is known to this test', () => {
    expect(methods.length).toBe(29)
  })

  it.each(everything)('$name is closed to strangers', async ({ method }) => {
    for (const [what, header] of BAD_TOKENS) {
      expect(await codeOf(method, header), what).toBe(status.UNAUTHENTICATED)
    }
    expect([...reached, ...coordinator.asked, ...worker.asked]).toEqual([])
  })

  it.each(methods)(
    '$name refuses an empty message from a friend, and goes on',
    async ({ method }) => {
      expect(await codeOf(method, `Bearer ${TOKEN}`)).toBe(status.INVALID_ARGUMENT)
      expect([...reached, ...coordinator.asked, ...worker.asked]).toEqual([])
    },
  )

  it('refuses bytes that are no message', async () => {
    const client = new Client(control, credentials.createInsecure())
    clients.push(client)
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${TOKEN}`)
    const path = wireServices().coordinator.Heartbeat.path
    const code = await new Promise((resolve) => {
      client.makeUnaryRequest<Buffer, Buffer>(
        path,
        (bytes) => bytes,
        (bytes) => bytes,
        Buffer.from('ff'.repeat(64), 'hex'),
        metadata,
        (error) => resolve(error?.code),
      )
    })
    expect(code).toBe(status.INTERNAL)
  })
})

describe('hostile bytes', () => {
  const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  const prng = new Prng(7)
  const garbage = (bytes: number): Buffer =>
    Buffer.from(Array.from({ length: bytes }, () => prng.int(256)))

  it('on a socket are answered by its end, and the server goes on', async () => {
    for (const address of [control, data]) {
      const port = Number(address.split(':')[1])
      for (let i = 0; i < 40; i += 1) {
        const socket = connect(port, '127.0.0.1')
        // A reset is as good an answer as an end.
        socket.on('error', () => {})
        const closed = once(socket, 'close')
        socket.resume()
        socket.end(i % 2 === 0 ? garbage(200) : Buffer.concat([PREFACE, garbage(9 + i * 20)]))
        await closed
      }
    }
    const method = wireServices().coordinator.Heartbeat
    expect(await codeOf(method, null)).toBe(status.UNAUTHENTICATED)
    expect(await codeOf(EXCHANGE_METHOD, null)).toBe(status.UNAUTHENTICATED)
  })

  it('that unpack to more than the limit are refused', async () => {
    const client = new Client(control, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': 2,
    })
    clients.push(client)
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${TOKEN}`)
    const code = await new Promise((resolve) => {
      client.makeUnaryRequest<Buffer, Buffer>(
        wireServices().coordinator.Heartbeat.path,
        (bytes) => bytes,
        (bytes) => bytes,
        Buffer.alloc(64 * 1_024 * 1_024),
        metadata,
        (error) => resolve(error?.code),
      )
    })
    expect(code).toBe(status.RESOURCE_EXHAUSTED)
  })
})

describe('a token', () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-token-'))
  afterAll(() => rmSync(directory, { recursive: true }))
  const file = (content: string, mode = 0o600): string => {
    const path = join(directory, makeToken())
    writeFileSync(path, content)
    chmodSync(path, mode)
    return path
  }

  it('has 256 bits and differs each time', () => {
    expect(makeToken()).toMatch(/^[0-9a-f]{64}$/)
    expect(makeToken()).not.toBe(makeToken())
  })

  it('is read from a file of its owner, hex or base64url', () => {
    const token = makeToken()
    const base64 = Buffer.from(token, 'hex').toString('base64url')
    expect(readToken(file(`${token}\n`))).toBe(token)
    expect(readToken(file(base64, 0o400))).toBe(base64)
  })

  it.each([
    ['is missing', () => join(directory, 'nowhere'), 'config/token-missing'],
    ['may be read by the group', () => file(makeToken(), 0o640), 'config/token-exposed'],
    ['may be read by all', () => file(makeToken(), 0o604), 'config/token-exposed'],
    ['is too short', () => file('ab'.repeat(31)), 'config/token-weak'],
    ['is one character again and again', () => file('0'.repeat(64)), 'config/token-weak'],
    ['is empty', () => file(''), 'config/token-weak'],
    [
      'is a sentence',
      () => file('this is not a token but a sentence of some length, is it not?'),
      'config/token-weak',
    ],
    ['is a large file', () => file('ab'.repeat(10_000)), 'config/token-weak'],
  ])('is refused when its file %s', (_what, path, code) => {
    expect(() => readToken(path())).toThrow(expect.objectContaining({ code }))
  })

  it('is accepted only whole and as a bearer', () => {
    const check = secretCheck('secret')
    expect(check.accepts('Bearer secret')).toBe(true)
    for (const wrong of [
      undefined,
      '',
      'secret',
      'Bearer secre',
      'Bearer secrets',
      'bearer secret',
    ]) {
      expect(check.accepts(wrong)).toBe(false)
    }
  })
})

describe('a port', () => {
  const none = { services: [], token: TOKEN, scheduler, flag: 'jobmanager.port' }

  it('in use is named together with the flag that changes it', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(serve({ ...none, port })).rejects.toMatchObject({
      code: 'net/port-in-use',
      domain: 'user',
      message: expect.stringContaining(String(port)),
      hint: expect.stringContaining('jobmanager.port'),
    })
    taken.close()
  })

  it('is bound to loopback unless somebody says otherwise, and an address that is not ours is refused', async () => {
    const server = await serve({ ...none, port: 0 })
    expect(server.address).toBe(`127.0.0.1:${server.port}`)
    await server.close()
    await expect(serve({ ...none, port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'net/bad-address',
      hint: expect.stringContaining('jobmanager.port'),
    })
  })
})
