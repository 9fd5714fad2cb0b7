// Records a second through a frame and back, in one thread: the codec alone, without tasks and
// channels. Run: node -C source bench/src/micro/codec.ts [seconds for each case]

import { FrameReader, FrameWriter, ELEMENT_NONE } from '@weirjs/common/codec/frame'
import { intCodec, textCodec, timestampCodec } from '@weirjs/common/codec/primitives'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import type { Codec } from '@weirjs/common/core/codec'
import { NO_KEY_HASH } from '@weirjs/common/core/graph/key-groups'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'

const FRAME_BYTES = 32 * 1024
const RECORDS = 100_000
const seconds = Number(process.argv[2] ?? 2)

interface Bid {
  n: number
  dateTime: number
  auction: number
  bidder: number
  price: number
  extra: string
}

const bidCodec: Codec<Bid> = structCodec<Bid>('Bid', {
  n: intCodec,
  dateTime: timestampCodec,
  auction: intCodec,
  bidder: intCodec,
  price: intCodec,
  extra: textCodec,
})

const alphabet = 'abcdefghijklmnopqrstuvwxyz'.repeat(4)

// Texts are pieces of a larger string, as they are when they come from a frame or a file block.
function makeWords(): string[] {
  const line = Array.from({ length: RECORDS }, (_, i) =>
    ((i * 1_500_450_271) % 26 ** 7).toString(26).padStart(7, 'a'),
  )
  const block = line.join('')
  return line.map((_, i) => block.substring(i * 7, i * 7 + 7))
}

function makeBids(): Bid[] {
  return Array.from({ length: RECORDS }, (_, i) => ({
    n: i,
    dateTime: 1_436_918_400_000 + Math.floor(i / 100),
    auction: 1_000 + (i % 60_949),
    bidder: 1_001 + (i % 21_001),
    price: 100 + ((i * 7_919) % 99_999_900),
    extra: alphabet.substring(i % 26, (i % 26) + 58),
  }))
}

/** Encodes and decodes all values again and again; prints the best round. */
function measure<T>(name: string, codec: Codec<T>, values: readonly T[], keyed: boolean): void {
  const writer = new FrameWriter({ capacityBytes: FRAME_BYTES })
  const reader = new FrameReader()
  let best = { both: 0, encode: 0, decode: 0, bytes: 0 }
  const endAt = performance.now() + seconds * 1_000
  while (performance.now() < endAt) {
    const start = performance.now()
    const frames = encodeAll(writer, codec, values, keyed)
    const middle = performance.now()
    const records = decodeAll(reader, codec, frames)
    const end = performance.now()
    if (records !== values.length)
      throw new Error(`${records} of ${values.length} records came back`)
    const both = values.length / (end - start)
    if (both <= best.both) continue
    const bytes = frames.reduce((sum, frame) => sum + frame.length, 0) / values.length
    best = {
      both,
      encode: values.length / (middle - start),
      decode: values.length / (end - middle),
      bytes,
    }
  }
  const millions = (perMs: number): string => `${(perMs / 1_000).toFixed(1)} M/s`
  console.log(
    `${name.padEnd(24)} both ${millions(best.both).padStart(9)}   encode ${millions(best.encode).padStart(9)}` +
      `   decode ${millions(best.decode).padStart(9)}   ${best.bytes.toFixed(1)} bytes a record`,
  )
}

function encodeAll<T>(
  writer: FrameWriter,
  codec: Codec<T>,
  values: readonly T[],
  keyed: boolean,
): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let i = 0; i < values.length; i++) {
    codec.write(
      writer.beginRecord(NO_TIMESTAMP, keyed ? Math.imul(i, 0x9e3779b1) : NO_KEY_HASH),
      values[i] as T,
    )
    writer.endRecord()
    if (writer.full) frames.push(writer.take())
  }
  if (!writer.empty) frames.push(writer.take())
  return frames
}

let kept: unknown = null

function decodeAll<T>(reader: FrameReader, codec: Codec<T>, frames: readonly Uint8Array[]): number {
  let records = 0
  for (const frame of frames) records += decodeFrame(reader, codec, frame)
  return records
}

function decodeFrame<T>(reader: FrameReader, codec: Codec<T>, frame: Uint8Array): number {
  let records = 0
  reader.reset(frame)
  while (reader.next() !== ELEMENT_NONE) {
    kept = codec.read(reader.source)
    records++
  }
  return records
}

measure('words', textCodec, makeWords(), false)
measure('words, keyed', textCodec, makeWords(), true)
measure('bids', bidCodec, makeBids(), false)
measure('bids, keyed', bidCodec, makeBids(), true)
measure('words', textCodec, makeWords(), false)
measure('words, keyed', textCodec, makeWords(), true)
if (kept === null) throw new Error('nothing was decoded')
