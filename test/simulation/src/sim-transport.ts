// The data plane between simulated slots: the Transport of the task manager over the simulated network. Frames and
// requests are copied, delayed and delivered in order, or the connection is lost for both ends.

import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import type {
  Accept,
  ChannelKey,
  ChannelRequests,
  DownstreamWire,
  FrameReceiver,
  Handshake,
  Transport,
  UpstreamWire,
} from '@weirjs/taskmanager/exchange/exchange'
import { peerLost } from '@weirjs/taskmanager/exchange/exchange'
import { copy } from './copy.ts'
import type { When } from './failpoints.ts'
import { named } from './history-hash.ts'
import type { Network } from './network.ts'
import type { SimProcess } from './process.ts'
import type { World } from './world.ts'

/** After so long a connection that does not move is given up by both ends. */
const KEEP_ALIVE_MS = 1_500

/** Who listens where. One for the whole world. */
export class Switchboard {
  readonly world: World
  readonly network: Network
  readonly listeners: Map<
    string,
    { readonly process: SimProcess; readonly transport: SimTransport }
  > = new Map()
  #lanes = 0

  constructor(world: World, network: Network) {
    this.world = world
    this.network = network
  }

  lane(): string {
    return `data-${this.#lanes++}`
  }
}

export class SimTransport implements Transport {
  readonly #board: Switchboard
  readonly #process: SimProcess
  readonly #address: string
  readonly #connections = new Set<Connection>()
  #accept: Accept | null = null
  readonly #waiting: (() => void)[] = []

  constructor(board: Switchboard, process: SimProcess, address: string) {
    this.#board = board
    this.#process = process
    this.#address = address
    board.listeners.set(address, { process, transport: this })
    process.onKill(() => this.#breakAll('the process died'))
  }

  listen(accept: Accept): void {
    this.#accept = accept
    for (const go of this.#waiting.splice(0)) go()
  }

  connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    const connection = new Connection(
      this.#board,
      this.#process,
      producer.dataAddress,
      handshake,
      receiver,
    )
    this.#connections.add(connection)
    return connection.upstream
  }

  /** As the producing end: hands the connection to `accept`, at once or when it listens. */
  take(connection: Connection, handshake: Handshake, wire: DownstreamWire): void {
    this.#connections.add(connection)
    const go = (): void =>
      connection.accepted(this.#accept === null ? null : this.#accept(handshake, wire))
    if (this.#accept === null) this.#waiting.push(go)
    else go()
  }

  async close(): Promise<void> {
    if (this.#board.listeners.get(this.#address)?.transport === this)
      this.#board.listeners.delete(this.#address)
    this.#breakAll('closed')
  }

  #breakAll(reason: string): void {
    for (const connection of this.#connections) connection.break(reason)
    this.#connections.clear()
  }
}

/** One connection: the consumer dialled, the producer answers. */
class Connection {
  readonly #board: Switchboard
  readonly #consumer: SimProcess
  readonly #receiver: FrameReceiver
  readonly #down: string
  readonly #up: string
  #producer: SimProcess | null = null
  #requests: ChannelRequests | null = null
  readonly #early: ((requests: ChannelRequests) => void)[] = []
  #broken = false
  /** Something was lost between unreachable machines: nothing arrives any more. */
  #stalled = false

  constructor(
    board: Switchboard,
    consumer: SimProcess,
    address: string,
    handshake: Handshake,
    receiver: FrameReceiver,
  ) {
    this.#board = board
    this.#consumer = consumer
    this.#receiver = receiver
    this.#down = board.lane()
    this.#up = board.lane()
    this.#deliver(this.#up, null, () => {
      const listener = board.listeners.get(address)
      if (listener === undefined || !listener.process.alive) return this.break('nobody listens')
      if (!board.network.reachable(consumer, listener.process)) return this.break('unreachable')
      this.#producer = listener.process
      listener.process.run(() => listener.transport.take(this, copy(handshake), this.#downstream()))
    })
  }

  accepted(requests: ChannelRequests | null): void {
    if (requests === null) return this.break('refused')
    this.#requests = requests
    for (const go of this.#early.splice(0)) go(requests)
  }

  /** Both ends are told, each at its own time; nothing that is under way arrives any more. */
  break(reason: string): void {
    if (this.#broken) return
    this.#broken = true
    const { scheduler } = this.#board.world
    scheduler.timer(this.#board.network.delay(null), () =>
      this.#consumer.run(() => this.#receiver.lost(peerLost('producer', reason))),
    )
    const requests = this.#requests
    if (requests === null) return
    scheduler.timer(this.#board.network.delay(null), () =>
      this.#producer?.run(() => requests.lost(peerLost('consumer', reason))),
    )
  }

  readonly upstream: UpstreamWire = {
    open: (channel, creditBytes) => {
      this.#step('before', 'data.open', this.#consumer)
      this.#request((requests) => {
        requests.open(channel, creditBytes)
        this.#step('after', 'data.open', this.#producer)
      })
    },
    credit: (channel, bytes) => this.#request((requests) => requests.credit(channel, bytes)),
    hint: (channel) => this.#request((requests) => requests.hint(channel)),
    close: () => this.break('closed by the consumer'),
  }

  #downstream(): DownstreamWire {
    return {
      send: (channel: ChannelKey, frame: Uint8Array) => {
        const copy = frame.slice()
        frame.fill(0xdb) // handed over: whoever still reads it is wrong
        this.#step('before', 'data.frame', this.#producer)
        this.#deliver(this.#down, this.#consumer, () => {
          this.#receiver.frame(channel, copy)
          this.#step('after', 'data.frame', this.#consumer)
        })
      },
      close: () => this.break('closed by the producer'),
    }
  }

  /** Between machines that cannot reach each other a connection stands still until somebody gives it up. */
  #stall(down: boolean): boolean {
    const producer = this.#producer
    if (this.#stalled || producer === null) return this.#stalled
    const [from, to] = down ? [producer, this.#consumer] : [this.#consumer, producer]
    if (this.#board.network.reachable(from, to)) return false
    this.#stalled = true
    this.#board.world.effect('unreached')
    this.#board.world.scheduler.timer(KEEP_ALIVE_MS, () => this.break('timed out'))
    return true
  }

  /** An error at a step of a connection is its end. */
  #step(when: When, step: string, process: SimProcess | null): void {
    if (process !== null && this.#board.network.onStep(when, step, process) === 'error')
      this.break('connection reset')
  }

  #request(fn: (requests: ChannelRequests) => void): void {
    this.#deliver(this.#up, null, () => {
      if (this.#requests === null) this.#early.push(fn)
      else {
        const requests = this.#requests
        this.#producer?.run(() => fn(requests))
      }
    })
  }

  #deliver(lane: string, target: SimProcess | null, fn: () => void): void {
    if (this.#broken) return
    if (this.#board.network.chanceToBreak()) {
      this.#board.world.effect('break', `data connection ${lane}`)
      this.break('connection reset')
      return
    }
    const label = named(lane)
    this.#board.world.scheduler.timer(this.#board.network.delay(lane), () => {
      this.#board.world.note(label)
      if (this.#broken || this.#stall(lane === this.#down)) return
      if (target === null) fn()
      else target.run(() => (this.#broken ? undefined : fn()))
    })
  }
}
