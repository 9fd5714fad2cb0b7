import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  HTTP_HEADER_BYTES_MAX,
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
