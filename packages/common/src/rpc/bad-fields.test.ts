// The matrix of bad requests: every field of every message that any method of the three services takes, found by walking
// the descriptors, is left out, of another type, out of range, endless. A real server on loopback answers each with a
// refusal that names the field, or takes the value for a legal one; it never hangs, never answers "internal", and what is
// refused reaches nobody. A new method fails here until it has a sample; a new field is covered by being in the .proto.

import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JobClient } from '../job-client.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { coordinatorService } from './coordinator-server.ts'
import { jobService } from './job-server.ts'
import { wireServices } from './load-proto.ts'
import { REQUESTS } from './requests.fixture.ts'
import { gapsOf, nonsenseFor, placesOf } from './nonsense.fixture.ts'
import { encode, type Values } from './raw-message.fixture.ts'
import { RecordingCoordinator, RecordingWorker } from './samples.fixture.ts'
import { serve } from './serve.ts'
import { FAILURE_METADATA_KEY } from './status.ts'
import { makeToken } from './token.ts'
import { workerService } from './worker-server.ts'

const TOKEN = makeToken()
/** Only ends what hangs. */
const TEST_MS_MAX = 600_000

const coordinator = new RecordingCoordinator()
const worker = new RecordingWorker()
const reached: string[] = []
const jobs = new Proxy({} as JobClient, {
  get: (_target, method) => () => {
    reached.push(String(method))
    throw new Error('reached')
  },
})
const reachedSoFar = (): number => reached.length + coordinator.asked.length + worker.asked.length

let client: Client
let close = (): Promise<void> => Promise.resolve()
beforeAll(async () => {
  const services = [
    coordinatorService({ gateway: coordinator, onWorkerLost: () => {} }),
    workerService(worker),
    jobService(jobs),
  ]
  const scheduler = systemScheduler()
  const server = await serve({ port: 0, flag: '--port', token: TOKEN, scheduler, services })
  client = new Client(server.address, credentials.createInsecure(), {
    'grpc.max_send_message_length': -1,
  })
  close = () => server.close()
})
afterAll(async () => {
  client.close()
  await close()
})

interface Answer {
  readonly code: status
  readonly details: string
  /** With what came behind the answer. */
  readonly all: string
}

let calls = 0
/** As another caller each time, because what a call says of its order binds those that follow. */
function fresh(sample: Values): Values {
  calls += 1
  return { ...sample, header: { ...(sample['header'] as Values), sender: `caller-${calls}` } }
}

/** Sends one message, whatever the method's kind, and waits for the end of the call, or for one answer of a stream. */
function call(path: string, message: Buffer): Promise<Answer> {
  const bytes = (value: Buffer): Buffer => value
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${TOKEN}`)
  const deadline = Date.now() + TEST_MS_MAX
  const stream = client.makeBidiStreamRequest<Buffer, Buffer>(path, bytes, bytes, metadata, {
    deadline,
  })
  return new Promise((resolve) => {
    stream.on('data', () => {
      resolve({ code: status.OK, details: '', all: '' })
      stream.cancel()
    })
    stream.on('error', (error: Partial<ServiceError>) => {
      const { code = status.UNKNOWN, details = '', metadata: trailers } = error
      const failure = trailers?.get(FAILURE_METADATA_KEY)[0] ?? ''
      resolve({ code, details, all: details + failure.toString() })
    })
    stream.on('end', () => resolve({ code: status.OK, details: '', all: '' }))
    stream.write(message)
    stream.end()
  })
}

/** What is answered behind the checks: by the test's own gateways, and to a worker that is not registered. */
const TAKEN = /^rpc\/(internal: reached|unknown-worker)/
/** Read by nobody in some calls, or cut instead of refused, because the news must come through. */
const BORNE = /^(header\.fence|failure\.|lines\.text$)/

/** It is no message at all, so that there is no field to name; or no bundle, or no head, came with it. */
const REFUSED_OTHERWISE =
  /^(Error deserializing request|job\/bundle-mismatch: |rpc\/invalid-argument: head: is missing)/
const INVALID = 'rpc/invalid-argument: '

/** What the loader knows beside what gRPC needs. */
type Described = Readonly<
  Record<
    string,
    { readonly path: string; readonly requestType: { readonly type: { readonly name: string } } }
  >
>

const methods = Object.values({ ...wireServices() }).flatMap((definition) =>
  Object.values(definition as unknown as Described).map(({ path, requestType }) => ({
    path,
    name: path.replace('/weir.v1.', ''),
    type: requestType.type.name,
  })),
)

describe.each(methods)('$name', ({ path, name, type }) => {
  const samples = REQUESTS[name]

  test('has a sample that is accepted, with something in every message', async () => {
    expect(samples, 'add one to requests.fixture.ts').toBeDefined()
    expect(gapsOf(type, samples ?? []), 'fill them in requests.fixture.ts').toEqual([])
    for (const sample of samples ?? []) {
      const before = reachedSoFar()
      const { code, details } = await call(path, encode(type, fresh(sample)))
      if (code !== status.OK) expect(details).toMatch(TAKEN)
      if (!name.endsWith('/Attach')) expect(reachedSoFar()).toBe(before + 1)
    }
  })

  test.each(
    (samples ?? []).flatMap((sample, i) =>
      placesOf(type, sample).map((place) => ({
        sample,
        ...place,
        at: `${i}:${place.path.join('.')}`,
      })),
    ),
  )(
    '$at',
    async ({ sample, path: fieldPath, field }) => {
      for (const { what, instead, never } of nonsenseFor(field)) {
        const before = reachedSoFar()
        const message = encode(type, fresh(sample), { path: fieldPath, instead: instead(field) })
        const { code, details, all } = await call(path, message)
        // Clients are strangers to the files of the JobManager; its TaskManagers are not.
        if (name.startsWith('JobService/'))
          expect(all).not.toMatch(/\n\s+at |\/src\/|node:internal/)
        const said = `${what}: ${status[code]} ${details}`
        if (code === status.OK || TAKEN.test(details)) {
          expect(never && !BORNE.test(fieldPath.join('.')), said).toBe(false)
          continue
        }
        expect(reachedSoFar(), said).toBe(before)
        if (REFUSED_OTHERWISE.test(details)) continue
        expect(code, said).toBe(status.INVALID_ARGUMENT)
        // Bytes of the wrong type swallow what follows, and an empty message has fields that are missing: some are named.
        const others = /instead|longer/.test(what) || field.kind === 'message'
        const names = others ? [': '] : fieldPath
        expect(
          names.some((one) => details.replace(INVALID, '').includes(one)),
          said,
        ).toBe(true)
      }
    },
    TEST_MS_MAX,
  )
})
