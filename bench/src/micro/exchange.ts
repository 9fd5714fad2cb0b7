// Megabytes per second of the data plane between two processes on loopback, for frames of 32, 64 and 128 KiB. The
// producer is a child process; credit is given back in quarters of a window, as the engine does. Plain and over TLS in
// turns, so that the ratio is of one run.
// Run: node --conditions=source bench/src/micro/exchange.ts

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { attempt, jobId, leaderEpoch, workerId } from '@weirjs/common/core/ids'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { connectExchange } from '@weirjs/common/rpc/exchange-client'
import { serveExchange } from '@weirjs/common/rpc/exchange-server'
import { attemptIdentity } from '@weirjs/common/tls/attempt-identity'

const CREDENTIAL = 'bench'.repeat(10)
const WINDOW_BYTES = 4 * 1_024 * 1_024
const SECONDS = 2
const ROUNDS = 3
const FRAME_KIB = [32, 64, 128]
const KIB = 1_024

/** Sends frames of the size in the consumer's name as long as there is credit. */
async function produce(encrypted: boolean): Promise<void> {
  const tls = { identity: attemptIdentity(CREDENTIAL), clock: systemScheduler() }
  const server = await serveExchange({
    host: '127.0.0.1',
    portRange: { first: 0, last: 0 },
    credential: CREDENTIAL,
    tls: encrypted ? tls : undefined,
    accept: (open, connection) => {
      const frame = new Uint8Array(open.consumerSlot.index * KIB).fill(7)
      let credit = 0
      let ready = true
      const pump = (): void => {
        while (ready && credit > 0) {
          credit -= frame.length
          ready = connection.send(0, frame)
        }
      }
      return {
        onChannel: () => {},
        onCredit: (_channel, bytes) => {
          credit += bytes
          pump()
        },
        onHint: () => {},
        onDrain: () => {
          ready = true
          pump()
        },
        onLost: () => {},
      }
    },
  })
  process.stdout.write(`${server.address}\n`)
  process.once('SIGTERM', () => {
    const used = process.cpuUsage()
    console.error(`producer ${((used.user + used.system) / 1e6).toFixed(2)} s of CPU in all`)
    process.exit(0)
  })
}

interface Figures {
  readonly bytes: number
  readonly seconds: number
  readonly cpuSeconds: number
}

function consume(address: string, frameKib: number, encrypted: boolean): Promise<Figures> {
  const scheduler = systemScheduler()
  return new Promise((resolve, reject) => {
    let bytes = 0
    let owed = 0
    const startMs = scheduler.nowMs()
    const cpu = process.cpuUsage()
    const consumer = connectExchange({
      address,
      scheduler,
      tls: encrypted ? attemptIdentity(CREDENTIAL) : undefined,
      open: {
        fence: { jobId: jobId('0'.repeat(32)), epoch: leaderEpoch(1), attempt: attempt(1) },
        credential: CREDENTIAL,
        consumerSlot: { workerId: workerId('bench'), index: frameKib },
        channels: ['e0:0:0'],
      },
      onFrame: (_channel, frame) => {
        bytes += frame.length
        owed += frame.length
        if (owed >= WINDOW_BYTES / 4) {
          consumer.credit(0, owed)
          owed = 0
        }
        const ms = scheduler.nowMs() - startMs
        if (ms < SECONDS * 1_000) return
        consumer.close()
        const used = process.cpuUsage(cpu)
        resolve({ bytes, seconds: ms / 1_000, cpuSeconds: (used.user + used.system) / 1e6 })
      },
      onLost: reject,
    })
    consumer.credit(0, WINDOW_BYTES)
  })
}

interface Producer {
  readonly address: string
  stop(): void
}

async function startProducer(kind: Kind): Promise<Producer> {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), kind]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const address = await new Promise<string>((resolve) => {
    child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim()))
  })
  return { address, stop: () => child.kill() }
}

const KINDS = ['plain', 'tls'] as const
type Kind = (typeof KINDS)[number]

async function main(): Promise<void> {
  const producers = { plain: await startProducer('plain'), tls: await startProducer('tls') }
  for (const frameKib of FRAME_KIB) {
    const rates: Record<Kind, number> = { plain: 0, tls: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const kind of KINDS) {
        const figures = await consume(producers[kind].address, frameKib, kind === 'tls')
        const rate = figures.bytes / 1e6 / figures.seconds
        const cores = (figures.cpuSeconds / figures.seconds).toFixed(2)
        console.log(
          `${frameKib} KiB frames, ${kind}: ${rate.toFixed(0)} MB/s (consumer ${cores} cores)`,
        )
        rates[kind] = Math.max(rates[kind], rate)
      }
    }
    const ratio = (rates.tls / rates.plain).toFixed(2)
    console.log(`${frameKib} KiB frames: TLS at ${ratio} of plain`)
  }
  for (const producer of Object.values(producers)) producer.stop()
}

const kind = process.argv[2]
await (kind === undefined ? main() : produce(kind === 'tls'))
