// MurmurHash3, 32 bits, x86 variant (Austin Appleby, public domain): the hash that decides which
// key group a key lies in. FROZEN: state is laid out by it on disk, so no bit of its answer may
// ever change. The published vectors are its test. It is cut into steps, so that a caller can hash
// text without making bytes of it first.

const C1 = 0xcc9e2d51
const C2 = 0x1b873593

/** Takes in four bytes, the first one lowest in `word`. */
export function murmurBlock(hash: number, word: number): number {
  const mixed = hash ^ scramble(word)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

/**
 * The hash after `bytes` bytes in all; `tail` holds the last `bytes mod 4` of them. 32 bits,
 * signed: no heap number.
 */
export function murmurEnd(hash: number, tail: number, bytes: number): number {
  let h = hash ^ scramble(tail) ^ bytes
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The hash of `bytes`, an unsigned 32-bit integer. */
export function murmur3(bytes: Uint8Array, seed = 0): number {
  const blocksEnd = bytes.length - (bytes.length % 4)
  let hash = seed | 0
  for (let i = 0; i < blocksEnd; i += 4) hash = murmurBlock(hash, wordAt(bytes, i, 4))
  return murmurEnd(hash, wordAt(bytes, blocksEnd, bytes.length - blocksEnd), bytes.length) >>> 0
}

function scramble(word: number): number {
  const k = Math.imul(word, C1)
  return Math.imul((k << 15) | (k >>> 17), C2)
}

function wordAt(bytes: Uint8Array, at: number, count: number): number {
  let word = 0
  for (let i = 0; i < count; i++) word |= (bytes[at + i] as number) << (8 * i)
  return word
}
