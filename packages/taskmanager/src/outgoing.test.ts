import { WeirError } from '@weirjs/common/core/errors'
import type { CoordinatorGateway, OutputLine } from '@weirjs/common/core/gateways'
import {
  attempt,
  checkpointId,
  type Fence,
  jobId,
  leaderEpoch,
  vertexId,
  workerId,
} from '@weirjs/common/core/ids'
import { silentLog } from '@weirjs/common/core/log'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { advance, runUntilIdle, settle } from '@weirjs/common/node/virtual-time'
import { describe, expect, test } from 'vitest'
import {
  Outgoing,
  OUTGOING_MESSAGES_MAX,
  type OutgoingMessage,
  OUTPUT_CHARS_PER_CALL_MAX,
  OUTPUT_CHARS_WAITING_MAX,
  OUTPUT_LINES_WAITING_MAX,
} from './outgoing.ts'

const fence: Fence = { jobId: jobId('a'.repeat(32)), epoch: leaderEpoch(1), attempt: attempt(1) }
const task = { vertexId: vertexId('v0'), subtask: 0 }

function running(subtask: number): OutgoingMessage {
  return {
    type: 'task-update',
    update: { fence, task: { ...task, subtask }, change: { state: 'running' } },
  }
}

const finished: OutgoingMessage = {
  type: 'task-update',
  update: { fence, task, change: { state: 'finished' } },
}
const line = (text: string): OutputLine => ({ fence, task: null, stream: 'print', text })

const ack: OutgoingMessage = {
  type: 'acknowledge',
  ack: {
    fence,
    task,
    checkpointId: checkpointId(3),
    snapshot: { file: null, operators: [] },
    stats: { syncMs: 0, asyncMs: 0, alignmentMs: 0, startDelayMs: 0, stallMsMax: 0, stateBytes: 0 },
  },
}

class Recorder implements CoordinatorGateway {
  readonly calls: string[] = []
  failWith: (call: string) => WeirError | null = () => null
  concurrent = 0
  concurrentMax = 0

  async #call(text: string): Promise<void> {
    this.concurrentMax = Math.max(this.concurrentMax, ++this.concurrent)
    await settle()
    this.concurrent--
    const error = this.failWith(text)
    if (error !== null) throw error
    this.calls.push(text)
  }

  register(): never {
    throw new Error('not here')
  }
  heartbeat(): never {
    throw new Error('not here')
  }
  unregister(): never {
    throw new Error('not here')
  }
  fetchBundle(): never {
    throw new Error('not here')
  }
  taskUpdate(update: Parameters<CoordinatorGateway['taskUpdate']>[0]): Promise<void> {
    return this.#call(`${update.change.state} ${update.task.subtask}`)
  }
  acknowledge(message: { checkpointId: number }): Promise<void> {
    return this.#call(`ack ${message.checkpointId}`)
  }
  decline(message: { checkpointId: number; failure: { code: string } }): Promise<void> {
    return this.#call(`decline ${message.checkpointId} ${message.failure.code}`)
  }
  slotsLost(): Promise<void> {
    return this.#call('lost')
  }
  output(lines: readonly OutputLine[]): Promise<void> {
    return this.#call(`output ${lines.length} ${lines.at(-1)?.text}`)
  }
}

function setUp(): {
  time: ManualScheduler
  gateway: Recorder
  outgoing: Outgoing
  overflows: string[]
  untold: string[]
} {
  const time = new ManualScheduler()
  const gateway = new Recorder()
  const overflows: string[] = []
  const untold: string[] = []
  const outgoing = new Outgoing({
    gateway,
    scheduler: time,
    workerId: workerId('w'),
    log: silentLog,
    onOverflow: (job) => overflows.push(job),
    onUntold: (of, reason) => untold.push(`${of.attempt} ${reason}`),
  })
  return { time, gateway, outgoing, overflows, untold }
}

async function drain(time: ManualScheduler, outgoing: Outgoing): Promise<void> {
  for (let turn = 0; turn < 200 && !outgoing.idle; turn++) await runUntilIdle(time)
}

