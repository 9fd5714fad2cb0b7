// The simulated network between processes: calls with a reply, and connections that carry bytes in order. Everything is
// delayed by chance; calls may get lost, arrive twice, or (where the gateway's contract allows it) overtake each other;
// a connection breaks when an end dies or when chance says so, and both ends learn it later, never at the same time.

import { WeirError } from '@weirjs/common/core/errors'
import type { Prng } from '@weirjs/common/core/prng'
import { copy } from './copy.ts'
import type { When } from './failpoints.ts'
import { named } from './history-hash.ts'
import type { SimProcess } from './process.ts'
import type { World } from './world.ts'

/** All probabilities 0 … 1, all times in ms. Drawn per seed (swarm), zeroed in the liveness phase. */
export interface NetworkFaults {
  delayMsMax: number
  /** A call's request or reply vanishes; the caller sees a deadline. */
  dropProbability: number
  duplicateProbability: number
  /** Calls may overtake each other, where they may. */
  reorder: boolean
  /** A byte connection breaks at a message. */
  breakProbability: number
  deadlineMs: number
}

export const HEALTHY_NETWORK: NetworkFaults = {
  delayMsMax: 1,
  dropProbability: 0,
  duplicateProbability: 0,
  reorder: false,
  breakProbability: 0,
  deadlineMs: 2_000,
}

/** No message of a sound network takes longer. */
const SOUND_DELAY_MS = HEALTHY_NETWORK.delayMsMax + 0.02

export interface CallOptions {
  readonly from: SimProcess
  readonly to: SimProcess
  readonly name: string
  /** True: calls from → to arrive in the order sent. */
  readonly ordered: boolean
}

export class Network {
  faults: NetworkFaults
  readonly #world: World
  readonly #prng: Prng
  readonly #lastArrival = new Map<string, number>()
  /** Of the calls between two processes that may overtake each other, when the last one arrives. */
  readonly #lastOvertakable = new Map<string, number>()
  /** Directions between machines that nothing gets through. */
  readonly #cut = new Set<string>()
  /** Steps of a call that something may happen at. An error: the request is not sent, or the reply is not. */
  onStep: (when: When, step: string, process: SimProcess) => 'go' | 'error' = () => 'go'

  constructor(world: World, faults: NetworkFaults) {
    this.#world = world
    this.#prng = world.prng.fork()
    this.faults = faults
  }

  /** Nothing gets from one machine to the other, until the answer is called or all is healed. */
  cut(from: string, to: string): () => void {
    const key = `${from}→${to}`
    this.#cut.add(key)
    return () => this.#cut.delete(key)
  }

  heal(): void {
    this.#cut.clear()
  }

  reachable(from: SimProcess, to: SimProcess): boolean {
    return this.#cut.size === 0 || !this.#cut.has(`${from.machine}→${to.machine}`)
  }

