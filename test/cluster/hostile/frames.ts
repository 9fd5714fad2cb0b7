// HTTP/2 by hand, for those who do not keep to it: frames of any type, length and order, and header blocks without
// compression (RFC 9113, RFC 7541). What a library would never send can only be written so.

export const PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const DATA = 0
export const HEADERS = 1
export const PRIORITY = 2
export const RST_STREAM = 3
export const SETTINGS = 4
export const PING = 6
export const WINDOW_UPDATE = 8
export const CONTINUATION = 9

export const END_STREAM = 1
export const END_HEADERS = 4

const HEADER_BYTES = 9

export function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + payload.length)
  bytes.writeUIntBE(payload.length, 0, 3)
  bytes.writeUInt8(type, 3)
  bytes.writeUInt8(flags, 4)
  bytes.writeUInt32BE(stream, 5)
  bytes.set(payload, HEADER_BYTES)
  return bytes
}

export type Header = readonly [name: string, value: string]

/** Literals that are not remembered, in plain text. */
export function headerBlock(headers: readonly Header[]): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [literal(0x00), text(name), text(value)]))
}

/** One that the peer is to remember. */
export function remembered([name, value]: Header): Buffer {
  return Buffer.concat([literal(0x40), text(name), text(value)])
}

const literal = (kind: number): Buffer => Buffer.from([kind])

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1')
  return Buffer.concat([integer(bytes.length), bytes])
}

/** With a prefix of seven bits, the first bit 0: not Huffman. */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value])
  const bytes = [127]
  let rest = value - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** What opens a call. */
export function callHeaders(path: string, more: readonly Header[] = []): readonly Header[] {
  return [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'localhost'],
    ['content-type', 'application/grpc+proto'],
    ['te', 'trailers'],
    ...more,
  ]
}

/** One message with the five bytes in front that gRPC puts there. */
export function grpcMessage(bytes: Uint8Array, compressed = false, length = bytes.length): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt8(compressed ? 1 : 0, 0)
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, bytes])
}

/** DATA frames of at most `most` bytes. */
export function dataFrames(stream: number, bytes: Uint8Array, end: boolean, most = 16_384): Buffer {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.length || at === 0; at += most) {
    const last = at + most >= bytes.length
    frames.push(frame(DATA, last && end ? END_STREAM : 0, stream, bytes.subarray(at, at + most)))
  }
  return Buffer.concat(frames)
}
