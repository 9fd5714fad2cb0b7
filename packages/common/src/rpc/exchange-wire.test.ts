import { fileURLToPath } from 'node:url'

import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader'
import { describe, expect, it } from 'vitest'

import { attempt, jobId, leaderEpoch, workerId } from '../core/ids.ts'
import {
  decodeUp,
  downBytes,
  eachFrame,
  encodeClosing,
  encodeOpen,
  encodeUp,
  type ExchangeOpen,
  SEQUENCE_BYTES,
  takeSequence,
  type UpVisitor,
  writeDown,
  writeSequence,
} from './exchange-wire.ts'

const protoDir = fileURLToPath(new URL('../../../../proto', import.meta.url))
const definitions = loadSync('weir/v1/exchange.proto', {
  includeDirs: [protoDir],
  longs: String,
  defaults: true,
})
const message = (name: string): MessageTypeDefinition<object, object> =>
  definitions[`weir.v1.${name}`] as MessageTypeDefinition<object, object>

const OPEN: ExchangeOpen = {
  fence: {
    jobId: jobId('0123456789abcdef'.repeat(2)),
    epoch: leaderEpoch(2 ** 40),
    attempt: attempt(300),
  },
  credential: 'secret',
  consumerSlot: { workerId: workerId('wörker'), index: 0 },
  channels: ['e0:0:0', 'e11:127:3'],
}

function told(bytes: Uint8Array): unknown[] {
  const events: unknown[] = []
  const visitor: UpVisitor = {
    onOpen: (open) => events.push(open),
    onChannel: (name) => events.push(name),
    onCredit: (channel, credit) => events.push([channel, credit]),
    onHint: (channel) => events.push(channel),
    onClosing: () => events.push('closing'),
  }
  decodeUp(bytes, 'secret', visitor)
  return events
}

function down(frames: readonly (readonly [number, Uint8Array])[]): Buffer {
  const target = Buffer.alloc(frames.reduce((sum, [, frame]) => sum + downBytes(frame), 0))
  let at = 0
  for (const [channel, frame] of frames) at = writeDown(target, at, channel, frame)
  expect(at).toBe(target.length)
  return target
}

describe('bytes of the data plane', () => {
  it('are those that protobuf writes', () => {
    const open = message('ExchangeUp').serialize({
      open: {
        fence: { jobId: OPEN.fence.jobId, epoch: OPEN.fence.epoch, attempt: OPEN.fence.attempt },
        consumerWorker: 'wörker',
        channels: OPEN.channels,
      },
    })
    expect(encodeOpen(OPEN)).toEqual(open)
    const up = {
      channels: ['e1:0:0'],
      credits: [
        { channel: 1, bytes: 2 ** 45 },
        { channel: 300, bytes: 1 },
      ],
      hints: [0, 200],
    }
    const mine = encodeUp(
      up.channels,
      new Map(up.credits.map((c) => [c.channel, c.bytes])),
      new Set(up.hints),
    )
    expect(mine).toEqual(message('ExchangeUp').serialize(up))
    expect(encodeClosing()).toEqual(message('ExchangeUp').serialize({ closing: true }))
    expect(told(encodeClosing())).toEqual(['closing'])
    const frames = [
      { channel: 5, frame: Buffer.alloc(40_000, 3) },
      { channel: 70_000, frame: Buffer.from([1]) },
    ]
    const whole = down(frames.map(({ channel, frame }) => [channel, frame]))
    expect(whole).toEqual(message('ExchangeDown').serialize({ frames }))
    const numbered = Buffer.concat([whole, Buffer.alloc(SEQUENCE_BYTES)])
    writeSequence(numbered, whole.length, 2 ** 32 + 7)
    expect(numbered).toEqual(message('ExchangeDown').serialize({ frames, sequence: 7 }))
    expect(takeSequence(numbered, 2 ** 32 + 7)).toEqual(whole)
  })

  it('are read back as they were said, unknown fields left aside', () => {
    expect(told(encodeOpen(OPEN))).toEqual([OPEN])
    const up = encodeUp(
      ['a'],
      new Map([
        [0, 9],
        [1, 2 ** 50],
      ]),
      new Set([3]),
    )
    const unknown = Buffer.from([
      0x78, 1, 0x7d, 0, 0, 0, 0, 0x79, 0, 0, 0, 0, 0, 0, 0, 0, 0x7a, 1, 5,
    ])
    expect(told(Buffer.concat([unknown, up, unknown]))).toEqual(['a', [0, 9], [1, 2 ** 50], 3])
  })

  it('are refused when a message comes twice, or one is missing', () => {
    const numbered = Buffer.alloc(SEQUENCE_BYTES)
    writeSequence(numbered, 0, 4)
    for (const due of [3, 5])
      expect(() => takeSequence(numbered, due)).toThrow(`message 4 has come where ${due} was due`)
    for (const bytes of [[], [0x7d, 4, 0, 0], [0x7c, 4, 0, 0, 0]])
      expect(() => takeSequence(Buffer.from(bytes), 4)).toThrow('is missing')
  })

  it('are refused when cut anywhere', () => {
    const open = encodeOpen(OPEN)
    for (let end = 1; end < open.length; end += 1) {
      expect(() => told(open.subarray(0, end)), `cut at ${end}`).toThrow(
        expect.objectContaining({ code: 'rpc/invalid-argument' }),
      )
    }
    const frames = down([[0, new Uint8Array(300)]])
    for (let end = 1; end < frames.length; end += 1) {
      expect(() => eachFrame(frames.subarray(0, end), 1, () => {}), `cut at ${end}`).toThrow(
        expect.objectContaining({ code: 'rpc/invalid-argument' }),
      )
    }
  })

  it.each([
    ['a credit of nothing', [0x1a, 2, 0x08, 1], 'credit.bytes'],
    [
      'a number beyond 2^53',
      [0x1a, 11, 0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
      'credit',
    ],
    ['a group', [0x0b], 'exchange'],
    ['a job id that is none', [0x0a, 6, 0x0a, 4, 0x0a, 2, 0x61, 0x62], 'open.fence.jobId'],
    ['an opening without a fence', [0x0a, 3, 0x12, 1, 0x61], 'open.fence'],
    ['an empty channel name', [0x12, 0], 'channel'],
  ])('are refused for %s, naming the field', (_what, bytes, field) => {
    expect(() => told(Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({
        code: 'rpc/invalid-argument',
        message: expect.stringContaining(field),
      }),
    )
  })

  it('are refused for a frame of a channel that nobody named', () => {
    expect(() => eachFrame(down([[2, new Uint8Array(1)]]), 2, () => {})).toThrow(/2 of 2 channels/)
  })
})
