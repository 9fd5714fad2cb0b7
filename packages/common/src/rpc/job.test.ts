import { createHash, randomBytes } from 'node:crypto'

import { afterEach, describe, expect, it } from 'vitest'

import { bundleHash, checkpointId, type JobId } from '../core/ids.ts'
import type {
  CheckpointView,
  ClusterView,
  JobClient,
  JobDefault,
  JobDetail,
  JobEventView,
  JobSummary,
  SubmitRequest,
  WorkerView,
} from '../job-client.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { connectJobManager, type JobConnection } from './job-client.ts'
import { jobService } from './job-server.ts'
import {
  type Asked,
  FAILURE,
  FENCE,
  GRAPH_SAMPLE,
  NO_SUCH_JOB,
  PLAN_SAMPLE,
  SETTINGS_SAMPLES,
} from './samples.fixture.ts'
import { type RpcServer, serve } from './serve.ts'
import { SOON_MS_MAX } from './soon.fixture.ts'
import { makeToken } from './token.ts'

const TOKEN = makeToken()
const scheduler = systemScheduler()
const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

const RUNNING: JobSummary = {
  jobId: FENCE.jobId,
  name: 'Zählen',
  state: 'RUNNING',
  health: 'HEALTHY',
  submittedAtMs: 1_700_000_000_000,
  endedAtMs: null,
  attempt: 1,
  restarts: 0,
  tasks: { total: 4, running: 3 },
  lastCheckpointId: null,
  failure: null,
}
const FAILED: JobSummary = {
  ...RUNNING,
  state: 'FAILED',
  health: 'DEGRADED',
  endedAtMs: 1_700_000_000_001.5,
  lastCheckpointId: checkpointId(8),
  failure: FAILURE,
}
const CHECKPOINT: CheckpointView = {
  checkpointId: checkpointId(8),
  state: 'COMPLETED',
  kind: 'manual',
  triggeredAtMs: 5,
  endedAtMs: 6,
  stateBytes: 7e10,
  acknowledged: 4,
  total: 4,
  stallMsMax: 0.125,
  path: '/var/weir/chk-8',
  failure: null,
}
const BROKEN: CheckpointView = {
  ...CHECKPOINT,
  state: 'FAILED',
  endedAtMs: null,
  path: null,
  failure: FAILURE,
}
const DETAIL: JobDetail = {
  ...FAILED,
  plan: PLAN_SAMPLE,
  settings: SETTINGS_SAMPLES[0] as JobDetail['settings'],
  taskViews: [
    {
      vertexId: 'v0',
      subtask: 1,
      name: 'lines',
      state: 'running',
      worker: null,
      attempt: 2,
      busyRatio: 1,
      idleRatio: 0,
      backPressuredRatio: 0,
      recordsIn: 1,
      recordsOut: 2,
      watermark: -5,
    },
  ],
  attempts: [
    {
      attempt: 2,
      epoch: 1,
      startedAtMs: 3,
      restoredFrom: checkpointId(8),
      endedAtMs: 4,
      failure: FAILURE,
    },
    { attempt: 1, epoch: 1, startedAtMs: 1, restoredFrom: null, endedAtMs: null, failure: null },
  ],
}
const WORKERS: readonly WorkerView[] = [
  {
    workerId: 'w',
    address: 'h:1',
    pid: 2,
    slots: 4,
    freeSlots: 1,
    lastHeartbeatAgeMs: 0.5,
    rssBytes: 9,
    draining: true,
  },
]
const CLUSTER: ClusterView = {
  coordinatorId: 'jm-1',
  version: '0.1.0',
  pid: 7,
  startedAtMs: 8,
  workers: 1,
  slots: 4,
  freeSlots: 1,
  jobs: { RUNNING: 1, FAILED: 2 },
  checkpointDirectory: '/var/weir',
  restAddress: '127.0.0.1:8081',
  notLeading: 'it stands by: another JobManager has taken over job 1',
}
const DEFAULTS: readonly JobDefault[] = [
  { key: 'parallelism.default', text: '4', origin: 'cluster: file weir.yaml:3' },
  { key: 'user.greeting', text: '', origin: 'cluster: flag -D' },
]
const EVENTS: readonly JobEventView[] = [
  { type: 'state', job: RUNNING },
  { type: 'checkpoint', checkpoint: CHECKPOINT },
  { type: 'failure', failure: FAILURE, willRestart: true, delayMs: 12.5 },
  { type: 'restored', checkpointId: checkpointId(8), attempt: 2 },
  { type: 'progress', doneRatio: 0.5, recordsIn: 5, recordsOut: 6 },
  { type: 'output', stream: 'stdout', text: 'hällo' },
  { type: 'output-log', epoch: 2 },
  { type: 'lost-output', lines: 3 },
  { type: 'state', job: FAILED },
]

