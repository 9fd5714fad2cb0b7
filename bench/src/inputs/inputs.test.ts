import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generateInputs, inputDirectory, type InputRequest } from './generate.ts'
import { KeyStream } from './keys.ts'
import { BID, type NexmarkEvent, NexmarkStream } from './nexmark.ts'
import { JavaRandom } from './random.ts'
import { eventNumber, partitionEvents, positionOf } from './stream.ts'
import { WnxDecoder } from './wnx-decoder.ts'
import { readWnxHeader, WNX_HEADER_BYTES } from './wnx.ts'
import { wordAt, WordStream } from './words.ts'

describe('JavaRandom', () => {
  it('follows the formula of the specification, bit by bit', () => {
    const draw = (state: bigint): bigint => BigInt.asUintN(48, state * 0x5deece66dn + 0xbn)
    for (const [seed, n] of [
      [0, 0],
      [0, 123_456],
      [7, 1_000_099],
      [2 ** 53 - 1, 2 ** 53 - 1],
      [12_345, 2 ** 40 + 3],
    ]) {
      const random = new JavaRandom(seed as number)
      random.startEvent(n as number)
      let state = BigInt.asUintN(
        48,
        BigInt(n as number) ^ (BigInt(seed as number) * 0x9e3779b97f4a7c15n) ^ 0x5deece66dn,
      )
      for (let i = 0; i < 200; i++) {
        const bits = 24 + (i % 8)
        state = draw(state)
        expect(random.next(bits)).toBe(Number(state >> BigInt(48 - bits)))
      }
    }
  })
})

describe('the streams', () => {
  it('give the test values of the specification', () => {
    expect([0, 1, 123_456].map((n) => new WordStream(0).word(n))).toEqual([
      'hliifzn',
      'hlzzfbn',
      'sacemrw',
    ])
    expect([wordAt(948), wordAt(4_588)]).toEqual(['hliifzn', 'hlzzfbn']) // what events 0 and 1 draw
    expect(new KeyStream(0).key(123_456)).toBe(235_447)
    const bid = new NexmarkStream(0).event(4)
    expect(bid).toMatchObject({ kind: BID, n: 4, auction: 1_000, bidder: 1_001, price: 32_530_001 })
    expect(bid.extra).toHaveLength(58)
    expect(new NexmarkStream(0).event(1_000_099)).toMatchObject({
      auction: 60_949,
      bidder: 21_001,
      price: 106,
    })
    expect(new NexmarkStream(7).event(1_000_099)).toMatchObject({
      auction: 60_980,
      bidder: 21_001,
      price: 34_910_618,
    })
  })

  it('put every event exactly once, whatever the group and the partitions', () => {
    for (const group of [1, 1_000]) {
      for (const partitions of [1, 2, 3]) {
        const seen = new Set<number>()
        for (let p = 0; p < partitions; p++) {
          const count = partitionEvents(7_000, p, partitions)
          for (let k = 0; k < count; k++) seen.add(eventNumber(positionOf(k, p, partitions), group))
        }
        expect([seen.size, Math.max(...seen)]).toEqual([7_000, 6_999])
      }
    }
  })
})

describe('input files', () => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'weir-inputs-'))
  })
  afterEach(() => {
    rmSync(root, { recursive: true })
  })
  const request: InputRequest = {
    data: 'nexmark',
    events: 5_000,
    seed: 3,
    group: 1_000,
    partitions: 2,
  }
  const sha256 = (path: string): string =>
    createHash('sha256').update(readFileSync(path)).digest('hex')

  it('are, byte for byte, those of the plain Java generator', () => {
    const nexmark = generateInputs(inputDirectory(root, request), request).files.map(sha256)
    const words = { ...request, data: 'words' as const, group: 1 }
    expect([
      ...nexmark,
      ...generateInputs(inputDirectory(root, words), words).files.map(sha256),
    ]).toEqual([
      '60d0df662a98b676e0de495df0e64fd610563eac0d243779dbe6420b8c52664a',
      '50bd961b6ff4c59d375a40da447d6aa4c0f2e34ef6a47a689cadceb77dfd7b4c',
      'eb42a012094e02391528af29fb642e136d654f08d1819d7b91123206a7a23943',
      'd05863c30be1ba875a8e57631d64953b519e228dfe997ff29f099e63ad7dd9b4',
    ])
  })

  it('are made once, and again when something is missing', () => {
    const directory = inputDirectory(root, request)
    const first = generateInputs(directory, request)
    expect(first.made).toBe(true)
    expect(generateInputs(directory, request)).toEqual({ ...first, made: false })
    truncateSync(first.files[1] as string, 100)
    expect(generateInputs(directory, request)).toEqual({ ...first, made: true })
    expect(readdirSync(directory).toSorted()).toEqual(['complete.json', 'part-0', 'part-1'])
    expect(() => generateInputs(directory, { ...request, seed: 4 })).toThrow('another input')
  })

  it('are decoded to the events that they were made of, in blocks of any size', () => {
    const [file] = generateInputs(inputDirectory(root, request), request).files
    const bytes = readFileSync(file as string)
    expect(readWnxHeader(bytes)).toEqual({
      group: 1_000,
      seed: 3,
      events: 5_000,
      partition: 0,
      partitions: 2,
    })
    const stream = new NexmarkStream(3)
    const count = partitionEvents(5_000, 0, 2)
    const expected = Array.from({ length: count }, (_, k) =>
      stream.event(eventNumber(positionOf(k, 0, 2), 1_000)),
    )
    for (const blockBytes of [1_000, 65_536, bytes.length])
      expect(decode(bytes, blockBytes)).toEqual(expected)
  })

  it('are refused when they are damaged', () => {
    const [file] = generateInputs(inputDirectory(root, request), request).files
    const bytes = readFileSync(file as string)
    expect(() => readWnxHeader(bytes.subarray(1))).toThrow('no WNX1 file')
    bytes[WNX_HEADER_BYTES + 2] = 9
    expect(() => decode(bytes, bytes.length)).toThrow('unknown kind 9')
  })
})

function decode(bytes: Uint8Array, blockBytes: number): NexmarkEvent[] {
  const decoder = new WnxDecoder()
  const events: NexmarkEvent[] = []
  for (let at = WNX_HEADER_BYTES; at < bytes.length; at += decoder.consumed) {
    decoder.reset(bytes, at, Math.min(at + blockBytes, bytes.length))
    for (let event = decoder.next(); event !== null; event = decoder.next()) events.push(event)
    if (decoder.consumed === 0) throw new Error('a block holds no whole record')
  }
  return events
}
