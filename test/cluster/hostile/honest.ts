// Those who have done nothing wrong: they ask the JobManager over gRPC, over REST, and every health port, again and again,
// and remember how long each answer took, less the time that the asking process itself stood still. A health check comes on
// a connection of its own each time, as container engines do it.

import { get, type IncomingMessage } from 'node:http'
import { get as getSecurely } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { OwnPause } from '@weirjs/common/core/own-pause'
import type { JobClient } from '@weirjs/common/job-client'
import type { JobConnection } from '@weirjs/common/rpc/job-client'

const PAUSE_MS = 25
/** How often this process looks whether it was itself away. */
const LOOK_MS = 100

export interface Answers {
  readonly asked: number
  readonly p99Ms: number
  /** What went wrong, and how often. */
  readonly problems: ReadonlyMap<string, number>
}

type Ask = () => Promise<unknown>

export class HonestClients {
  readonly #tookMs: number[] = []
  readonly #problems = new Map<string, number>()
  readonly #done: Promise<unknown>
  /** Of this process: it was paused, or had something else to do. */
  #awayMs = 0
  #ending = false

  constructor(asks: Readonly<Record<string, Ask>>) {
    const asking = Object.entries(asks).map(([name, ask]) => this.#repeat(name, ask))
    this.#done = Promise.all([...asking, this.#noticePauses()])
  }

  /** Answers since the last look. */
  get asked(): number {
    return this.#tookMs.length
  }

  /** What has been heard since the last look. */
  look(): Answers {
    const sorted = this.#tookMs.splice(0).toSorted((a, b) => a - b)
    const problems = new Map(this.#problems)
    this.#problems.clear()
    const at = Math.max(0, Math.ceil(sorted.length * 0.99) - 1)
    return { asked: sorted.length, p99Ms: sorted[at] ?? 0, problems }
  }

  async stop(): Promise<void> {
    this.#ending = true
    await this.#done
  }

  async #repeat(name: string, ask: Ask): Promise<void> {
    while (!this.#ending) {
      const [startedAt, awayBefore] = [performance.now(), this.#awayMs]
      try {
        await ask()
      } catch (error) {
        const what = `${name}: ${error instanceof Error ? error.message : String(error)}`
        this.#problems.set(what, (this.#problems.get(what) ?? 0) + 1)
      }
      this.#tookMs.push(Math.max(0, performance.now() - startedAt - (this.#awayMs - awayBefore)))
      await sleep(PAUSE_MS)
    }
  }

  /**
   * Timers run before what has arrived is heard, so a pause is known before the answers that it has kept waiting. What is late
   * by less than a look counts for the answer.
   */
  async #noticePauses(): Promise<void> {
    const pause = new OwnPause(LOOK_MS)
    while (!this.#ending) {
      this.#awayMs += pause.look(performance.now())
      await sleep(LOOK_MS)
    }
  }
}

export const askCluster =
  (client: JobClient): Ask =>
  () =>
    client.cluster()

/** On a connection of its own each time. */
export const askAnew =
  (connect: () => JobConnection): Ask =>
  async () => {
    const { client, close } = connect()
    try {
      await client.cluster()
    } finally {
      close()
    }
  }

export interface Question {
  readonly port: number
  readonly path: string
  readonly token: string
  /** By HTTPS, and who answers must be of this authority. */
  readonly ca?: string | undefined
}

/** One GET on a connection of its own. */
export function askHttp({ port, path, token, ca }: Question): Ask {
  const options = { port, path, host: '127.0.0.1', agent: false, timeout: 10_000 }
  const whole = { ...options, headers: { authorization: `Bearer ${token}` } }
  return () =>
    new Promise<void>((resolve, reject) => {
      const hear = (response: IncomingMessage): void => {
        response.resume()
        response.once('error', reject)
        response.once('end', () => {
          if (response.statusCode === 200) resolve()
          else reject(new Error(`status ${response.statusCode}`))
        })
      }
      const request = ca === undefined ? get(whole, hear) : getSecurely({ ...whole, ca }, hear)
      request.once('timeout', () => request.destroy(new Error('no answer in 10 s')))
      request.once('error', reject)
    })
}
