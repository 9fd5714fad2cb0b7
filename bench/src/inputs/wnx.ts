// The binary Nexmark file (SPEC §3.1), version WNX1. All numbers are little endian.
//
//   header | "WNX1" | group u32 | seed u64 | events u64 | partition u32 | partitions u32 |
//   record | bytes that follow u16 | kind u8 | n i64 | dateTime i64 | numbers, i64 each |
//          | texts: length u16 and ASCII |

import { AUCTION, type NexmarkEvent, PERSON } from './nexmark.ts'
import type { StreamShape } from './stream.ts'

export const WNX_HEADER_BYTES = 32
/** Length field included. */
export const WNX_RECORD_BYTES_MAX = 2 + 0xffff

const MAGIC = 0x3158_4e57
const TWO_32 = 0x1_0000_0000

export interface WnxHeader extends StreamShape {
  readonly partition: number
}

export function wnxHeader(header: WnxHeader): Uint8Array {
  const bytes = new Uint8Array(WNX_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, header.group, true)
  view.setBigUint64(8, BigInt(header.seed), true)
  view.setBigUint64(16, BigInt(header.events), true)
  view.setUint32(24, header.partition, true)
  view.setUint32(28, header.partitions, true)
  return bytes
}

/** Throws RangeError when it is no WNX1 file. */
export function readWnxHeader(bytes: Uint8Array): WnxHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < WNX_HEADER_BYTES || view.getUint32(0, true) !== MAGIC)
    throw new RangeError('no WNX1 file')
  return {
    group: view.getUint32(4, true),
    seed: Number(view.getBigUint64(8, true)),
    events: Number(view.getBigUint64(16, true)),
    partition: view.getUint32(24, true),
    partitions: view.getUint32(28, true),
  }
}

/** Writes records into a buffer that is large enough. */
export class WnxEncoder {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get length(): number {
    return this.#at
  }

  reset(): void {
    this.#at = 0
  }

  write(event: NexmarkEvent): void {
    const start = this.#at
    this.#at += 2
    this.#bytes[this.#at++] = event.kind
    this.#integer(event.n)
    this.#integer(event.dateTime)
    if (event.kind === PERSON) {
      this.#integer(event.id)
      for (const text of [event.name, event.email, event.creditCard, event.city, event.state])
        this.#text(text)
    } else if (event.kind === AUCTION) {
      const { id, initialBid, reserve, expires, seller, category } = event
      for (const value of [id, initialBid, reserve, expires, seller, category]) this.#integer(value)
      this.#text(event.itemName)
      this.#text(event.description)
    } else {
      this.#integer(event.auction)
      this.#integer(event.bidder)
      this.#integer(event.price)
    }
    this.#text(event.extra)
    this.#bytes.writeUInt16LE(this.#at - start - 2, start)
  }

  #integer(value: number): void {
    this.#bytes.writeUInt32LE(value % TWO_32, this.#at)
    this.#bytes.writeUInt32LE(Math.floor(value / TWO_32), this.#at + 4)
    this.#at += 8
  }

  #text(value: string): void {
    this.#bytes.writeUInt16LE(value.length, this.#at)
    this.#at += 2 + this.#bytes.write(value, this.#at + 2, 'latin1')
  }
}
