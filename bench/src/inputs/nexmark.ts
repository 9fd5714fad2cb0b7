// Nexmark events (SPEC §3): event number and seed in, event out. Fields are drawn in the SPEC's
// order.

import { JavaRandom } from './random.ts'
import { eventTimeMs } from './stream.ts'

export const PERSON = 0
export const AUCTION = 1
export const BID = 2

export interface Person {
  readonly kind: typeof PERSON
  readonly n: number
  readonly dateTime: number
  readonly id: number
  readonly name: string
  readonly email: string
  readonly creditCard: string
  readonly city: string
  readonly state: string
  readonly extra: string
}

export interface Auction {
  readonly kind: typeof AUCTION
  readonly n: number
  readonly dateTime: number
  readonly id: number
  readonly initialBid: number
  readonly reserve: number
  readonly expires: number
  readonly seller: number
  readonly category: number
  readonly itemName: string
  readonly description: string
  readonly extra: string
}

export interface Bid {
  readonly kind: typeof BID
  readonly n: number
  readonly dateTime: number
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly extra: string
}

export type NexmarkEvent = Person | Auction | Bid

const FIRST_ID = 1_000
const FIRST_NAMES = [
  'Peter',
  'Paul',
  'Luke',
  'John',
  'Saul',
  'Vicky',
  'Kate',
  'Julie',
  'Sarah',
  'Deiter',
  'Walter',
]
const LAST_NAMES = [
  'Shultz',
  'Abrams',
  'Spencer',
  'White',
  'Bartels',
  'Walton',
  'Smith',
  'Jones',
  'Noris',
]
const CITIES = [
  'Phoenix',
  'Los Angeles',
  'San Francisco',
  'Boise',
  'Portland',
  'Bend',
  'Redmond',
  'Seattle',
  'Kent',
  'Cheyenne',
]
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY']
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz'
const ALPHABETS = ALPHABET.repeat(24)

const EVENTS_PER_EPOCH = 50
const AUCTIONS_PER_EPOCH = 3
const ACTIVE_PEOPLE = 1_000
const OPEN_AUCTIONS = 100

export class NexmarkStream {
  readonly #random: JavaRandom

  constructor(seed: number) {
    this.#random = new JavaRandom(seed)
  }

  event(n: number): NexmarkEvent {
    this.#random.startEvent(n)
    const offset = n % EVENTS_PER_EPOCH
    if (offset > AUCTIONS_PER_EPOCH) return this.#bid(n)
    return offset === 0 ? this.#person(n) : this.#auction(n)
  }

  #person(n: number): Person {
    const random = this.#random
    const name = `${FIRST_NAMES[random.int(11)]} ${LAST_NAMES[random.int(9)]}`
    const user = this.#string(7)
    const email = `${user}@${this.#string(5)}.com`
    let creditCard = this.#fourDigits()
    for (let i = 1; i < 4; i++) creditCard += ` ${this.#fourDigits()}`
    const city = CITIES[random.int(10)] as string
    const state = STATES[random.int(6)] as string
    const size = 8 + name.length + email.length + creditCard.length + city.length + state.length
    const id = lastPerson(n) + FIRST_ID
    return {
      kind: PERSON,
      n,
      dateTime: eventTimeMs(n),
      id,
      name,
      email,
      creditCard,
      city,
      state,
      extra: extra(n, size, 200),
    }
  }

  #auction(n: number): Auction {
    const random = this.#random
    const popular = random.int(4) > 0
    const seller = (popular ? Math.floor(lastPerson(n) / 100) * 100 : this.#anyPerson(n)) + FIRST_ID
    const category = 10 + random.int(5)
    const initialBid = this.#price()
    const horizon = Math.floor((n + 1_666) / 100) - Math.floor(n / 100)
    const dateTime = eventTimeMs(n)
    const expires = dateTime + 1 + random.int(2 * horizon)
    const itemName = this.#string(20)
    const description = this.#string(100)
    const reserve = initialBid + this.#price()
    return {
      kind: AUCTION,
      n,
      dateTime,
      id: lastAuction(n) + FIRST_ID,
      initialBid,
      reserve,
      expires,
      seller,
      category,
      itemName,
      description,
      extra: extra(n, 48 + itemName.length + description.length, 500),
    }
  }

  #bid(n: number): Bid {
    const random = this.#random
    const hotAuction = random.int(2) > 0
    const auction =
      (hotAuction ? Math.floor(lastAuction(n) / 100) * 100 : this.#anyAuction(n)) + FIRST_ID
    const hotBidder = random.int(4) > 0
    const bidder =
      (hotBidder ? Math.floor(lastPerson(n) / 100) * 100 + 1 : this.#anyPerson(n)) + FIRST_ID
    return {
      kind: BID,
      n,
      dateTime: eventTimeMs(n),
      auction,
      bidder,
      price: this.#price(),
      extra: extra(n, 32, 100),
    }
  }

  #anyPerson(n: number): number {
    const people = lastPerson(n) + 1
    const active = Math.min(people, ACTIVE_PEOPLE)
    return people - active + this.#random.int(active + 10)
  }

  #anyAuction(n: number): number {
    const last = lastAuction(n)
    const min = Math.max(last - OPEN_AUCTIONS, 0)
    return min + this.#random.int(last - min + 11)
  }

  #price(): number {
    return Math.round(10 ** (this.#random.double() * 6) * 100)
  }

  #string(max: number): string {
    const random = this.#random
    let text = ''
    for (let left = 3 + random.int(max - 3); left > 0; left--) {
      text += random.int(13) === 0 ? ' ' : ALPHABET[random.int(26)]
    }
    return text.trim()
  }

  #fourDigits(): string {
    return String(this.#random.int(10_000)).padStart(4, '0')
  }
}

function lastPerson(n: number): number {
  return Math.floor(n / EVENTS_PER_EPOCH)
}

function lastAuction(n: number): number {
  const offset = Math.min(n % EVENTS_PER_EPOCH, AUCTIONS_PER_EPOCH)
  return lastPerson(n) * AUCTIONS_PER_EPOCH + offset - 1
}

/** Filler, so that a record of `size` bytes comes to about `target`. */
function extra(n: number, size: number, target: number): string {
  const room = target - size
  if (room <= 0) return ''
  const spread = Math.floor((2 * room + 5) / 10)
  const length = room - spread + (spread === 0 ? 0 : n % (2 * spread))
  const start = n % ALPHABET.length
  return ALPHABETS.substring(start, start + length)
}
