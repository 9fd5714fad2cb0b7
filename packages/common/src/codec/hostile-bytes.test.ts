// Every decoder of bytes against bytes that mean harm. Those behind a checksum are attacked with a checksum that fits too:
// what guards against accidents is not to be what guards against nonsense.

import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Codec, Key } from '../core/codec.ts'
import { NO_KEY_HASH } from '../core/graph/key-groups.ts'
import { BlockReader, BlockWriter, CHUNK_HEADER_BYTES, decodeValue, encodeValue } from './block.ts'
import { listCodec, mapCodec } from './composites.ts'
import { dynamicCodec, jsonCodec } from './dynamic-codec.ts'
import { open, openJson, seal, sealJson } from './envelope.ts'
import { ELEMENT_NONE, ELEMENT_RECORD, FrameReader, FrameWriter } from './frame.ts'
import { attack, type AttackReport, type Decoder, tell } from './hostile.contract.ts'
import { keyCodec } from './key-codec.ts'
import { bigintCodec, textCodec } from './primitives.ts'
import { PROPERTY_SEED, runs } from './runs.contract.ts'
import { structCodec } from './struct-codec.ts'
import { anyStruct, type Typed } from './typed.contract.ts'
import { weighedCodec } from './weighed-codec.ts'

const CASES = runs(12_000, 1_000_000)
/** Of values without and with a declared type, which most bytes are. */
const MAIN_CASES = runs(20_000, 1_000_000)
const PRINTED_FROM = 100_000
const TIMEOUT_MS = 900_000
const SAMPLES = 40
/** What any of the samples takes, and little more. */
const WEIGHT_MAX = 10_000

const of = <T>(name: string, codec: Codec<T>, values: readonly T[]): Decoder => ({
  name,
  samples: values.map((value) => encodeValue(codec, value)),
  read: (bytes) => decodeValue(codec, bytes),
})

const Empty = structCodec('Empty', {})
const nested: unknown[] = [
  { a: 1, b: 'text', c: [1, 2.5, null, undefined, true, { a: 2, b: 'x', c: [] }] },
  new Map<unknown, unknown>([
    ['k', new Set([1n, -(2n ** 90n)])],
    [new Date(5), Uint8Array.of(1, 2, 3)],
  ]),
  Array.from({ length: 20 }, (_, i) => ({ id: i, name: `n${i}`, tags: ['ä', '\u4e2d'] })),
  [[[[[[[[[['deep']]]]]]]]]],
]
const keys: Key[] = ['a', '\ud800', 1, -1, 0.5, 2n ** 70n, -1n, true, false, '中文'.repeat(20)]

/** Types of many kinds, each with values of its own. */
const types: readonly Typed[] = fc.sample(anyStruct, { numRuns: 24, seed: PROPERTY_SEED })
const structs: readonly Decoder[] = types.map(({ codec, values }, i) =>
  of(`struct ${i + 1}`, codec, fc.sample(values, { numRuns: SAMPLES, seed: i })),
)

function frameOf<T>(codec: Codec<T>, values: readonly T[]): Uint8Array {
  const writer = new FrameWriter({ capacityBytes: 65_536 })
  for (const [i, value] of values.entries()) {
    codec.write(writer.beginRecord(i, i % 2 === 0 ? NO_KEY_HASH : i), value)
    writer.endRecord()
    if (i % 3 === 0) writer.watermark(i)
  }
  writer.status(true)
  writer.barrier({ checkpointId: 7, timestampMs: 1, final: false })
  return writer.take()
}

function framesOf<T>(name: string, codec: Codec<T>, values: readonly T[]): Decoder {
  const reader = new FrameReader()
  return {
    name,
    samples: values.map((_, i) => frameOf(codec, values.slice(0, i + 1))),
    read: (bytes) => {
      const all: unknown[] = []
      reader.reset(bytes)
      for (let kind = reader.next(); kind !== ELEMENT_NONE; kind = reader.next())
        all.push(kind === ELEMENT_RECORD ? codec.read(reader.source) : kind)
      return all
    },
  }
}

