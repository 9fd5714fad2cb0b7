// The matrix of bad answers: every field of every message that a JobManager or a TaskManager answers a peer with, found by
// walking the descriptors, is left out, of another type, out of range, endless. The real clients ask a server that answers so:
// each call ends soon, with the value where it may be one, or with an error of ours that names the field; never with a
// TypeError. A new method fails here until it has an answer and a call; a new field is covered by being in the .proto.

import { createHash } from 'node:crypto'
import { Metadata, Server, ServerCredentials, status, type UntypedHandleCall } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WeirError } from '../core/errors.ts'
import { bundleHash, checkpointId } from '../core/ids.ts'
import type { CoordinatorGateway, WorkerGateway } from '../core/gateways.ts'
import { DEFAULT_JOB_SETTINGS } from '../core/graph/logical-graph.ts'
import type { JobClient } from '../job-client.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { ANSWERS } from './answers.fixture.ts'
import { connectCoordinator } from './coordinator-client.ts'
import { connectJobManager } from './job-client.ts'
import { wireServices } from './load-proto.ts'
import { gapsOf, nonsenseFor, placesOf } from './nonsense.fixture.ts'
import { encode } from './raw-message.fixture.ts'
import {
  ACK,
  DEPLOY,
  FAILURE,
  FENCE,
  GRAPH_SAMPLE,
  HEARTBEAT,
  REGISTRATION,
  SLOT_REQUEST,
  TASK,
  WORKER,
} from './samples.fixture.ts'
import { FAILURE_METADATA_KEY } from './status.ts'
import { makeToken } from './token.ts'
import { workerDialer } from './worker-client.ts'

const TOKEN = makeToken()
const TEST_MS_MAX = 600_000
const SAID_CHARS_MAX = 1_000

// ---- the server that answers as it is told ----

interface Described {
  readonly path: string
  readonly responseStream: boolean
  readonly requestType: unknown
  readonly responseType: { readonly type: { readonly name: string } }
}
const methods = Object.values({ ...wireServices() }).flatMap((definition) =>
  (Object.values(definition) as unknown as Described[]).map((method) => ({
    path: method.path,
    name: method.path.replace('/weir.v1.', ''),
    type: method.responseType.type.name,
  })),
)

let answers: ReadonlyMap<string, Buffer> = new Map()
/** Instead of any answer. */
let trailers: Buffer | null = null

function answering(path: string): UntypedHandleCall {
  const failed = (): object => {
    const metadata = new Metadata()
    metadata.set(FAILURE_METADATA_KEY, trailers ?? Buffer.alloc(0))
    return { code: status.ABORTED, details: 'as told', metadata }
  }
  // Whatever the method's kind: the answer, and the end, but for the stream whose end would mean a lost peer.
  return ((
    call: { write?: (value: Buffer) => void; end?: () => void; emit: Function },
    done?: Function,
  ) => {
    const answer = answers.get(path) ?? Buffer.alloc(0)
    if (done !== undefined) return trailers === null ? done(null, answer) : done(failed())
    if (trailers !== null) return call.emit('error', failed())
    call.write?.(answer)
    if (!path.endsWith('/Attach')) call.end?.()
  }) as unknown as UntypedHandleCall
}

const server = new Server({ 'grpc.max_send_message_length': -1 })
let job: JobClient
let worker: WorkerGateway
let coordinator: CoordinatorGateway
const ends: (() => void)[] = []

beforeAll(async () => {
  for (const definition of Object.values({ ...wireServices() })) {
    const raw = Object.fromEntries(
      Object.entries(definition as unknown as Record<string, Described>).map(([name, method]) => [
        name,
        { ...method, responseSerialize: (bytes: Buffer) => bytes },
      ]),
    )
    const handlers = Object.entries(raw).map(([name, { path }]) => [
      name,
      answering(path as string),
    ])
    server.addService(raw as never, Object.fromEntries(handlers) as never)
  }
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  const address = `127.0.0.1:${port}`
  const scheduler = systemScheduler()
  const own = { address, token: TOKEN, sender: 'test', scheduler }
  const client = connectJobManager(own)
  const peer = connectCoordinator({ ...own, workerId: REGISTRATION.workerId, onLost: () => {} })
  const dialer = workerDialer(own)
  worker = dialer.connect({ ...REGISTRATION, controlAddress: address }, () => {})
  job = client.client
  coordinator = peer.gateway
  ends.push(
    () => client.close(),
    () => peer.close(),
    () => dialer.disconnect(REGISTRATION.workerId),
    () => server.forceShutdown(),
  )
})
afterAll(() => {
  for (const end of ends) end()
})

// ---- what the clients ask ----

const nothing = new Uint8Array(0)
const code = Buffer.from('the code')
const sha256 = (bytes: Uint8Array) => bundleHash(createHash('sha256').update(bytes).digest('hex'))
const notice = { fence: FENCE, checkpointId: checkpointId(9), final: true }
const some = { fence: FENCE, tasks: [TASK] }

async function watched(): Promise<unknown> {
  const events: unknown[] = []
  for await (const event of job.watch('abc', new AbortController().signal)) events.push(event)
  return events
}

