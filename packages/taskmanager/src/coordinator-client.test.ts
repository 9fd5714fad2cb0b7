import { type Failure, WeirError } from '@weirjs/common/core/errors'
import type {
  CoordinatorGateway,
  Heartbeat,
  HeartbeatReply,
  RegistrationReply,
  TaskReport,
} from '@weirjs/common/core/gateways'
import { workerId } from '@weirjs/common/core/ids'
import { type Log, silentLog } from '@weirjs/common/core/log'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { MemoryLog } from '@weirjs/common/core/memory-log'
import { Prng } from '@weirjs/common/core/prng'
import { advance } from '@weirjs/common/node/virtual-time'
import { handshakeProblem, notAccepted } from '@weirjs/common/tls/problems'
import { describe, expect, test } from 'vitest'
import { CoordinatorClient, HUNG_UP_MAX } from './coordinator-client.ts'

const gone = new WeirError('rpc/unavailable', 'down', { domain: 'external' })
const down = (): never => {
  throw gone
}

class FakeMaster {
  coordinatorId = 'c1'
  known = false
  answer: (() => void) | null = null
  read: ((beat: Heartbeat) => void) | null = null
  /** Heartbeats wait for this. */
  unread: Promise<never> | null = null
  registrations = 0
  readonly beats: Heartbeat[] = []
  readonly farewells: string[] = []

  readonly gateway: CoordinatorGateway = {
    register: async (): Promise<RegistrationReply> => {
      this.answer?.()
      this.registrations++
      this.known = true
      return {
        coordinatorId: this.coordinatorId,
        heartbeatIntervalMs: 250,
        heartbeatTimeoutMs: 2_000,
      }
    },
    heartbeat: async (beat): Promise<HeartbeatReply> => {
      await this.unread
      this.answer?.()
      this.read?.(beat)
      this.beats.push(beat)
      return this.known && beat.coordinatorId === this.coordinatorId ? 'ok' : 'unknown-worker'
    },
    unregister: async (_worker, reason) => {
      this.farewells.push(reason)
    },
    taskUpdate: async () => {},
    acknowledge: async () => {},
    decline: async () => {},
    slotsLost: async () => {},
    output: async () => {},
    fetchBundle: async () => new Uint8Array(),
  }
}

function setUp(log: Log = silentLog): {
  time: ManualScheduler
  master: FakeMaster
  client: CoordinatorClient
  events: string[]
  reported: { tasks: readonly TaskReport[]; make: (() => never) | null }
  /** The process stands still: afterwards it is later, and nothing has run. */
  pause: (ms: number) => void
} {
  const reported: ReturnType<typeof setUp>['reported'] = { tasks: [], make: null }
  const time = new ManualScheduler()
  let pausedMs = 0
  const master = new FakeMaster()
  const events: string[] = []
  const client = new CoordinatorClient({
    gateway: master.gateway,
    registration: {
      workerId: workerId('w'),
      controlAddress: 'local',
      slots: 2,
      pid: 1,
      version: '0',
    },
    scheduler: {
      nowMs: () => time.nowMs() + pausedMs,
      wallMs: () => time.wallMs() + pausedMs,
      timer: (delayMs, fn) => time.timer(delayMs, fn),
      nextTurn: (fn) => time.nextTurn(fn),
    },
    prng: new Prng(1),
    log,
    reports: () => reported.make?.() ?? reported.tasks,
    rssBytes: () => 7,
    onMasterLost: (reason) => {
      if (reason !== 'registering again') events.push(`lost: ${reason}`)
    },
    onRefused: (failure: Failure) => events.push(`refused: ${failure.code}`),
  })
  const pause = (ms: number): void => {
    pausedMs += ms
  }
  return { time, master, client, events, reported, pause }
}

