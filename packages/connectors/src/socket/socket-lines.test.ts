import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { SourceRun } from '@weirjs/api/contracts/source-run.contract'
import { afterEach, describe, expect, it } from 'vitest'
import { SOCKET_LINE_CHARS_MAX, socketLines } from './socket-lines.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

async function serve(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer(onConnection)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

describe('socketLines', () => {
  it('gives the lines that the peer sends, the last one without a newline too', async () => {
    const port = await serve((socket) => socket.end('one\ntwo\r\nthr\u00e9e\r'))
    const run = await SourceRun.start(socketLines({ port }), { readers: 2, batch: 10 })
    expect(await run.finish()).toEqual(['one', 'two', 'thr\u00e9e'])
    await run.close()
  })

  it('holds a fast peer back, and loses nothing', async () => {
    const count = 50_000
    const port = await serve((socket) => {
      socket.end(Array.from({ length: count }, (_, n) => `line ${n}\n`).join(''))
    })
    const run = await SourceRun.start(socketLines({ port }), { readers: 1, batch: 100 })
    const lines = await run.finish()
    expect([lines.length, lines[0], lines.at(-1)]).toEqual([count, 'line 0', `line ${count - 1}`])
    await run.close()
  })

  it('holds a peer back that sends long lines, and loses nothing', async () => {
    const [count, chars] = [200, 100_000]
    const port = await serve((socket) => {
      socket.end(Array.from({ length: count }, (_, n) => `${n} ${'x'.repeat(chars)}\n`).join(''))
    })
    const run = await SourceRun.start(socketLines({ port }), { readers: 1, batch: 10 })
    const lines = await run.finish()
    expect(lines.map((line) => line.split(' ')[0])).toEqual(
      Array.from({ length: count }, (_, n) => `${n}`),
    )
    await run.close()
  })

  it('fails when nobody listens', async () => {
    const port = await serve(() => {})
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    const run = await SourceRun.start(socketLines({ port }), { readers: 1, batch: 10 })
    await expect(run.finish()).rejects.toMatchObject({
      code: 'socket/connection',
      retry: 'backoff',
    })
    await run.close()
  })

  it('refuses a line without an end', async () => {
    const port = await serve((socket) => {
      socket.on('error', () => {}) // the reader hangs up in the middle
      socket.write('x'.repeat(SOCKET_LINE_CHARS_MAX + 1))
    })
    const run = await SourceRun.start(socketLines({ port }), { readers: 1, batch: 10 })
    await expect(run.finish()).rejects.toMatchObject({ code: 'socket/line-too-long' })
    await run.close()
  })

  it.each([0, 65_536, -1, 1.5, Number.NaN])('refuses port %d', (port) => {
    expect(() => socketLines({ port })).toThrowError(/a whole number, 1 … 65535/)
  })

  it('says in its description that nothing is replayed', () => {
    expect(socketLines({ port: 1 }).description).toMatch(/no replay/)
  })
})