class RecordingJobs implements JobClient {
  readonly asked: Asked = []
  submitted: SubmitRequest | null = null
  watching: (signal: AbortSignal) => AsyncIterable<JobEventView> = async function* () {
    yield* EVENTS
  }

  async submit(request: SubmitRequest): Promise<JobId> {
    this.submitted = request
    return FENCE.jobId
  }
  async list() {
    return [RUNNING, FAILED]
  }
  async describe(id: string) {
    this.asked.push(['describe', id])
    if (id === '12') throw NO_SUCH_JOB
    return DETAIL
  }
  async checkpoints(id: string) {
    this.asked.push(['checkpoints', id])
    return [CHECKPOINT, BROKEN]
  }
  async cancel(id: string) {
    this.asked.push(['cancel', id])
  }
  async triggerCheckpoint(id: string) {
    this.asked.push(['triggerCheckpoint', id])
    return CHECKPOINT
  }
  async workers() {
    return WORKERS
  }
  async drainWorker(id: string, draining: boolean) {
    this.asked.push(['drainWorker', id, draining])
    return WORKERS[0] as WorkerView
  }
  async cluster() {
    return CLUSTER
  }
  async jobDefaults() {
    return DEFAULTS
  }
  watch(id: string, signal: AbortSignal) {
    this.asked.push(['watch', id])
    return this.watching(signal)
  }
}

async function cluster(): Promise<{
  jobs: RecordingJobs
  server: RpcServer
  connection: JobConnection
}> {
  const jobs = new RecordingJobs()
  const server = await serve({
    port: 0,
    flag: '--port',
    token: TOKEN,
    scheduler,
    services: [jobService(jobs)],
  })
  cleanup.push(() => server.close())
  const connection = connectJobManager({
    address: server.address,
    token: TOKEN,
    sender: 'test',
    scheduler,
  })
  cleanup.push(() => connection.close())
  return { jobs, server, connection }
}

function submission(bundle: Uint8Array): SubmitRequest {
  return {
    graph: GRAPH_SAMPLE,
    settings: SETTINGS_SAMPLES[3] as SubmitRequest['settings'],
    bundle,
    bundleHash: bundleHash(createHash('sha256').update(bundle).digest('hex')),
    args: { files: ['a'], n: 3 },
    submittedAtMs: 1_700_000_000_000,
    restoreFrom: null,
    allowNonRestoredState: false,
    submissionId: 'once',
  }
}

describe('a client at the JobManager', () => {
  it('submits a job with every kind of settings, and a bundle of several chunks', async () => {
    const { jobs, connection } = await cluster()
    const requests = [
      ...SETTINGS_SAMPLES.map((settings) => ({ ...submission(randomBytes(10)), settings })),
      {
        ...submission(randomBytes(3_500_000)),
        restoreFrom: '/var/weir/chk-8',
        allowNonRestoredState: true,
      },
      submission(new Uint8Array(0)),
    ]
    for (const request of requests) {
      expect(await connection.client.submit(request)).toBe(FENCE.jobId)
      expect({ ...jobs.submitted, bundle: null }).toEqual({ ...request, bundle: null })
      expect(Buffer.compare(jobs.submitted?.bundle ?? new Uint8Array(1), request.bundle)).toBe(0)
    }
  })

  it('is refused a bundle that is too large or not what its hash says, and nothing is passed on', async () => {
    const { jobs, connection } = await cluster()
    const large = {
      ...submission(new Uint8Array(0)),
      bundle: new Uint8Array(64 * 1_024 * 1_024 + 1),
    }
    await expect(connection.client.submit(large)).rejects.toMatchObject({
      code: 'job/bundle-too-large',
    })
    const wrong = { ...submission(randomBytes(5_000_000)), bundleHash: bundleHash('0'.repeat(64)) }
    await expect(connection.client.submit(wrong)).rejects.toMatchObject({
      code: 'job/bundle-mismatch',
    })
    expect(jobs.submitted).toBe(null)
  })

  it('sees what there is', async () => {
    const { jobs, connection } = await cluster()
    const { client } = connection
    expect(await client.list()).toEqual([RUNNING, FAILED])
    expect(await client.describe('0123')).toEqual(DETAIL)
    expect(await client.checkpoints('0123')).toEqual([CHECKPOINT, BROKEN])
    await client.cancel('0123')
    expect(await client.triggerCheckpoint('0123')).toEqual(CHECKPOINT)
    expect(await client.workers()).toEqual(WORKERS)
    expect(await client.drainWorker('w', true)).toEqual(WORKERS[0])
    expect(jobs.asked).toContainEqual(['drainWorker', 'w', true])
    expect(await client.cluster()).toEqual(CLUSTER)
    expect(await client.jobDefaults()).toEqual(DEFAULTS)
    expect(jobs.asked.map(([method]) => method)).toEqual([
      'describe',
      'checkpoints',
      'cancel',
      'triggerCheckpoint',
      'drainWorker',
    ])
    await expect(client.describe('12')).rejects.toMatchObject({
      code: 'job/not-found',
      hint: NO_SUCH_JOB.hint,
    })
    await expect(client.describe('')).rejects.toMatchObject({ code: 'rpc/invalid-argument' })
  })

  it('says that nobody is there when nobody is', async () => {
    const { server, connection } = await cluster()
    await server.close()
    await expect(connection.client.list()).rejects.toMatchObject({
      code: 'rpc/unavailable',
      message: expect.stringContaining(server.address),
    })
  })
})

