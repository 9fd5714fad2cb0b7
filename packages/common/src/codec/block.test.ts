import { describe, expect, it } from 'vitest'
import { Prng } from '../core/prng.ts'
import { BlockReader, BlockWriter, decodeValue, encodeValue } from './block.ts'
import { dynamicCodec } from './dynamic-codec.ts'
import { textCodec } from './primitives.ts'

function chunkOf(...texts: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new BlockWriter()
  for (const text of texts) textCodec.write(writer.sink, text)
  return writer.take()
}

describe('chunks', () => {
  it('follow one another in a file', () => {
    const chunks = [chunkOf('a', 'b'), chunkOf(), chunkOf('\u1234')]
    const file = Buffer.concat(chunks)
    const reader = new BlockReader()
    const texts: string[][] = []
    for (let offset = 0; offset < file.length; ) {
      offset = reader.reset(file, offset)
      const block: string[] = []
      while (!reader.atEnd) block.push(textCodec.read(reader.source))
      texts.push(block)
    }
    expect(texts).toEqual([['a', 'b'], [], ['\u1234']])
  })

  it('never decode when a single bit has changed or the end is missing', () => {
    const chunk = chunkOf('hello', 'world')
    const reader = new BlockReader()
    const damaged = expect.objectContaining({ code: 'codec/damaged' })
    for (let bit = 0; bit < chunk.length * 8; bit++) {
      const flipped = Uint8Array.from(chunk)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => reader.reset(flipped, 0)).toThrow(damaged)
    }
    for (let length = 0; length < chunk.length; length++) {
      expect(() => reader.reset(chunk.subarray(0, length), 0)).toThrow(damaged)
    }
  })

  it('start anew after a discard and after a take', () => {
    const writer = new BlockWriter()
    textCodec.write(writer.sink, 'gone')
    writer.discard()
    expect(writer.empty).toBe(true)
    textCodec.write(writer.sink, 'here')
    const bytes = writer.bytes
    expect(writer.take()).toEqual(chunkOf('here'))
    expect([bytes, writer.empty]).toEqual([chunkOf('here').length, true])
  })
})

describe('encodeValue', () => {
  it('is not disturbed by a value that encodes another one meanwhile, or fails', () => {
    const within = {
      get inner() {
        return encodeValue(textCodec, 'inner')
      },
      after: 1,
    }
    expect(decodeValue(dynamicCodec, encodeValue(dynamicCodec, within))).toStrictEqual({
      inner: encodeValue(textCodec, 'inner'),
      after: 1,
    })
    expect(() => encodeValue(textCodec, 5 as unknown as string)).toThrow('expected text')
    expect(decodeValue(textCodec, encodeValue(textCodec, 'fine'))).toBe('fine')
  })

  it('refuses bytes behind the value', () => {
    const bytes = encodeValue(textCodec, 'abc')
    const prng = new Prng(1)
    for (let i = 0; i < 20; i++) {
      expect(() => decodeValue(textCodec, Uint8Array.of(...bytes, prng.int(256)))).toThrow(
        'damaged',
      )
    }
  })
})
