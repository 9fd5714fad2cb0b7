import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { WeirError } from '../core/errors.ts'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { systemScheduler } from '../node/system-scheduler.ts'
import { CONNECT_MS_MAX, connectExchange } from './exchange-client.ts'
import {
  cleanup,
  consume,
  CREDENTIAL,
  eventsReach,
  OPEN,
  producer,
} from './exchange-kit.contract.ts'
import { SEND_BUFFER_BYTES_HIGH, serveExchange } from './exchange-server.ts'
import { SOON_MS_MAX } from './soon.fixture.ts'
import { stallingProxy } from './stalling-proxy.fixture.ts'
import { makeToken } from './token.ts'

const FRAME_BYTES = 65_536

describe('the data plane', () => {
  it('tells the producer who listens, to what, and passes credits and hints on in order', async () => {
    const { server, seen } = await producer()
    const { consumer } = consume(server.address)
    consumer.credit(0, 100)
    consumer.credit(1, 7)
    consumer.credit(0, 1)
    const added = consumer.addChannel('e1:0:4')
    consumer.credit(added, 2 ** 40)
    consumer.hint(1)
    await eventsReach(seen, 'hint 1')
    expect(seen.opens).toEqual([OPEN])
    expect(seen.events).toEqual([
      'channel 2 e1:0:4',
      'credit 0 101',
      'credit 1 7',
      `credit 2 ${2 ** 40}`,
      'hint 1',
    ])
  })

  it('carries 1000 frames of 64 KiB intact and in order, granted by credit', async () => {
    const { server, seen } = await producer()
    const { consumer, frames, arrived } = consume(server.address)
    consumer.credit(0, 1)
    await eventsReach(seen, 'credit 0 1')
    let ready = true
    let sent = 0
    const pump = (): void => {
      while (ready && sent < 1_000) {
        const frame = new Uint8Array(FRAME_BYTES).fill(sent % 251)
        new DataView(frame.buffer).setUint32(0, sent)
        sent += 1
        ready = seen.connection?.send(sent % 2, frame) ?? false
      }
    }
    seen.onEvent = () => {
      ready = true
      pump()
    }
    pump()
    await arrived(1_000)
    for (const [i, { channel, frame }] of frames.entries()) {
      expect(channel).toBe((i + 1) % 2)
      expect(frame.length).toBe(FRAME_BYTES)
      expect(new DataView(frame.buffer, frame.byteOffset).getUint32(0)).toBe(i)
      expect([frame[4], frame[FRAME_BYTES / 2], frame[FRAME_BYTES - 1]]).toEqual(
        Array(3).fill(i % 251),
      )
    }
  })

  it('carries empty frames and one of 64 MiB', async () => {
    const { server, seen } = await producer()
    const { consumer, frames, arrived } = consume(server.address)
    consumer.credit(0, 1)
    await eventsReach(seen, 'credit 0 1')
    const big = new Uint8Array(64 * 1_024 * 1_024).fill(9)
    seen.connection?.send(1, new Uint8Array(0))
    seen.connection?.send(0, big)
    seen.connection?.send(1, Uint8Array.of(1, 2, 3))
    await arrived(3)
    expect(frames.map(({ channel, frame }) => [channel, frame.length])).toEqual([
      [1, 0],
      [0, big.length],
      [1, 3],
    ])
    expect(Buffer.compare(frames[1]?.frame ?? new Uint8Array(), big)).toBe(0)
    expect(() => seen.connection?.send(0, new Uint8Array(67 * 1_024 * 1_024))).toThrow(
      expect.objectContaining({ code: 'rpc/message-too-large' }),
    )
  })

  it('says no to the producer while the consumer reads nothing, and yes when it reads again', async () => {
    const { server, seen } = await producer()
    const { port } = splitAddress(server.address)
    const stalled = await stallingProxy(port)
    cleanup.push(() => stalled.close())
    const { consumer, arrived } = consume(`127.0.0.1:${stalled.port}`)
    consumer.credit(0, 1)
    await eventsReach(seen, 'credit 0 1')
    stalled.stall()
    const frame = new Uint8Array(FRAME_BYTES)
    let sent = 0
    let toldToStop = false
    // The socket takes what kernel buffers and the window hold; then the producer is told to stop, and obeys.
    while (!toldToStop && sent * FRAME_BYTES < 64 * 1_024 * 1_024) {
      sent += 1
      if (seen.connection?.send(0, frame) === false) {
        const drained = await Promise.race([
          eventsReach(seen, 'drain').then(() => true),
          quiet(100),
        ])
        toldToStop = !drained
        seen.events.length = 0
      }
    }
    expect(toldToStop).toBe(true)
    expect(seen.connection?.bufferedBytes).toBeLessThan(SEND_BUFFER_BYTES_HIGH + 2 * FRAME_BYTES)
    stalled.flow()
    await eventsReach(seen, 'drain')
    await arrived(sent)
  })

  it('refuses a wrong credential before it reads anything', async () => {
    const { server, seen } = await producer()
    const { lost } = consume(server.address, { ...OPEN, credential: makeToken() })
    expect((await lost).code).toBe('rpc/unauthenticated')
    expect(seen.opens).toEqual([])
  })

  it('tells a refused consumer why', async () => {
    const why = new WeirError('exchange/stale-attempt', 'attempt 7 is over', {
      domain: 'internal',
      hint: 'none',
    })
    const { server } = await producer(why)
    const error = await consume(server.address).lost
    expect(error).toMatchObject({
      code: 'exchange/stale-attempt',
      message: 'attempt 7 is over',
      hint: 'none',
    })
  })

  it('refuses credit for a channel that was never named', async () => {
    const { server, seen } = await producer()
    const { consumer, lost } = consume(server.address)
    consumer.credit(2, 5)
    expect(await lost).toMatchObject({
      code: 'rpc/invalid-argument',
      message: expect.stringContaining('2 of 2'),
    })
    expect(seen.events).toEqual(['lost rpc/invalid-argument'])
  })

  it('ends the consumer with frames delivered first when the producer closes', async () => {
    const { server, seen } = await producer()
    const { consumer, frames, lost } = consume(server.address)
    consumer.credit(0, 1)
    await eventsReach(seen, 'credit 0 1')
    for (let i = 0; i < 50; i += 1) seen.connection?.send(0, new Uint8Array(FRAME_BYTES))
    seen.connection?.close()
    expect((await lost).code).toBe('exchange/closed-by-peer')
    expect(frames.length).toBe(50)
  })

  it('tells the producer when the consumer closes, and delivers its last words first', async () => {
    const { server, seen } = await producer()
    const { consumer } = consume(server.address)
    consumer.hint(0)
    consumer.close()
    await eventsReach(seen, 'lost exchange/closed-by-peer')
    expect(seen.events).toEqual(['hint 0', 'lost exchange/closed-by-peer'])
    expect(seen.connection?.send(0, new Uint8Array(1))).toBe(true)
  })

  it('reports a server that closes, and one that was never there', async () => {
    const { server, seen } = await producer()
    const { consumer, lost } = consume(server.address)
    consumer.credit(0, 1)
    await eventsReach(seen, 'credit 0 1')
    await server.close()
    expect((await lost).code).toBe('exchange/connection-lost')
    const second = await consume(server.address).lost
    expect(second).toMatchObject({
      code: 'exchange/connection-lost',
      message: expect.stringContaining(server.address),
    })
  })

  it('waits for a slot whose loop is busy before it answers, but not for ever', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    cleanup.push(() => silent.close())
    const { port } = silent.address() as AddressInfo
    const time = new ManualScheduler()
    let lost: ((error: WeirError) => void) | null = null
    const told = new Promise<WeirError>((resolve) => {
      lost = resolve
    })
    const silentMs = 30_000
    connectExchange({
      address: `127.0.0.1:${port}`,
      open: OPEN,
      scheduler: time,
      onFrame: () => {},
      onLost: (error) => lost?.(error),
    })
    time.advance(silentMs)
    expect(await Promise.race([told, quiet(100)])).toBe(false)
    time.advance(CONNECT_MS_MAX - silentMs)
    expect(await told).toMatchObject({ code: 'exchange/connection-lost' })
  })

  it('probes a silent producer again and again, and nobody notices', async () => {
    const { server, seen } = await producer()
    const { consumer, lost } = consume(server.address, OPEN, { afterMs: 10, answerMsMax: 500 })
    consumer.credit(0, 1)
    await eventsReach(seen, 'credit 0 1')
    expect(await Promise.race([lost, quiet(300)])).toBe(false)
    consumer.hint(1)
    await eventsReach(seen, 'hint 1')
    expect(seen.opens).toHaveLength(1)
  })

  it('reports a producer that can no longer be reached although its connection still stands', async () => {
    const { server, seen } = await producer()
    const wire = await stallingProxy(splitAddress(server.address).port)
    cleanup.push(() => wire.close())
    const address = `127.0.0.1:${wire.port}`
    const { consumer, lost } = consume(address, OPEN, { afterMs: 50, answerMsMax: 500 })
    consumer.credit(0, 1)
    await eventsReach(seen, 'credit 0 1')
    wire.stall()
    wire.refuse()
    expect(await lost).toMatchObject({
      code: 'exchange/connection-lost',
      message: expect.stringContaining(`${address} cannot be reached`),
    })
    await eventsReach(seen, 'lost exchange/connection-lost')
  })

  it('tries the next port of its range, and names the range and the flag when all are taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    cleanup.push(() => taken.close())
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const options = {
      host: '127.0.0.1',
      credential: CREDENTIAL,
      accept: () => new WeirError('x/y', '', { domain: 'user' }),
    }
    await expect(
      serveExchange({ ...options, portRange: { first: port, last: port } }),
    ).rejects.toMatchObject({
      code: 'net/port-in-use',
      message: expect.stringContaining(String(port)),
      hint: expect.stringContaining('port-range'),
    })
  })
})

