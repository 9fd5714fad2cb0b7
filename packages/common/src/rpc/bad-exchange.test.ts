// The matrix of bad messages between slots: every field of what a consumer sends up and a producer sends down, found by
// walking the descriptors. Slots read these bytes by hand, so that each mutation is refused by the field's name, or read
// as protobuf would read it: what a visitor is told is within its bounds. Through real streams: hostile-wire.test.ts.

import { describe, expect, test } from 'vitest'
import { WeirError } from '../core/errors.ts'
import { decodeUp, eachFrame, EXCHANGE_CHANNELS_MAX, takeSequence } from './exchange-wire.ts'
import { gapsOf, nonsenseFor, placesOf } from './nonsense.fixture.ts'
import { encode, fieldsOf, fixedField, type Values } from './raw-message.fixture.ts'
import { FENCE, WORKER } from './samples.fixture.ts'

const CHANNELS = 4
const SEQUENCE = 7

type Read = (message: Buffer) => readonly string[]

interface Row {
  readonly type: string
  readonly samples: readonly Values[]
  /** What is wrong with what was told; empty where all is within bounds. */
  readonly read: Read
}

const isBetween = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
const isChannel = (value: unknown, most = EXCHANGE_CHANNELS_MAX - 1): boolean =>
  isBetween(value, 0, most)
const isText = (value: unknown, most: number): boolean =>
  typeof value === 'string' && value !== '' && value.length <= most

function readUp(message: Buffer): readonly string[] {
  const wrong: string[] = []
  const demand = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what)
  }
  decodeUp(takeSequence(message, SEQUENCE), 'secret', {
    onOpen: ({ fence, consumerSlot, channels }) => {
      demand(/^[0-9a-f]{32}$/.test(fence.jobId), 'jobId')
      demand(isBetween(fence.epoch, 1, Number.MAX_SAFE_INTEGER), 'epoch')
      demand(isBetween(fence.attempt, 1, Number.MAX_SAFE_INTEGER), 'attempt')
      demand(isText(consumerSlot.workerId, 1_024), 'worker')
      demand(isBetween(consumerSlot.index, 0, 65_535), 'slot')
      demand(channels.length <= EXCHANGE_CHANNELS_MAX, 'channels')
      demand(
        channels.every((name) => isText(name, 128)),
        'channel',
      )
    },
    onChannel: (name) => demand(isText(name, 128), 'channel'),
    onCredit: (channel, bytes) => {
      demand(isChannel(channel), 'credit.channel')
      demand(isBetween(bytes, 1, Number.MAX_SAFE_INTEGER), 'credit.bytes')
    },
    onHint: (channel) => demand(isChannel(channel), `hint ${channel}`),
    onClosing: () => {},
  })
  return wrong
}

function readDown(message: Buffer): readonly string[] {
  const wrong: string[] = []
  eachFrame(takeSequence(message, SEQUENCE), CHANNELS, (channel, frame) => {
    if (!isChannel(channel, CHANNELS - 1)) wrong.push('channel')
    if (frame.length > message.length) wrong.push('frame')
  })
  return wrong
}

const ROWS: readonly Row[] = [
  {
    type: 'ExchangeUp',
    samples: [
      {
        open: { fence: FENCE, consumerWorker: WORKER, consumerSlot: 1, channels: ['e0:0:0'] },
        channels: ['e0:0:1'],
        credits: [{ channel: 1, bytes: 5 }],
        hints: [2],
        closing: true,
        sequence: SEQUENCE,
      },
    ],
    read: readUp,
  },
  {
    type: 'ExchangeDown',
    samples: [{ frames: [{ channel: 1, frame: Buffer.from('frame') }], sequence: SEQUENCE }],
    read: readDown,
  },
]

/** A field that is left out is as if it were zero or empty, where that is legal. */
const MAY_BE_MISSING =
  /^(?:open(?:\.consumerSlot|\.channels)?|channels|credits(?:\.channel)?|hints|closing|frames)$/

describe.each(ROWS)('$type', ({ type, samples, read }) => {
  test('has a sample that is read, with something in every field', () => {
    expect(gapsOf(type, samples)).toEqual([])
    const empty = fieldsOf(type).filter(({ name }) => !samples.some((one) => name in one))
    expect(empty).toEqual([])
    for (const sample of samples) expect(read(encode(type, sample))).toEqual([])
  })

  test.each(
    samples.flatMap((sample) =>
      placesOf(type, sample).map((place) => ({ sample, ...place, at: place.path.join('.') })),
    ),
  )('$at', ({ sample, path, field, at }) => {
    for (const { what, instead, never } of nonsenseFor(field)) {
      const message = encode(type, sample, { path, instead: instead(field) })
      let told: readonly string[]
      try {
        told = read(message)
      } catch (error) {
        expect(error, what).toBeInstanceOf(WeirError)
        const { code, message: said } = error as WeirError
        expect(code, what).toBe('rpc/invalid-argument')
        expect(said.length, what).toBeLessThan(300)
        continue
      }
      expect(told, what).toEqual([])
      expect(never && at !== 'hints', `${what} was taken`).toBe(false)
      if (what === 'missing') expect(at).toMatch(MAY_BE_MISSING)
    }
  })

  test('with another number than its own, or none, is refused', () => {
    const [sample] = samples
    const without = encode(type, { ...sample, sequence: undefined })
    for (const tail of [Buffer.alloc(0), fixedField(15, SEQUENCE + 1), fixedField(14, SEQUENCE)])
      expect(() => read(Buffer.concat([without, tail]))).toThrow(
        expect.objectContaining({ code: 'rpc/invalid-argument' }),
      )
  })
})
