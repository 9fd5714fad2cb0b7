// A gRPC server that knows nobody before the secret was shown. grpc-js answers a call to a method that is not there, and what
// is no call at all, by itself, before any interceptor and any handler of ours: whoever only called such methods was never
// counted. Here the first is a call like any other, with a handler, and the second is told to us. Both lie in methods of
// grpc-js that are none of its interface: it is pinned to the exact version, and a change fails the tests of strangers.

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'

import { type handleBidiStreamingCall, Server, type ServerOptions, status } from '@grpc/grpc-js'

import { assert } from '../core/assert.ts'

export type UnknownMethod = handleBidiStreamingCall<Buffer, Buffer>

export interface Strays {
  /** Something came that is no gRPC, and was told so. `peer`: `address:port`. */
  readonly onNoCall: (peer: string) => void
  /** Behind the interceptors. Default: `unimplemented`. */
  readonly onUnknownMethod?: UnknownMethod
}

/** What of grpc-js is used here. */
interface Inner {
  _retrieveHandler: (this: Server, path: string) => object | null
  _verifyContentType: (
    this: Server,
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
  ) => boolean
}

export function askingServer(options: ServerOptions, strays: Strays): Server {
  const { onNoCall, onUnknownMethod = unimplemented } = strays
  const server = new Server(options)
  const inner = server as unknown as Inner
  const { _retrieveHandler: known, _verifyContentType: isCall } = inner
  assert(
    typeof known === 'function' && typeof isCall === 'function',
    'grpc-js looks for handlers where it did',
  )
  inner._retrieveHandler = (path) => known.call(server, path) ?? handlerOf(path, onUnknownMethod)
  inner._verifyContentType = (stream, headers) => {
    if (isCall.call(server, stream, headers)) return true
    onNoCall(peerOf(stream))
    return false
  }
  return server
}

/** As grpc-js would answer it. */
export const unimplemented: UnknownMethod = (call) => {
  const details = `The server does not implement the method ${call.getPath()}`
  call.emit('error', { code: status.UNIMPLEMENTED, details })
}

/** A stream both ways: it is answered before any message is read. */
const handlerOf = (path: string, func: UnknownMethod): object => ({
  type: 'bidi',
  path,
  func,
  serialize: (bytes: Buffer) => bytes,
  deserialize: (bytes: Buffer) => bytes,
})

/** As `getPeer` of a call has it. */
function peerOf({ session }: ServerHttp2Stream): string {
  const { remoteAddress, remotePort } = session?.socket ?? {}
  return `${remoteAddress}:${remotePort}`
}