describe('a watcher', () => {
  it('is told everything in order, and that it is over', async () => {
    const { connection } = await cluster()
    const seen: JobEventView[] = []
    for await (const event of connection.client.watch('0123', new AbortController().signal))
      seen.push(event)
    expect(seen).toEqual(EVENTS)
  })

  it('gets the refusal of a job that is not there', async () => {
    const { jobs, connection } = await cluster()
    jobs.watching = () => {
      throw NO_SUCH_JOB
    }
    const watching = connection.client
      .watch('12', new AbortController().signal)
      [Symbol.asyncIterator]()
    await expect(watching.next()).rejects.toMatchObject({ code: 'job/not-found' })
  })

  it('ends on both sides when it aborts', async () => {
    const { jobs, connection } = await cluster()
    const ended = Promise.withResolvers<void>()
    jobs.watching = async function* (signal) {
      yield EVENTS[0] as JobEventView
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      ended.resolve()
    }
    const abort = new AbortController()
    const seen: JobEventView[] = []
    for await (const event of connection.client.watch('0123', abort.signal)) {
      seen.push(event)
      abort.abort()
    }
    await ended.promise
    expect(seen).toEqual([EVENTS[0]])
  })

  it('that does not read costs the JobManager a bounded buffer, and is told how many lines it missed', async () => {
    const { jobs, connection } = await cluster()
    const lines = 20_000
    const fed = Promise.withResolvers<void>()
    jobs.watching = async function* () {
      yield EVENTS[0] as JobEventView
      for (let i = 0; i < lines; i += 1)
        yield { type: 'output', stream: 'print', text: `${i} `.padEnd(1_000, 'x') }
      fed.resolve()
      yield EVENTS.at(-1) as JobEventView
    }
    const watching = connection.client
      .watch('0123', new AbortController().signal)
      [Symbol.asyncIterator]()
    expect((await watching.next()).value).toEqual(EVENTS[0])
    await fed.promise
    let read = 0
    let missed = 0
    let last: JobEventView | null = null
    for await (const event of { [Symbol.asyncIterator]: () => watching }) {
      if (event.type === 'output') read += 1
      if (event.type === 'lost-output') missed += event.lines
      last = event
    }
    expect(last).toEqual(EVENTS.at(-1))
    expect(missed).toBeGreaterThan(0)
    expect(read + missed).toBe(lines)
  })

  it('learns that the JobManager closes, which is not the end of its job', async () => {
    const { jobs, server, connection } = await cluster()
    jobs.watching = async function* (signal) {
      yield EVENTS[0] as JobEventView
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    const watching = connection.client
      .watch('0123', new AbortController().signal)
      [Symbol.asyncIterator]()
    await watching.next()
    const startMs = performance.now()
    const closing = server.close()
    await expect(watching.next()).rejects.toMatchObject({
      code: 'rpc/unavailable',
      message: 'the JobManager is closing',
    })
    await closing
    expect(performance.now() - startMs).toBeLessThan(SOON_MS_MAX)
  })
})
