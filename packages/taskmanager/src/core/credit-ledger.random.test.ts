// Both sides of a channel's credits, with messages that are under way for as long as they like, against what a person
// would count: bytes that were sent and not consumed.

import fc from 'fast-check'
import { tries } from '@weirjs/common/codec/runs.contract'
import { expect, test } from 'vitest'
import { CreditLedger, CreditReturns } from './credit-ledger.ts'

const WINDOW_MAX = 2_000
const FRAME_MAX = 3_000

const step = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: FRAME_MAX }) }),
  fc.constant({ kind: 'arrive' as const, bytes: 0 }),
  fc.constant({ kind: 'consume' as const, bytes: 0 }),
  fc.constant({ kind: 'grant' as const, bytes: 0 }),
)

/** One channel: frames on the wire, frames that have arrived, credits on the way back. */
class Channel {
  readonly ledger = new CreditLedger()
  readonly returns: CreditReturns
  readonly wire: number[] = []
  readonly arrived: number[] = []
  readonly back: number[] = []
  readonly #windowBytes: number
  /** Consumed, and not worth a message yet: below half of the window. */
  #owed = 0
  #largest = 0

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes
    this.returns = new CreditReturns(windowBytes)
    this.ledger.grant(windowBytes)
  }

  send(bytes: number): void {
    if (!this.ledger.maySend) {
      expect(() => this.ledger.spend(bytes)).toThrow('credit')
      return
    }
    this.ledger.spend(bytes)
    this.wire.push(bytes)
    this.#largest = Math.max(this.#largest, bytes)
  }

  arrive(): void {
    const bytes = this.wire.shift()
    if (bytes === undefined) return
    this.returns.received(bytes)
    this.arrived.push(bytes)
  }

  consume(): void {
    const bytes = this.arrived.shift()
    if (bytes === undefined) return
    this.#owed += bytes
    const returned = this.returns.consumed(bytes)
    if (returned === 0) expect(this.#owed).toBeLessThan(Math.floor(this.#windowBytes / 2))
    else {
      expect(returned).toBe(this.#owed)
      this.#owed = 0
      this.back.push(returned)
    }
  }

  grant(): void {
    const bytes = this.back.shift()
    if (bytes !== undefined) this.ledger.grant(bytes)
  }

  /** Nothing is lost or made: what the producer may not spend is under way, held, or owed. */
  check(): void {
    const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0)
    const elsewhere = sum(this.wire) + sum(this.arrived) + sum(this.back) + this.#owed
    expect(this.ledger.balanceBytes).toBe(this.#windowBytes - elsewhere)
    expect(sum(this.wire) + sum(this.arrived)).toBeLessThan(this.#windowBytes + this.#largest)
  }

  /** The consumer takes all, and the credits come back. */
  drain(): void {
    while (this.wire.length > 0) this.arrive()
    while (this.arrived.length > 0) this.consume()
    while (this.back.length > 0) this.grant()
  }
}

test('credits are neither lost nor made, and a drained channel can always send', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: WINDOW_MAX }),
      fc.array(step, { maxLength: 120 }),
      (windowBytes, steps) => {
        const channel = new Channel(windowBytes)
        for (const { kind, bytes } of steps) {
          if (kind === 'send') channel.send(bytes)
          else channel[kind]()
          channel.check()
        }
        channel.drain()
        channel.check()
        expect(channel.ledger.maySend).toBe(true)
      },
    ),
    tries(500, 100_000),
  )
}, 600_000)
