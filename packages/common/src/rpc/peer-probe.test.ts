import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { systemScheduler } from '../node/system-scheduler.ts'
import { PeerProbe } from './peer-probe.ts'

const TIMES = { afterMs: 20, answerMsMax: 200 }

const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end()
})

function probe(address: string): { readonly probe: PeerProbe; readonly verdict: Promise<string> } {
  const { promise: verdict, resolve } = Promise.withResolvers<string>()
  const made = new PeerProbe({
    ...TIMES,
    address,
    scheduler: systemScheduler(),
    onUnreachable: resolve,
  })
  cleanup.push(() => made.stop())
  return { probe: made, verdict }
}

/** A process whose loop stands still once it listens. */
async function blockedListener(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const code = `
    const server = require('node:net').createServer(() => {})
    server.listen(0, '127.0.0.1', () => {
      require('node:fs').writeSync(1, String(server.address().port) + '\\n')
      for (;;);
    })`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  cleanup.push(() => child.kill('SIGKILL'))
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, port: Number(chunk.toString()) }
}

test('a peer whose loop stands still is reachable as long as its process lives', async () => {
  const { child, port } = await blockedListener()
  const { verdict } = probe(`127.0.0.1:${port}`)
  const rounds = 5 * (TIMES.afterMs + TIMES.answerMsMax)
  const quiet = new Promise((resolve) => setTimeout(resolve, rounds, 'no verdict'))
  expect(await Promise.race([verdict, quiet])).toBe('no verdict')
  child.kill('SIGKILL')
  expect(await verdict).toMatch(/ECONNREFUSED/)
})

test('a peer that nobody answers for is unreachable', async () => {
  // An address of the kind that is set aside for examples: its packets lead nowhere, or the machine says so at once.
  const { verdict } = probe('192.0.2.1:9')
  expect(await verdict).toMatch(/no answer for 200 ms|UNREACH|ECONNREFUSED/)
})

test('a peer that talks is not asked', async () => {
  const asked: Socket[] = []
  const server = createServer((socket) => asked.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanup.push(() => server.close())
  const { port } = server.address() as AddressInfo
  const { probe: talking } = probe(`127.0.0.1:${port}`)
  const timer = setInterval(() => talking.heard(), 1)
  await new Promise((resolve) => setTimeout(resolve, 10 * TIMES.afterMs))
  clearInterval(timer)
  expect(asked).toEqual([])
})
