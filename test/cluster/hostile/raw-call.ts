// One call over HTTP/2 and TLS by whoever likes, and what became of it.

import { connect, type IncomingHttpHeaders } from 'node:http2'
import { grpcMessage } from './frames.ts'
import type { Paper } from './papers.ts'

const ANSWER_MS_MAX = 10_000

export interface RawCall {
  readonly port: number
  readonly paper: Paper
  readonly path: string
  readonly token: string
}

export interface Status {
  readonly code: string
  readonly message: string
}

/** null: the connection was ended before there was one. Rejects when nothing happens. */
export function callRaw({ port, paper, path, token }: RawCall): Promise<Status | null> {
  return new Promise((resolve, reject) => {
    const session = connect(`https://127.0.0.1:${port}`, { ...paper, rejectUnauthorized: false })
    const late = setTimeout(() => {
      session.destroy()
      reject(new Error(`port ${port} says nothing to ${path}`))
    }, ANSWER_MS_MAX)
    let status: Status | null = null
    const hear = ({
      'grpc-status': code,
      'grpc-message': message = '',
    }: IncomingHttpHeaders): void => {
      if (code !== undefined)
        status = { code: String(code), message: decodeURIComponent(String(message)) }
    }
    session.on('error', () => {})
    session.once('close', () => {
      clearTimeout(late)
      resolve(status)
    })
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc+proto',
      te: 'trailers',
      authorization: `Bearer ${token}`,
    })
    stream.on('error', () => {})
    stream.on('response', hear)
    stream.on('trailers', hear)
    stream.once('close', () => session.destroy())
    stream.resume()
    stream.end(grpcMessage(Buffer.alloc(0)))
  })
}