describe('a killed process', () => {
  const entry = fileURLToPath(new URL('./exchange-victim.fixture.ts', import.meta.url))

  async function victim(
    args: readonly string[],
  ): Promise<{ child: ChildProcess; firstLine: string }> {
    const child = spawn(process.execPath, ['--conditions=source', entry, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    cleanup.push(() => child.kill('SIGKILL'))
    const [text] = (await once(child.stdout, 'data')) as [Buffer]
    return { child, firstLine: text.toString().trim() }
  }

  it('that produced is reported to the consumer soon', async () => {
    const { child, firstLine } = await victim(['produce', CREDENTIAL])
    const { consumer, arrived, lost } = consume(firstLine)
    consumer.credit(0, 1)
    await arrived(1)
    const killedMs = performance.now()
    child.kill('SIGKILL')
    expect((await lost).code).toBe('exchange/connection-lost')
    expect(performance.now() - killedMs).toBeLessThan(SOON_MS_MAX)
  })

  it('that consumed is reported to the producer soon', async () => {
    const { server, seen } = await producer()
    const { child } = await victim(['consume', CREDENTIAL, server.address])
    await eventsReach(seen, 'credit 0 1')
    const killedMs = performance.now()
    child.kill('SIGKILL')
    await eventsReach(seen, 'lost exchange/connection-lost')
    expect(performance.now() - killedMs).toBeLessThan(SOON_MS_MAX)
  })
})

function splitAddress(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':')
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) }
}

function quiet(ms: number): Promise<false> {
  return new Promise((resolve) => {
    systemScheduler().timer(ms, () => resolve(false))
  })
}
