// The first words of a TLS connection, as bytes: taken from Node, and then changed to what Node would never say (RFC 8446).

import { Duplex } from 'node:stream'
import { connect, type ConnectionOptions, type SecureVersion } from 'node:tls'

export const CHANGE_CIPHER_SPEC = 20
export const ALERT = 21
export const HANDSHAKE = 22
export const APPLICATION_DATA = 23

export const CLIENT_HELLO = 1

const RECORD_HEAD_BYTES = 5
const HANDSHAKE_HEAD_BYTES = 4
/** Version and random number. */
const FIXED_BYTES = 34

/** How Node begins, in one record. */
export function clientHello(): Buffer {
  const said: Buffer[] = []
  const nobody = new Duplex({
    read: () => {},
    write: (bytes: Buffer, _encoding, done) => {
      said.push(bytes)
      done()
    },
  })
  const socket = connect({ ALPNProtocols: ['h2'], socket: nobody })
  // Nobody answers, and that is no news.
  socket.on('error', () => {})
  socket.destroy()
  return Buffer.concat(said)
}

/** Of one version that is old, and so wants old ciphers. */
export const oldVersion = (version: SecureVersion): ConnectionOptions => ({
  minVersion: version,
  maxVersion: version,
  ciphers: 'DEFAULT@SECLEVEL=0',
})

/** `length`: what it says it has. */
export function record(type: number, payload: Uint8Array, length = payload.length): Buffer {
  const head = Buffer.from([type, 3, 3, 0, 0])
  head.writeUInt16BE(length, 3)
  return Buffer.concat([head, payload])
}

/** A handshake message; `length`: what it says it has. */
export function handshake(type: number, body: Uint8Array, length = body.length): Buffer {
  const head = Buffer.from([type, 0, 0, 0])
  head.writeUIntBE(length, 1, 3)
  return Buffer.concat([head, body])
}

/** With one extension more, in front of the others. */
export function withExtension(hello: Buffer, type: number, data: Uint8Array): Buffer {
  const body = hello.subarray(RECORD_HEAD_BYTES + HANDSHAKE_HEAD_BYTES)
  let at = FIXED_BYTES
  at += 1 + body.readUInt8(at) // session
  at += 2 + body.readUInt16BE(at) // ciphers
  at += 1 + body.readUInt8(at) // compression
  const head = Buffer.alloc(6)
  head.writeUInt16BE(body.readUInt16BE(at) + 4 + data.length, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(data.length, 4)
  const changed = Buffer.concat([body.subarray(0, at), head, data, body.subarray(at + 2)])
  return record(HANDSHAKE, handshake(CLIENT_HELLO, changed))
}
