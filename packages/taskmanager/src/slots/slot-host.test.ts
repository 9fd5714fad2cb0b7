import { existsSync, readFileSync } from 'node:fs'
import type { Failure } from '@weirjs/common/core/errors'
import type {
  CheckpointDecline,
  OutputLine,
  SlotRequest,
  TaskUpdate,
  TriggerRequest,
} from '@weirjs/common/core/gateways'
import {
  attempt,
  bundleHash,
  checkpointId,
  jobId,
  leaderEpoch,
  vertexId,
  workerId,
} from '@weirjs/common/core/ids'
import { silentLog } from '@weirjs/common/core/log'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { afterEach, describe, expect, test } from 'vitest'
import { jobEnvironment } from './job-environment.ts'
import { JobGroup } from './job-group.ts'
import { OOM_POINTS } from './kernel-memory.ts'
import { EVENT_BYTES_MAX, frameOf } from './message-frames.ts'
import { type ProcessHostOptions, ProcessSlotHost, type ProcessSlotGroup } from './slot-host.ts'

const fence = { jobId: jobId('a'.repeat(32)), epoch: leaderEpoch(1), attempt: attempt(1) }
const other = { ...fence, jobId: jobId('b'.repeat(32)) }
const MEBIBYTE = 1_048_576
const JOB_PROCESS_BYTES = 600 * MEBIBYTE

const hosts: ProcessSlotHost[] = []
afterEach(() => {
  for (const host of hosts.splice(0)) host.close()
})

type HostOptions = Partial<
  Pick<ProcessHostOptions, 'prepare' | 'startMsMax' | 'residentBytes' | 'oomRecord' | 'groups'>
>

function makeHost(options: HostOptions = {}): ProcessSlotHost {
  const host = new ProcessSlotHost({
    workerId: workerId('w'),
    slots: 2,
    bundlePath: async () => '/nowhere',
    runtimeRoot: '/',
    checkpointDirectory: '/',
    bindHost: '127.0.0.1',
    advertisedHost: '127.0.0.1',
    dataPorts: { first: 0, last: 0 },
    heapBytesMax: 64 * MEBIBYTE,
    jobProcessBytesMax: () => JOB_PROCESS_BYTES,
    env: jobEnvironment({ own: process.env, allowed: [], slots: 2, sameUser: true }),
    prepare: false,
    ...options,
    reportIntervalMs: 50,
    scheduler: systemScheduler(),
    log: silentLog,
    threadEntry: new URL('./misbehaving-thread-entry.ts', import.meta.url),
  })
  hosts.push(host)
  return host
}

interface Heard {
  readonly updates: TaskUpdate[]
  readonly lines: OutputLine[]
  /** Resolves with the first checkpoint that is. */
  readonly declined: Promise<CheckpointDecline>
  /** Resolves with the line that contains `text`. */
  line(text: string): Promise<OutputLine>
}

async function start(
  host: ProcessSlotHost,
  args: Readonly<Record<string, unknown>> = {},
): Promise<{ group: ProcessSlotGroup; heard: Heard; lost: Promise<Failure> }> {
  const request: SlotRequest = {
    fence,
    jobName: 'job',
    bundle: bundleHash('0'.repeat(64)),
    args,
    submittedAtMs: 0,
    config: {},
    credential: 'c',
    slots: [0, 1],
  }
  const updates: TaskUpdate[] = []
  const lines: OutputLine[] = []
  const declined = Promise.withResolvers<CheckpointDecline>()
  const waiting = new Set<() => void>()
  const group = await host.start(request, {
    taskUpdate: (update) => updates.push(update),
    acknowledge: () => {},
    decline: declined.resolve,
    output: (line) => {
      lines.push(line)
      for (const look of waiting) look()
    },
  })
  const line = (text: string): Promise<OutputLine> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = lines.find((candidate) => candidate.text.includes(text))
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
    })
  const lost = new Promise<Failure>((resolve) => group.onLost(resolve))
  return { group, heard: { updates, lines, declined: declined.promise, line }, lost }
}