const CALLS: Readonly<Record<string, () => Promise<unknown>>> = {
  'CoordinatorService/Register': () => coordinator.register(REGISTRATION),
  'CoordinatorService/Attach': () => coordinator.register(REGISTRATION),
  'CoordinatorService/Heartbeat': () => coordinator.heartbeat(HEARTBEAT),
  'CoordinatorService/Unregister': () => coordinator.unregister(REGISTRATION.workerId, 'done'),
  'CoordinatorService/TaskUpdate': () =>
    coordinator.taskUpdate({ fence: FENCE, task: TASK, change: { state: 'running' } }),
  'CoordinatorService/Acknowledge': () => coordinator.acknowledge(ACK),
  'CoordinatorService/Decline': () =>
    coordinator.decline({ ...notice, task: TASK, failure: FAILURE }),
  'CoordinatorService/SlotsLost': () =>
    coordinator.slotsLost(REGISTRATION.workerId, FENCE, [0], FAILURE),
  'CoordinatorService/Output': () => coordinator.output([]),
  'CoordinatorService/FetchBundle': () => coordinator.fetchBundle(FENCE.jobId, sha256(code)),
  'WorkerService/Allocate': () => worker.allocate(SLOT_REQUEST),
  'WorkerService/Deploy': () => worker.deploy(DEPLOY),
  'WorkerService/Run': () => worker.run(some),
  'WorkerService/Cancel': () => worker.cancel(some),
  'WorkerService/Release': () => worker.release(FENCE),
  'WorkerService/Trigger': () => worker.trigger({ ...notice, ...some, timestampMs: 1 }),
  'WorkerService/NotifyComplete': () => worker.notifyComplete(notice),
  'WorkerService/NotifyAborted': () => worker.notifyAborted(notice),
  'JobService/Submit': () =>
    job.submit({
      graph: GRAPH_SAMPLE,
      settings: DEFAULT_JOB_SETTINGS,
      args: {},
      bundle: nothing,
      bundleHash: sha256(nothing),
      submittedAtMs: 1,
      restoreFrom: null,
      allowNonRestoredState: false,
      submissionId: 'ab'.repeat(16),
    }),
  'JobService/List': () => job.list(),
  'JobService/Describe': () => job.describe('abc'),
  'JobService/Checkpoints': () => job.checkpoints('abc'),
  'JobService/Cancel': () => job.cancel('abc'),
  'JobService/TriggerCheckpoint': () => job.triggerCheckpoint('abc'),
  'JobService/Workers': () => job.workers(),
  'JobService/DrainWorker': () => job.drainWorker(WORKER, true),
  'JobService/Cluster': () => job.cluster(),
  'JobService/JobDefaults': () => job.jobDefaults(),
  'JobService/Watch': watched,
}

const goodAnswers = new Map(
  methods.map(({ path, name, type }) => [path, encode(type, ANSWERS[name]?.[0] ?? {})]),
)

/** Null: the call ended well. */
async function refusalOf(name: string): Promise<WeirError | null> {
  const ask = CALLS[name]
  if (ask === undefined) return expect.unreachable(`no call of ${name}`)
  try {
    await ask()
    return null
  } catch (error) {
    if (error instanceof WeirError) return error
    throw error
  }
}

/** Cut instead of refused, or read by nobody: the code of a job has its hash, and who is attached knows to whom. */
const BORNE = /^(chunk$|output\.text$|coordinatorId$|(.+\.)?failure\.)/
/** It is no message at all, or the code is not what was asked for: there is no field to name. */
const REFUSED_OTHERWISE = /[Pp]arsing error|deserializ|does not have its hash/

describe.each(methods)('$name', ({ path, name, type }) => {
  const samples = ANSWERS[name]

  test('has an answer that is understood, with something in every message', async () => {
    expect(samples, 'add one to answers.fixture.ts').toBeDefined()
    expect(CALLS[name], 'add a call').toBeDefined()
    expect(gapsOf(type, samples ?? []), 'fill them in answers.fixture.ts').toEqual([])
    for (const sample of samples ?? []) {
      answers = new Map(goodAnswers).set(path, encode(type, sample))
      expect(await refusalOf(name)).toBeNull()
    }
  })

  test('may end with any trailers', async () => {
    const failure = { code: 'a/b', message: 'no', domain: 'user', retry: 'never' }
    const nonsense = [
      '',
      '{',
      '[]',
      'null',
      '"x"',
      '['.repeat(10_000),
      'x'.repeat(20_000),
      '{"__proto__":{"code":"a/b"}}',
      ...Object.keys(failure).flatMap((member) =>
        [null, 5, {}, [], 'x'.repeat(5_000), '__proto__', '\u001b[2J'].map((value) =>
          JSON.stringify({ ...failure, [member]: value }),
        ),
      ),
    ]
    try {
      for (const text of nonsense) {
        trailers = Buffer.from(text)
        expect(await refusalOf(name), text.slice(0, 80)).toBeInstanceOf(WeirError)
      }
    } finally {
      trailers = null
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
        const answer = encode(type, sample, { path: fieldPath, instead: instead(field) })
        answers = new Map(goodAnswers).set(path, answer)
        const error = await refusalOf(name)
        const said = `${what}: ${error?.code} ${error?.message.slice(0, 300)}`
        if (error === null) {
          expect(never && !BORNE.test(fieldPath.join('.')), said).toBe(false)
          continue
        }
        expect(error.code, said).toMatch(/^rpc\/|^job\/bundle-mismatch$/)
        expect(error.message.length, said).toBeLessThan(SAID_CHARS_MAX)
        if (REFUSED_OTHERWISE.test(error.message)) continue
        // A million messages are read before they are counted: on a busy machine the deadline is sooner.
        if (what === 'too many' && error.code === 'rpc/deadline') continue
        const others = /instead|longer/.test(what) || field.kind === 'message'
        const names = others ? [': '] : fieldPath
        expect(
          names.some((one) => error.message.includes(one)),
          said,
        ).toBe(true)
      }
    },
    TEST_MS_MAX,
  )
})