  /** Delay for one message; in order with its predecessors of the same lane when `lane` is given. */
  delay(lane: string | null): number {
    const now = this.#world.scheduler.nowMs()
    const arrival = now + 0.01 + this.#prng.float() * this.faults.delayMsMax
    if (arrival - now > SOUND_DELAY_MS) this.#world.effect('delayed')
    if (lane === null) return arrival - now
    const ordered = Math.max(arrival, (this.#lastArrival.get(lane) ?? 0) + 0.001)
    this.#lastArrival.set(lane, ordered)
    return ordered - now
  }

  /** A message of a connection: in order, or the connection breaks. */
  chanceToBreak(): boolean {
    return this.#prng.chance(this.faults.breakProbability)
  }

  /** A remote call: `handler` runs as `to`. Rejects with `rpc/deadline` or `rpc/unavailable` as gRPC would. */
  call<T>(options: CallOptions, handler: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { from, to } = options
      const end = new CallEnd(from, resolve, reject)
      const { scheduler } = this.#world
      end.onEnd(
        scheduler.timer(this.faults.deadlineMs, () =>
          end.fail(options, 'rpc/deadline', 'no reply'),
        ),
      )
      if (!to.alive) return this.#refuse(options, end)
      if (this.onStep('before', stepOf(options), from) === 'error')
        return this.#refuse(options, end)
      if (!from.alive) return
      if (!this.#passes(to, from, options.name, 'request')) return
      const pair = pairKey(from, to)
      const lane = options.ordered || !this.faults.reorder ? pair : null
      const arrive = (): void => this.#arrive(options, handler, end)
      const delayMs = this.delay(lane)
      if (lane === null) this.#mayOvertake(pair, scheduler.nowMs() + delayMs)
      scheduler.timer(delayMs, arrive)
      if (this.#prng.chance(this.faults.duplicateProbability)) {
        this.#world.effect('duplicate', `${options.name} ${from.name} → ${to.name}`)
        scheduler.timer(this.delay(lane), arrive)
      }
    })
  }

  #arrive<T>(options: CallOptions, handler: () => Promise<T>, end: CallEnd<T>): void {
    const { from, to, name } = options
    this.#world.note(named(name))
    if (!to.alive) return this.#refuse(options, end)
    const reply = (fn: () => void): void =>
      to.run(() => {
        if (this.onStep('after', stepOf(options), to) === 'error') return
        if (!to.alive || end.settled || !this.#passes(from, to, name, 'reply')) return
        this.#world.scheduler.timer(this.delay(null), () => {
          this.#world.note(named(name))
          end.settle(fn)
        })
      })
    to.run(() => {
      if (!end.settled) end.onEnd(to.onKill(() => this.#refuse(options, end)))
      handler().then(
        (value) => reply(() => end.resolve(copy(value))),
        (error: unknown) => reply(() => end.reject(error)),
      )
    })
  }

  #mayOvertake(pair: string, arrivalMs: number): void {
    const last = this.#lastOvertakable.get(pair) ?? 0
    if (arrivalMs < last) this.#world.effect('reordered')
    else this.#lastOvertakable.set(pair, arrivalMs)
  }

  /** Nobody is there, or not any more: the caller learns it a little later. */
  #refuse<T>(options: CallOptions, end: CallEnd<T>): void {
    this.#world.scheduler.timer(this.delay(null), () =>
      end.fail(options, 'rpc/unavailable', 'connection refused or reset'),
    )
  }

  #passes(to: SimProcess, from: SimProcess, name: string, part: string): boolean {
    if (!this.reachable(from, to)) {
      this.#world.effect('unreached')
      return false
    }
    if (!this.#prng.chance(this.faults.dropProbability)) return true
    this.#world.effect('drop', `${part} of ${name} ${from.name} → ${to.name}`)
    return false
  }
}

/** The caller's end of a call: settles once, in the caller's process, and lets go of what waited for it. */
class CallEnd<T> {
  readonly #from: SimProcess
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
  readonly #onEnd: (() => void)[] = []
  settled = false

  constructor(from: SimProcess, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.#from = from
    this.resolve = resolve
    this.reject = reject
  }

  onEnd(fn: () => void): void {
    this.#onEnd.push(fn)
  }

  settle(fn: () => void): void {
    this.#from.run(() => {
      if (this.settled) return
      this.settled = true
      for (const each of this.#onEnd) each()
      fn()
    })
  }

  fail({ name, to }: CallOptions, code: 'rpc/deadline' | 'rpc/unavailable', why: string): void {
    const error = new WeirError(code, `${name} to ${to.name}: ${why}`, { domain: 'external' })
    this.settle(() => this.reject(error))
  }
}

/** Calls have an id of a checkpoint or a state in their names. */
const stepOf = ({ name }: CallOptions): string => `call.${name.split(' ')[0]}`

function pairKey(from: SimProcess, to: SimProcess): string {
  return `${from.name}→${to.name}`
}
