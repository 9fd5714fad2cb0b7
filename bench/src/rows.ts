// The result rows of the workloads (SPEC §5).

import { AUCTION, BID, type NexmarkEvent } from './inputs/nexmark.ts'
import type { RowHash } from './row-hash.ts'

/** q0: every event; `extra` is not part of the row. */
export function addQ0Row(hash: RowHash, event: NexmarkEvent): void {
  hash.begin()
  if (event.kind === BID) {
    hash
      .text('B|')
      .integer(event.auction)
      .separator()
      .integer(event.bidder)
      .separator()
      .integer(event.price)
    hash.separator().integer(event.dateTime)
  } else if (event.kind === AUCTION) {
    hash
      .text('A|')
      .integer(event.id)
      .separator()
      .text(event.itemName)
      .separator()
      .text(event.description)
    hash
      .separator()
      .integer(event.initialBid)
      .separator()
      .integer(event.reserve)
      .separator()
      .integer(event.dateTime)
    hash
      .separator()
      .integer(event.expires)
      .separator()
      .integer(event.seller)
      .separator()
      .integer(event.category)
  } else {
    hash.text('P|').integer(event.id).separator().text(event.name).separator().text(event.email)
    hash
      .separator()
      .text(event.creditCard)
      .separator()
      .text(event.city)
      .separator()
      .text(event.state)
    hash.separator().integer(event.dateTime)
  }
  hash.end()
}

/** wordcount: a word and its count. */
export function addWordRow(hash: RowHash, word: string, count: number): void {
  hash.begin().text(word).separator().integer(count).end()
}

/** keyedcount and keyedupdates: a key and its count. */
export function addKeyRow(hash: RowHash, key: number, count: number): void {
  hash.begin().integer(key).separator().integer(count).end()
}
