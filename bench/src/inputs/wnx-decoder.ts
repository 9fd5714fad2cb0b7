// Reads WNX1 records, every field of them, as a source would: a block of bytes at a time. The texts
// of a block are pieces of one string, made by one native call over the whole block, numbers and
// all: a byte is a character then, so offsets are the same in both.

import { AUCTION, BID, type NexmarkEvent, PERSON } from './nexmark.ts'

const TWO_32 = 0x1_0000_0000
const LENGTH_BYTES = 2

export class WnxDecoder {
  #view: DataView = new DataView(new ArrayBuffer(0))
  #text = ''
  #at = 0
  #end = 0
  #recordEnd = 0

  /**
   * Starts with the record at `start` of `bytes`; the block ends at `end`, within a record perhaps.
   */
  reset(bytes: Uint8Array, start: number, end: number): void {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start)
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
    this.#at = 0
    this.#end = end - start
  }

  /** Bytes from `start` that whole records have been read from. */
  get consumed(): number {
    return this.#at
  }

  /**
   * The next record; null when the block has no further whole one. Throws RangeError for what is no
   * record.
   */
  next(): NexmarkEvent | null {
    const start = this.#at + LENGTH_BYTES
    if (start > this.#end) return null
    const recordEnd = start + this.#view.getUint16(this.#at, true)
    if (recordEnd > this.#end) return null
    this.#recordEnd = recordEnd
    const kind = this.#view.getUint8(start)
    this.#at = start + 1
    const event = this.#read(kind)
    if (this.#at !== recordEnd)
      throw new RangeError('a WNX1 record has another length than its fields')
    return event
  }

  #read(kind: number): NexmarkEvent {
    const n = this.#integer()
    const dateTime = this.#integer()
    if (kind === BID) {
      const auction = this.#integer()
      const bidder = this.#integer()
      const price = this.#integer()
      return { kind: BID, n, dateTime, auction, bidder, price, extra: this.#string() }
    }
    if (kind === AUCTION) return this.#readAuction(n, dateTime)
    if (kind === PERSON) return this.#readPerson(n, dateTime)
    throw new RangeError(`a WNX1 record of unknown kind ${kind}`)
  }

  #readAuction(n: number, dateTime: number): NexmarkEvent {
    const id = this.#integer()
    const initialBid = this.#integer()
    const reserve = this.#integer()
    const expires = this.#integer()
    const seller = this.#integer()
    const category = this.#integer()
    const itemName = this.#string()
    const description = this.#string()
    const extra = this.#string()
    return {
      kind: AUCTION,
      n,
      dateTime,
      id,
      initialBid,
      reserve,
      expires,
      seller,
      category,
      itemName,
      description,
      extra,
    }
  }

  #readPerson(n: number, dateTime: number): NexmarkEvent {
    const id = this.#integer()
    const name = this.#string()
    const email = this.#string()
    const creditCard = this.#string()
    const city = this.#string()
    const state = this.#string()
    return {
      kind: PERSON,
      n,
      dateTime,
      id,
      name,
      email,
      creditCard,
      city,
      state,
      extra: this.#string(),
    }
  }

  #integer(): number {
    const at = this.#at
    this.#at = at + 8
    return this.#view.getInt32(at + 4, true) * TWO_32 + this.#view.getUint32(at, true)
  }

  #string(): string {
    const from = this.#at + LENGTH_BYTES
    const to = from + this.#view.getUint16(this.#at, true)
    if (to > this.#recordEnd) throw new RangeError('a text runs beyond the end of its WNX1 record')
    this.#at = to
    return this.#text.substring(from, to)
  }
}