describe('CoordinatorClient', () => {
  test('registers and beats at the interval that the JobManager asks for', async () => {
    const { time, master, client, events } = setUp()
    client.start()
    await advance(time, 1_010)
    expect(master.beats).toHaveLength(4)
    expect(master.beats[0]).toMatchObject({ coordinatorId: 'c1', rssBytes: 7 })
    expect(events).toEqual([])
  })

  test('keeps trying until the JobManager is there', async () => {
    const { time, master, client } = setUp()
    master.answer = down
    client.start()
    await advance(time, 5_000)
    expect(client.registered).toBe(false)
    master.answer = null
    await advance(time, 2_000)
    expect(client.registered).toBe(true)
  })

  test('gives up at once when it is refused before it was ever accepted', async () => {
    const { time, master, client, events } = setUp()
    master.answer = () => {
      throw new WeirError('rpc/unauthenticated', 'wrong token', {
        domain: 'external',
        retry: 'never',
      })
    }
    client.start()
    await advance(time, 5_000)
    expect(events).toEqual(['refused: rpc/unauthenticated'])
  })

  test('keeps trying while the network ends connections before TLS stands', async () => {
    const { time, master, client, events } = setUp()
    master.answer = () => {
      throw handshakeProblem({ code: 'ECONNRESET', message: 'socket disconnected' }, 'jm:1')
    }
    client.start()
    await advance(time, 60_000)
    expect(events).toEqual([])
    master.answer = null
    await advance(time, 2_000)
    expect(client.registered).toBe(true)
  })

  test('takes a JobManager that hangs up on its certificate for one that ends, but not for long', async () => {
    const { time, master, client, events } = setUp()
    let calls = 0
    master.answer = () => {
      calls += 1
      // In between it is gone.
      throw calls === HUNG_UP_MAX ? gone : notAccepted('jm:1')
    }
    client.start()
    await advance(time, 60_000)
    expect(events).toEqual(['refused: tls/not-accepted'])
    expect(calls).toBe(HUNG_UP_MAX + HUNG_UP_MAX + 1)
  })

  test('survives a short silence of the same JobManager with all its slots', async () => {
    const { time, master, client, events } = setUp()
    client.start()
    await advance(time, 500)
    master.answer = down
    await advance(time, 1_500)
    master.answer = null
    await advance(time, 500)
    expect(events).toEqual([])
    expect(master.registrations).toBe(1)
  })

  test('holds its own absence against nobody: the answer may lie unread', async () => {
    const { time, master, client, events, pause } = setUp()
    client.start()
    await advance(time, 300)
    const { promise, reject } = Promise.withResolvers<never>()
    master.unread = promise
    await advance(time, 250)
    pause(30_000)
    await advance(time, 250)
    master.unread = null
    reject(new WeirError('rpc/deadline', 'not answered', { domain: 'external', retry: 'backoff' }))
    await advance(time, 1_000)
    expect(events).toEqual([])
    expect(master.beats.length).toBeGreaterThan(4)
    expect(master.registrations).toBe(1)
  })

  test('forgives the JobManager no silence beyond its own absence', async () => {
    const { time, master, client, events, pause } = setUp()
    client.start()
    await advance(time, 300)
    master.answer = down
    pause(30_000)
    await advance(time, 1_900)
    expect(events).toEqual([])
    await advance(time, 600)
    expect(events).toEqual([expect.stringMatching(/silent for 2\d{3} ms$/)])
    // Nor twice, when it has registered anew.
    master.answer = null
    await advance(time, 1_000)
    pause(30_000)
    await advance(time, 1_000)
    expect(events).toHaveLength(1)
    expect(client.registered).toBe(true)
  })

  test('ends its slots and registers anew when the JobManager has restarted', async () => {
    const { time, master, client, events } = setUp()
    client.start()
    await advance(time, 300)
    master.answer = down
    await advance(time, 600)
    master.answer = null
    master.coordinatorId = 'c2'
    master.known = false
    await advance(time, 600)
    expect(events).toEqual(['lost: the JobManager does not know this worker any more'])
    expect(client.registered).toBe(true)
    expect(master.registrations).toBe(2)
  })

  test('ends its slots once when nobody has answered for the time-out', async () => {
    const { time, master, client, events } = setUp()
    client.start()
    await advance(time, 300)
    master.answer = down
    await advance(time, 10_000)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatch(/^lost: the JobManager has been silent for 2\d{3} ms/)
    master.answer = null
    master.coordinatorId = 'c2'
    await advance(time, 3_000)
    expect(events).toHaveLength(1)
    expect(client.registered).toBe(true)
  })

  test.each([
    ['cannot be sent', 'rpc/invalid-argument'],
    ['cannot be made', 'job/user-code-failed'],
  ])(
    'says that it lives when its reports %s, and reports again when they can be',
    async (_, code) => {
      const log = new MemoryLog()
      const { time, master, client, events, reported } = setUp(log)
      const refuse = (): never => {
        throw new WeirError(code, 'watermark: 1.5 is no whole number', { domain: 'internal' })
      }
      reported.tasks = [{} as TaskReport]
      client.start()
      await advance(time, 300)
      if (code.startsWith('job/')) reported.make = refuse
      else master.read = (beat) => beat.tasks.length > 0 && refuse()
      const before = master.beats.length
      await advance(time, 10_000)
      expect(events).toEqual([])
      expect(master.beats.length).toBeGreaterThan(before + 10)
      expect(master.beats.at(-1)?.tasks).toEqual([])
      expect(log.of('heartbeat refused, beating without reports of tasks')).toHaveLength(1)
      reported.make = null
      master.read = null
      await advance(time, 1_000)
      expect(master.beats.at(-1)?.tasks).toHaveLength(1)
    },
  )

  test('ends its slots when the JobManager refuses whatever it says', async () => {
    const { time, master, client, events } = setUp()
    client.start()
    await advance(time, 300)
    master.answer = () => {
      throw new WeirError('rpc/not-leader', 'deposed', { domain: 'internal' })
    }
    await advance(time, 3_000)
    expect(events).toHaveLength(1)
  })

  test('ends its slots before it registers anew, as soon as the connection breaks', async () => {
    const { time, master, client, events } = setUp()
    client.start()
    await advance(time, 300)
    master.answer = down
    client.connectionLost('reset')
    client.connectionLost('reset again')
    expect(events).toEqual(['lost: the connection to the JobManager broke: reset'])
    await advance(time, 1_000)
    master.answer = null
    await advance(time, 2_500)
    expect(client.registered).toBe(true)
    expect(events).toHaveLength(1)
  })

  test('beats at once when there is news, and once more when it came during a beat', async () => {
    const { time, master, client } = setUp()
    client.start()
    await advance(time, 10)
    client.beatNow()
    client.beatNow()
    await advance(time, 1)
    expect(master.beats).toHaveLength(1)
    client.beatNow()
    time.step()
    client.beatNow()
    client.beatNow()
    await advance(time, 1)
    expect(master.beats).toHaveLength(3)
    await advance(time, 250)
    expect(master.beats).toHaveLength(4)
  })

  test('says good-bye', async () => {
    const { time, master, client } = setUp()
    client.start()
    await advance(time, 300)
    await client.close('SIGTERM')
    await advance(time, 2_000)
    expect(master.farewells).toEqual(['SIGTERM'])
    expect(master.beats).toHaveLength(1)
    expect(time.pending).toBe(0)
  })
})