describe('Outgoing', () => {
  test('delivers the messages of a job in order, one call at a time', async () => {
    const { time, gateway, outgoing } = setUp()
    for (let i = 0; i < 5; i++) outgoing.push(running(i))
    await drain(time, outgoing)
    expect(gateway.calls).toEqual(['running 0', 'running 1', 'running 2', 'running 3', 'running 4'])
    expect(gateway.concurrentMax).toBe(1)
  })

  test.each(['rpc/unavailable', 'rpc/deadline', 'tls/handshake-failed', 'tls/not-accepted'])(
    'repeats what could not be delivered, by %s, and keeps the order',
    async (code) => {
      const { time, gateway, outgoing } = setUp()
      let down = true
      gateway.failWith = () => (down ? new WeirError(code, 'down', { domain: 'external' }) : null)
      outgoing.push(running(0))
      outgoing.push(ack)
      await advance(time, 3_000)
      expect(gateway.calls).toEqual([])
      down = false
      await drain(time, outgoing)
      expect(gateway.calls).toEqual(['running 0', 'ack 3'])
    },
  )

  test('declines at once an acknowledgement that can never be delivered', async () => {
    const { time, gateway, outgoing } = setUp()
    gateway.failWith = (call) =>
      call.startsWith('ack')
        ? new WeirError('rpc/too-large', 'over the limit', { domain: 'internal' })
        : null
    outgoing.push(ack)
    outgoing.push(running(1))
    await drain(time, outgoing)
    expect(time.nowMs()).toBe(0)
    expect(gateway.calls).toEqual(['decline 3 rpc/too-large', 'running 1'])
  })

  test('drops a refused stranger without a decline', async () => {
    const { time, gateway, outgoing } = setUp()
    gateway.failWith = (call) =>
      call.startsWith('ack')
        ? new WeirError('fence/stale', 'old attempt', { domain: 'internal' })
        : null
    outgoing.push(ack)
    await drain(time, outgoing)
    expect(gateway.calls).toEqual([])
    expect(outgoing.refused).toBe(1)
  })

  test.each([
    ['rpc/invalid-argument', ['1 rpc/invalid-argument: failure.domain: unknown value']],
    ['fence/stale', []],
  ])(
    'says when the news of a task is refused with %s, unless it is of another time',
    async (code, told) => {
      const { time, gateway, outgoing, untold } = setUp()
      gateway.failWith = (call) =>
        call === 'running 0'
          ? new WeirError(code, 'failure.domain: unknown value', { domain: 'internal' })
          : null
      outgoing.push(running(0))
      outgoing.push(running(1))
      await drain(time, outgoing)
      expect(untold).toEqual(told)
      expect(gateway.calls).toEqual(['running 1'])
    },
  )

  test('forgets the messages of a stale fence', async () => {
    const { time, gateway, outgoing } = setUp()
    gateway.failWith = () => new WeirError('rpc/unavailable', 'down', { domain: 'external' })
    outgoing.push(running(0))
    outgoing.push(ack)
    await advance(time, 10)
    outgoing.drop(() => true)
    await drain(time, outgoing)
    expect(gateway.calls).toEqual([])
    expect(outgoing.idle).toBe(true)
  })

  test('says when a lane is full instead of growing', () => {
    const { outgoing, overflows, gateway } = setUp()
    gateway.failWith = () => new WeirError('rpc/unavailable', 'down', { domain: 'external' })
    for (let i = 0; i <= OUTGOING_MESSAGES_MAX; i++) outgoing.push(running(i))
    expect(overflows).toEqual([fence.jobId])
  })

  test('sends output in batches and drops what nobody can follow, counted', async () => {
    const { time, gateway, outgoing } = setUp()
    for (let i = 0; i < OUTPUT_LINES_WAITING_MAX + 700; i++) outgoing.pushOutput(line(`l${i}`))
    await drain(time, outgoing)
    const sent = gateway.calls.reduce((sum, call) => sum + Number(call.split(' ')[1]), 0)
    expect(sent).toBe(OUTPUT_LINES_WAITING_MAX + 500 + 1)
    expect(outgoing.linesDropped).toBe(200)
  })

  test('holds a bounded number of characters of output', async () => {
    const { outgoing } = setUp()
    const text = 'x'.repeat(16_384)
    for (let i = 0; i < OUTPUT_LINES_WAITING_MAX; i++) outgoing.pushOutput(line(text))
    // One call is under way beside what waits.
    const held = (OUTPUT_CHARS_WAITING_MAX + OUTPUT_CHARS_PER_CALL_MAX) / text.length
    expect(outgoing.linesDropped).toBe(OUTPUT_LINES_WAITING_MAX - held)
  })

  test('tells the end of a task behind everything that was printed before it', async () => {
    const { time, gateway, outgoing } = setUp()
    for (let i = 0; i < 700; i++) outgoing.pushOutput(line(`l${i}`))
    outgoing.push(running(0))
    outgoing.push(finished)
    await drain(time, outgoing)
    expect(gateway.calls).toEqual(['output 500 l499', 'running 0', 'output 200 l699', 'finished 0'])
    expect(time.nowMs()).toBe(0)
  })

  test('tells the end of a task also when its output cannot be delivered', async () => {
    const { time, gateway, outgoing } = setUp()
    gateway.failWith = (call) =>
      call.startsWith('output')
        ? new WeirError('rpc/too-large', 'over the limit', { domain: 'internal' })
        : null
    outgoing.pushOutput(line('a'))
    outgoing.push(finished)
    await drain(time, outgoing)
    expect(gateway.calls).toEqual(['finished 0'])
    expect(outgoing.linesDropped).toBe(1)
  })
})
