import { describe, expect, it } from 'vitest'
import { murmur3 } from './murmur3.ts'

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))

describe('murmur3', () => {
  it('gives the published values', () => {
    const vectors: readonly [Uint8Array, number, number][] = [
      [ascii(''), 0, 0],
      [ascii(''), 1, 0x514e28b7],
      [ascii(''), 0xffffffff, 0x81f16f39],
      [Uint8Array.of(0xff, 0xff, 0xff, 0xff), 0, 0x76293b50],
      [Uint8Array.of(0x21, 0x43, 0x65, 0x87), 0, 0xf55b516b],
      [Uint8Array.of(0x21, 0x43, 0x65, 0x87), 0x5082edee, 0x2362f9de],
      [Uint8Array.of(0x21, 0x43, 0x65), 0, 0x7e4a8634],
      [Uint8Array.of(0x21, 0x43), 0, 0xa0f7b07a],
      [Uint8Array.of(0x21), 0, 0x72661cf4],
      [Uint8Array.of(0, 0, 0, 0), 0, 0x2362f9de],
      [Uint8Array.of(0, 0, 0), 0, 0x85f0b427],
      [Uint8Array.of(0, 0), 0, 0x30f4c306],
      [Uint8Array.of(0), 0, 0x514e28b7],
      [ascii('test'), 0, 0xba6bd213],
      [ascii('Hello, world!'), 0, 0xc0363e43],
      [ascii('aaaa'), 0x9747b28c, 0x5a97808a],
      [ascii('Hello, world!'), 0x9747b28c, 0x24884cba],
      [ascii('The quick brown fox jumps over the lazy dog'), 0, 0x2e4ff723],
    ]
    for (const [bytes, seed, expected] of vectors) expect(murmur3(bytes, seed)).toBe(expected)
  })
})
