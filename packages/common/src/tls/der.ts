// Values as DER writes them: tag, length, content. As much of it as a certificate needs, and only writing: what others
// wrote is parsed by node:crypto.

const LONG_FORM = 0x80
const CONTEXT = 0x80
const CONSTRUCTED = 0x20

function value(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])
}

function lengthOf(length: number): Buffer {
  if (length < LONG_FORM) return Buffer.from([length])
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256)
  return Buffer.from([LONG_FORM | bytes.length, ...bytes])
}

export const sequence = (...members: readonly Uint8Array[]): Buffer =>
  value(0x30, Buffer.concat(members))
export const set = (...members: readonly Uint8Array[]): Buffer =>
  value(0x31, Buffer.concat(members))
export const boolean = (is: boolean): Buffer => value(0x01, Buffer.from([is ? 0xff : 0x00]))
export const octets = (bytes: Uint8Array): Buffer => value(0x04, bytes)
export const utf8 = (text: string): Buffer => value(0x0c, Buffer.from(text))

/** A number that is not negative, as its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let first = 0
  while (first < bytes.length - 1 && bytes[first] === 0) first += 1
  const shortest = bytes.subarray(first)
  const isNegative = ((shortest[0] ?? 0) & 0x80) !== 0
  return value(0x02, isNegative ? Buffer.concat([Buffer.from([0]), shortest]) : shortest)
}

/** `unused`: bits at the end that mean nothing. */
export const bits = (bytes: Uint8Array, unused = 0): Buffer =>
  value(0x03, Buffer.concat([Buffer.from([unused]), bytes]))

/** `1.3.101.112` and the like. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const arc of rest) {
    const septets = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      septets.unshift((left % 128) | 0x80)
    bytes.push(...septets)
  }
  return value(0x06, Buffer.from(bytes))
}

/** Milliseconds since 1970 as whole seconds; years to 2049 in the short form, as X.509 demands. */
export function time(ms: number): Buffer {
  // oxlint-disable-next-line no-restricted-globals -- a moment as text; no time is asked for
  const text = new Date(ms).toISOString()
  const digits = text.replace(/[-:T]|\.\d+/g, '')
  return text < '2050'
    ? value(0x17, Buffer.from(digits.slice(2)))
    : value(0x18, Buffer.from(digits))
}

/** `[tag] EXPLICIT`: a value within a value. */
export const explicit = (tag: number, content: Uint8Array): Buffer =>
  value(CONTEXT | CONSTRUCTED | tag, content)
/** `[tag] IMPLICIT` of something primitive. */
export const implicit = (tag: number, content: Uint8Array): Buffer => value(CONTEXT | tag, content)
