import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EVENT_BYTES_MAX, eventCodec, frameOf, MessageReader } from './message-frames.ts'

const BYTES_MAX = 100_000

/** What a reader makes of bytes that come in pieces of `pieceBytes`. */
function read(
  bytes: Uint8Array,
  pieceBytes = bytes.length,
): { readonly messages: unknown[]; readonly nonsense: string[] } {
  const messages: unknown[] = []
  const nonsense: string[] = []
  const reader = new MessageReader({
    bytesMax: BYTES_MAX,
    codec: eventCodec,
    take: (message) => messages.push(message),
    onNonsense: (why) => nonsense.push(why),
  })
  for (let at = 0; at < bytes.length; at += pieceBytes)
    reader.write(bytes.subarray(at, at + pieceBytes))
  return { messages, nonsense }
}

const framed = (message: unknown): Uint8Array => frameOf(message, BYTES_MAX)

function withHeader(length: number, rest: Uint8Array): Uint8Array {
  const header = framed('').slice(0, 5)
  new DataView(header.buffer).setUint32(1, length, true)
  return Buffer.concat([header, rest])
}

describe('messages on a pipe', () => {
  const messages = [
    { type: 'prepared' },
    { type: 'reply', id: 1, outcome: { ok: undefined } },
    { watermark: Number.MIN_SAFE_INTEGER, ratio: Number.NaN, none: -0, text: 'ä中'.repeat(40_000) },
    { bytes: Uint8Array.of(1, 2, 3), none: null },
  ]
  const bytes = Buffer.concat(messages.map((message) => frameOf(message, 1_000_000)))

  test.each([1, 2, 7, 65_536, bytes.length])(
    'come out as they went in, in pieces of %i',
    (piece) => {
      const heard: unknown[] = []
      const reader = new MessageReader({
        bytesMax: 1_000_000,
        codec: eventCodec,
        take: (message) => heard.push(message),
        onNonsense: (why) => expect.unreachable(why),
      })
      for (let at = 0; at < bytes.length; at += piece) reader.write(bytes.subarray(at, at + piece))
      expect(heard).toEqual(messages)
    },
  )

  test('are refused by who says them when they are longer than their bound', () => {
    expect(() => frameOf('x'.repeat(BYTES_MAX), BYTES_MAX)).toThrow(
      expect.objectContaining({ code: 'job/message-too-large' }),
    )
    expect(() => frameOf(/no data/, BYTES_MAX)).toThrow(
      expect.objectContaining({ code: 'record/not-encodable' }),
    )
  })

  test.each([
    ['of another version', Uint8Array.of(2, 1, 0, 0, 0, 0)],
    ['of no length', withHeader(0, framed('a'))],
    ['longer than the bound', withHeader(BYTES_MAX + 1, new Uint8Array(0))],
    ['that is no value', withHeader(9, Buffer.alloc(9, 7))],
    ['that goes on behind its value', withHeader(20, framed('a').subarray(5))],
  ])('are heard until one comes %s, and then no more', (_what, bad) => {
    const after = Buffer.concat([framed('a'), bad, Buffer.alloc(64), framed('b')])
    for (const piece of [1, after.length]) {
      const { messages: heard, nonsense } = read(after, piece)
      expect(heard).toEqual(['a'])
      expect(nonsense).toHaveLength(1)
    }
  })

  test('are heard or refused, and nothing is thrown, whatever comes', () => {
    const whole = framed({ type: 'slot', slot: 0, event: { type: 'report', tasks: [{ a: 1.5 }] } })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length * 2), fc.integer({ min: 0, max: 255 }))),
        fc.integer({ min: 1, max: 40 }),
        (changes, piece) => {
          const changed = Buffer.concat([whole, whole])
          for (const [at, value] of changes) changed[at % changed.length] = value
          const { messages: heard, nonsense } = read(changed, piece)
          expect(heard.length).toBeLessThanOrEqual(2)
          expect(nonsense.length).toBeLessThanOrEqual(1)
        },
      ),
    )
  })

  test('of the largest size are heard: acknowledgements of many small key groups', () => {
    const segments = Array.from({ length: 700_000 }, (_, i) => ({
      keyGroup: i % 32_768,
      offset: i * 20,
      bytes: 20,
      entries: 1,
    }))
    const frame = frameOf(segments, EVENT_BYTES_MAX)
    expect(frame.length).toBeGreaterThan(0.9 * EVENT_BYTES_MAX)
    let heard: unknown
    const reader = new MessageReader({
      bytesMax: EVENT_BYTES_MAX,
      codec: eventCodec,
      take: (message) => {
        heard = message
      },
      onNonsense: (why) => expect.unreachable(why),
    })
    reader.write(frame)
    expect(heard).toHaveLength(segments.length)
  })

  test('take no more room than has come of them', () => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 100 }, () => {
      const reader = new MessageReader({
        bytesMax: 2 ** 31,
        codec: eventCodec,
        take: () => {},
        onNonsense: (why) => expect.unreachable(why),
      })
      reader.write(withHeader(2 ** 31, Buffer.alloc(100)))
      return reader
    })
    const grown = process.memoryUsage().arrayBuffers - before
    expect(readers).toHaveLength(100)
    expect(grown).toBeLessThan(100 * 200_000)
  })
})