const trigger: TriggerRequest = {
  fence,
  checkpointId: checkpointId(1),
  timestampMs: 0,
  tasks: [],
  final: false,
}

describe('a job process', () => {
  test('runs a thread per slot, joined by a port each, and relays both ways', async () => {
    const host = makeHost()
    const { group, heard } = await start(host)
    expect(host.jobProcesses).toEqual([
      {
        pid: expect.any(Number) as number,
        jobId: fence.jobId,
        jobName: 'job',
        memoryBytesMax: JOB_PROCESS_BYTES,
      },
    ])
    expect(group.slots.map(({ endpoint }) => endpoint)).toEqual([
      { workerId: 'w', slot: 0, dataAddress: 'siblings 1' },
      { workerId: 'w', slot: 1, dataAddress: 'siblings 0' },
    ])
    const task = { vertexId: vertexId('v0'), subtask: 0 }
    group.slots[1]?.deploy({
      fence,
      placements: [],
      tasks: [{ task, slot: 1, restore: null }],
      plan: { jobName: 'job', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
    })
    await heard.line('deployed 1')
    expect(heard.updates).toEqual([{ fence, task, change: { state: 'running' } }])
    await group.close(5_000)
  })

  test('rejects the start with the error of the job, and leaves no process', async () => {
    const host = makeHost()
    await expect(start(host, { load: 'fail' })).rejects.toMatchObject({
      code: 'job/load-failed',
      location: 'job.ts:3',
    })
    await expect.poll(() => host.pids.inUse).toEqual([])
  })

  test('does not live without the control group that it must have', async () => {
    const next = () => new JobGroup('/nowhere/1', async () => {})
    const host = makeHost({ groups: { next } })
    await expect(start(host)).rejects.toMatchObject({
      code: 'job/no-control-group',
      message: expect.stringContaining("mkdir '/nowhere/1'") as string,
    })
    await expect.poll(() => host.pids.inUse).toEqual([])
  })

  test('ends a job whose module never finishes loading, and says so', async () => {
    const host = makeHost({ startMsMax: 1_000 })
    await expect(start(host, { load: 'hang' })).rejects.toMatchObject({
      code: 'job/process-killed',
      message: expect.stringContaining('not loaded within 1000 ms') as string,
    })
    await expect.poll(() => host.pids.inUse).toEqual([])
  })

  test('carries what the code prints', async () => {
    const { group, heard } = await start(makeHost(), { how: 'print' })
    group.slots[0]?.trigger(trigger)
    expect(await heard.line('to stdout')).toMatchObject({ stream: 'stdout', task: null })
    expect(await heard.line('to stderr')).toMatchObject({ stream: 'stderr' })
    await group.close(5_000)
  })

  test.each([
    ['throw', 'job/uncaught-error', 'thrown outside of a task'],
    ['exit', 'job/process-exit', 'process.exit(3)'],
    ['fill', 'job/out-of-memory', 'filled its heap'],
  ])('is lost with its reason when the code does this: %s', async (how, code, text) => {
    const { group, lost } = await start(makeHost(), { how })
    group.slots[0]?.trigger(trigger)
    const failure = await lost
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(text)
    if (how === 'exit') expect(failure.lastOutput).toEqual(['about to exit'])
  })

  // Also where the system does not say what is resident: then the process itself is asked.
  test.each([
    ['seen from outside', {}],
    ['told by the process itself', { residentBytes: () => null }],
  ])('is ended when its code floods memory with Buffers, %s', async (_how, options) => {
    const { group, lost } = await start(makeHost(options), { how: 'flood' })
    group.slots[1]?.trigger(trigger)
    const failure = await lost
    expect(failure).toMatchObject({ code: 'job/out-of-memory', domain: 'user', retry: 'backoff' })
    // It may be over all bounds before its slots are asked, and they cannot say how much each of them has.
    expect(failure.message).toMatch(
      /^the job process \(pid \d+, slot 0, 1\) uses \d+ of 600 MiB of memory that it may: .*(?:slot 1|have not told)/,
    )
    expect(failure.hint).toContain('taskmanager.memory.job-process-max')
  })

  test('is ended for too much memory also while it is being closed', async () => {
    let bytes = MEBIBYTE
    const { group } = await start(makeHost({ residentBytes: () => bytes }), { how: 'block' })
    group.slots[0]?.trigger(trigger)
    const closed = group.close(600_000)
    bytes = 2 * JOB_PROCESS_BYTES
    await closed
  })

  test('says so when the kernel has ended it because memory ran out', async () => {
    let kills = 4
    const source = '/sys/fs/cgroup/memory.events'
    const { group, lost } = await start(makeHost({ oomRecord: () => ({ kills, source }) }))
    kills = 5
    process.kill(group.pid, 'SIGKILL')
    expect(await lost).toMatchObject({
      code: 'job/out-of-memory',
      message: expect.stringContaining(`oom_kill 4 → 5 in ${source}`) as string,
      retry: 'backoff',
    })
  })

  test.runIf(existsSync('/proc/self/oom_score_adj'))(
    'is ended by the kernel before its TaskManager',
    async () => {
      const { group } = await start(makeHost())
      const points = (pid: number | 'self'): number =>
        Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'))
      expect(points(group.pid)).toBe(Math.min(1_000, points('self') + OOM_POINTS))
      await group.close(5_000)
    },
  )

  const task = { vertexId: 'v0', subtask: 0 }
  const line = { fence, task: null, stream: 'stdout', text: 'hello' }
  test.each([
    ['without what it needs', { type: 'event', event: { type: 'output' } }],
    ['of no sort', { type: 'event', event: { type: 'surprise' } }],
    ['that is nothing', { type: 'event', event: null }],
    [
      'of another job',
      { type: 'event', event: { type: 'output', lines: [{ ...line, fence: other }] } },
    ],
    [
      'of no state',
      { type: 'event', event: { type: 'task-update', update: { fence, task, change: {} } } },
    ],
    ['that is an answer to nobody', { type: 'reply', id: 99, outcome: { ok: null } }],
  ])(
    'is ended when its code sends a message %s, and the TaskManager goes on',
    async (_what, message) => {
      const host = makeHost()
      const { group, lost } = await start(host, { how: 'post', message })
      group.slots[0]?.trigger(trigger)
      expect(await lost).toMatchObject({ code: 'job/bad-message', domain: 'user' })
      await expect.poll(() => host.pids.inUse).toEqual([])
    },
  )

  const framed = (message: unknown): Uint8Array => frameOf(message, EVENT_BYTES_MAX)
  const event = { type: 'output', lines: [line] }
  const header = (length: number): Uint8Array => {
    const bytes = framed('')
    new DataView(bytes.buffer).setUint32(1, length, true)
    return bytes.subarray(0, 5)
  }
  test.each([
    ['that are no frame', Uint8Array.of(0, 0, 0, 4, 255, 255, 255, 255)],
    ['that claim too much', header(EVENT_BYTES_MAX + 1)],
    ['that claim 4 GiB', header(2 ** 32 - 1)],
    ['that claim something and are something else', Buffer.concat([header(9), Buffer.alloc(9, 7)])],
    [
      'that are as many as they claim, and nonsense',
      Buffer.concat([header(EVENT_BYTES_MAX), Buffer.alloc(EVENT_BYTES_MAX)]),
    ],
    [
      'that would fill memory',
      framed(Array.from({ length: EVENT_BYTES_MAX / 16 }, () => new Map())),
    ],
    ['of no message', framed('surprise')],
    ['of a slot that is not its own', framed({ type: 'slot', slot: 7, event })],
  ])(
    'is ended when its code writes bytes %s to its pipe, and the TaskManager goes on',
    async (_what, message) => {
      const host = makeHost()
      const { group, lost } = await start(host, { how: 'write', message })
      group.slots[0]?.trigger(trigger)
      expect(await lost).toMatchObject({ code: 'job/bad-message', domain: 'user' })
      await expect.poll(() => host.pids.inUse).toEqual([])
    },
  )

  test('is ended when its code closes a pipe of it', async () => {
    const { group, lost } = await start(makeHost(), { how: 'close' })
    group.slots[0]?.trigger(trigger)
    expect(await lost).toMatchObject({
      code: 'job/process-killed',
      message: expect.stringContaining('cannot talk to the job process') as string,
    })
  })

  const long = { type: 'event', event: { ...event, more: 'x'.repeat(EVENT_BYTES_MAX) } }
  test.each([
    ['is no data', { how: 'post-no-data' }, 'job/bad-message'],
    ['is too long to be told', { how: 'post', message: long }, 'job/message-too-large'],
  ])('is ended, with its reason, when what its code says %s', async (_what, args, code) => {
    const { group, lost } = await start(makeHost(), args)
    group.slots[0]?.trigger(trigger)
    expect(await lost).toMatchObject({ code, domain: 'user', retry: 'backoff' })
  })

  test('declines a checkpoint whose acknowledgement is too long to be told', async () => {
    const ack = {
      fence,
      task,
      checkpointId: 1,
      snapshot: { file: null, operators: [], more: 'x'.repeat(EVENT_BYTES_MAX) },
      stats: {},
    }
    const message = { type: 'event', event: { type: 'acknowledge', ack } }
    const { group, heard } = await start(makeHost(), { how: 'post', message })
    group.slots[0]?.trigger(trigger)
    expect(await heard.declined).toMatchObject({
      checkpointId: 1,
      failure: { code: 'job/message-too-large' },
    })
    await group.close(5_000)
  })

  test('is killed although its code blocks a thread for ever', async () => {
    const { group, lost } = await start(makeHost(), { how: 'block' })
    group.slots[0]?.trigger(trigger)
    group.kill('it was stuck')
    expect(await lost).toMatchObject({ code: 'job/process-killed', message: 'it was stuck' })
  })

  test('ends by force after the grace when a thread does not close', async () => {
    const host = makeHost()
    const { group } = await start(host, { how: 'block' })
    group.slots[0]?.trigger(trigger)
    await group.close(100)
    expect(host.pids.inUse).toEqual([])
  })

  test('tells the signal that ended it from outside', async () => {
    const { group, lost } = await start(makeHost())
    process.kill(group.pid, 'SIGKILL')
    expect(await lost).toMatchObject({ code: 'job/process-lost', retry: 'immediate' })
  })

  test('is taken from the shelf when one was prepared', async () => {
    const host = makeHost({ prepare: true })
    await expect.poll(() => host.prepared, { timeout: 25_000 }).toBe(true)
    const pid = host.pids.spare
    const { group } = await start(host)
    expect(group.pid).toBe(pid)
    await group.close(5_000)
  })

  test('sees nothing of its worker’s environment but what it needs', () => {
    const home = { HOME: '/root' }
    const own = { PATH: '/bin', LC_ALL: 'C', WEIR_TOKEN: 'secret', API_KEY: 'k', EMPTY: undefined }
    const options = { own: { ...own, ...home }, allowed: ['API_KEY'], slots: 4 }
    const seen = { PATH: '/bin', LC_ALL: 'C', API_KEY: 'k', UV_THREADPOOL_SIZE: '8' }
    expect(jobEnvironment({ ...options, sameUser: true })).toEqual({ ...seen, ...home })
    expect(jobEnvironment({ ...options, sameUser: false })).toEqual(seen)
  })
})
