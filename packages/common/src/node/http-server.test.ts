import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  HTTP_HEADER_BYTES_MAX,
  HTTP_PIPELINED_MAX,
  type HttpHandler,
  type HttpServer,
  serveHttp,
} from './http-server.ts'

const open: HttpServer[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await server.close()
})

const hello: HttpHandler = async (_request, response) => {
  response.end('hello')
}

async function serve(handle: HttpHandler = hello, port = 0): Promise<HttpServer> {
  const server = await serveHttp({ host: '127.0.0.1', port, flag: 'rest.port', handle })
  open.push(server)
  return server
}

/** Bytes in, everything that comes back out until the other side closes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString()
    })
    socket.on('error', () => resolve(answer))
    socket.on('close', () => resolve(answer))
  })
}

describe('an HTTP server', () => {
  it('says which port is taken and how to choose another', async () => {
    const { port } = await serve()
    await expect(serve(hello, port)).rejects.toMatchObject({
      code: 'net/port-in-use',
      message: `port ${port} on 127.0.0.1 is in use`,
      hint: expect.stringContaining('rest.port'),
    })
  })

  it('says which address is none of this machine', async () => {
    const options = { host: '192.0.2.1', port: 0, flag: 'rest.bind-address', handle: hello }
    await expect(serveHttp(options)).rejects.toMatchObject({ code: 'net/bad-address' })
  })

  it('takes no body, announced or in chunks', async () => {
    const { port } = await serve()
    const head = `POST / HTTP/1.1\r\nhost: x\r\n`
    expect(await raw(port, `${head}content-length: 5\r\n\r\nhello`)).toMatch(/^HTTP\/1\.1 413/)
    expect(await raw(port, `${head}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 413/,
    )
  })

  it('takes no header above its limit, and no nonsense', async () => {
    const { port } = await serve()
    const long = 'x'.repeat(HTTP_HEADER_BYTES_MAX)
    expect(await raw(port, `GET / HTTP/1.1\r\nhost: x\r\nx: ${long}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431/,
    )
    expect(await raw(port, '\u0016\u0003\u0001 no http\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('hello')
  })

  it('answers requests in a row in their order, and hangs up on one who sends too many', async () => {
    let handled = 0
    const { port } = await serve(async ({ url, headers }, response) => {
      handled += 1
      await new Promise(setImmediate)
      if (headers.connection === 'close') response.shouldKeepAlive = false
      response.end(`answer to ${url}.`)
    })
    const row = (count: number): string =>
      Array.from({ length: count }, (_, i) => {
        const last = i === count - 1 ? 'connection: close\r\n' : ''
        return `GET /${i} HTTP/1.1\r\nhost: x\r\n${last}\r\n`
      }).join('')
    const answers = (text: string): readonly string[] => text.match(/answer to \/\d+\./g) ?? []

    expect(answers(await raw(port, row(HTTP_PIPELINED_MAX)))).toEqual(
      Array.from({ length: HTTP_PIPELINED_MAX }, (_, i) => `answer to /${i}.`),
    )
    handled = 0
    expect(answers(await raw(port, row(500)))).toEqual([])
    expect(handled).toBe(HTTP_PIPELINED_MAX)
  })

  it('counts only what is unanswered', async () => {
    const { port } = await serve()
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const sockets = new Set<unknown>()
    for (let i = 0; i < 3 * HTTP_PIPELINED_MAX; i += 1) {
      const status = await new Promise((resolve, reject) => {
        const request = get({ port, host: '127.0.0.1', agent }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode))
        })
        request.once('socket', (socket) => sockets.add(socket))
        request.once('error', reject)
      })
      expect(status).toBe(200)
    }
    agent.destroy()
    expect(sockets.size).toBe(1)
  })

  it('answers 500, and no more, when the handler throws', async () => {
    const { port } = await serve(async () => {
      throw new Error('the secret is 42')
    })
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    expect(answer.status).toBe(500)
    expect(await answer.text()).toBe('')
  })

  it('closes although somebody is connected', async () => {
    const server = await serve()
    const idle = raw(server.port, 'GET / HTTP/1.1\r\n')
    await fetch(`http://127.0.0.1:${server.port}/`)
    await server.close()
    expect(await idle).toBe('')
  })
})