function chunksOf<T>(codec: Codec<T>, values: readonly T[]): Decoder {
  const reader = new BlockReader()
  const samples = values.map((_, i) => {
    const writer = new BlockWriter()
    for (const value of values.slice(0, i + 1)) codec.write(writer.sink, value)
    return writer.take()
  })
  return {
    name: 'chunk',
    samples,
    read: (bytes) => {
      const all: unknown[] = []
      for (let at = 0; at < bytes.length; ) {
        at = reader.reset(bytes, at)
        while (!reader.atEnd) all.push(codec.read(reader.source))
      }
      return all
    },
  }
}

/** Length and checksum of one chunk, made to fit what is there. */
function fittingChunk(bytes: Uint8Array): Uint8Array {
  if (bytes.length < CHUNK_HEADER_BYTES) return bytes
  const chunk = new Uint8Array(bytes)
  const view = new DataView(chunk.buffer)
  view.setUint32(0, chunk.length - CHUNK_HEADER_BYTES, true)
  view.setUint32(4, crc32(chunk.subarray(CHUNK_HEADER_BYTES)), true)
  return chunk
}

const json = { job: 'a', index: 7, list: [1, 2, { x: null }], text: 'ä' }
const envelope: Decoder = {
  name: 'envelope',
  samples: [sealJson('sample', 1, json), seal('sample', 12, Uint8Array.of(1, 2, 3))],
  read: (bytes) => open('sample', bytes, 'file').payload,
}
const sealed: Decoder = {
  name: 'sealed JSON',
  samples: [Buffer.from(JSON.stringify(json)), Buffer.from('[[[[]]]]'), Buffer.from('{"a":{}}')],
  disguise: (bytes) => seal('sample', 1, bytes),
  read: (bytes) => openJson('sample', bytes, 'file').value,
}

const decoders: readonly Decoder[] = [
  of('dynamic', dynamicCodec, nested),
  of('dynamic, weighed', weighedCodec(WEIGHT_MAX), nested),
  of('json', jsonCodec as Codec<unknown>, [json, [json, json], 'text', 5, null]),
  of('key', keyCodec, keys),
  of('bigint', bigintCodec, [1n, -(2n ** 64n), 2n ** 500n]),
  of('map of lists', mapCodec(textCodec, listCodec(textCodec)) as Codec<unknown>, [
    new Map([
      ['a', ['b', 'c']],
      ['d', []],
    ]),
  ]),
  of('lists of lists of nothing', listCodec(listCodec(Empty)) as Codec<unknown>, [
    [[{}, {}], [], [{}]],
    Array.from({ length: 30 }, () => [{}]),
  ]),
  framesOf('frame of dynamic values', dynamicCodec, nested),
  framesOf('frame of keys', keyCodec, keys),
  chunksOf(dynamicCodec, nested),
  {
    ...chunksOf(dynamicCodec, nested),
    name: 'chunk with a checksum that fits',
    disguise: fittingChunk,
  },
  envelope,
  sealed,
]

describe('hostile bytes', () => {
  it.each(decoders.map((decoder) => [decoder.name, decoder] as const))(
    'are read or refused, soon, and cost little: %s',
    (_name, decoder) => {
      const cases = decoder.name === 'dynamic' ? MAIN_CASES : CASES
      const report = attack(decoder, cases, PROPERTY_SEED)
      if (CASES >= PRINTED_FROM) console.log(tell(report))
      expect(report.refused).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )

  it(
    'are read or refused by structs of any type',
    () => {
      const cases = Math.ceil(MAIN_CASES / structs.length)
      const reports = structs.map((decoder) => attack(decoder, cases, PROPERTY_SEED))
      if (CASES < PRINTED_FROM) return
      const sum = (part: (report: AttackReport) => number): number =>
        reports.reduce((all, report) => all + part(report), 0)
      const most = (part: (report: AttackReport) => number): number =>
        Math.max(...reports.map(part))
      console.log(
        tell({
          name: `${structs.length} structs`,
          cases: sum((report) => report.cases),
          refused: sum((report) => report.refused),
          slowestMs: most((report) => report.slowestMs),
          heaviest: most((report) => report.heaviest),
        }),
      )
    },
    TIMEOUT_MS,
  )
})
