// Three questions that whoever keeps a process alive or watches it may ask, over plain HTTP: `/livez` (does its event loop
// turn), `/readyz` (is it of use), both without a secret and without details, and `/metrics`, for those who may read. One
// look at the process serves all who ask meanwhile; who asks waits no longer than a limit in time.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Scheduler, sleep } from '../core/clock.ts'
import { toFailure } from '../core/errors.ts'
import { METRICS_CONTENT_TYPE } from '../core/metrics/metric-text.ts'
import type { HttpAccess } from './http-access.ts'

/** A look that takes longer means: not ready. */
export const READY_MS_MAX = 1_500

export interface ProbeOptions {
  readonly role: 'jobmanager' | 'taskmanager'
  readonly scheduler: Scheduler
  /** null: ready; else why not. A rejection counts as its message. */
  readonly whyNotReady: () => Promise<string | null>
  /** null: `/metrics` is not answered. */
  readonly metrics: ProbeMetrics | null
}

export interface ProbeMetrics {
  readonly access: HttpAccess
  readonly text: () => string
}

export interface ProbeAnswer {
  readonly role: string
  readonly status: 'ok' | 'not ready'
  /** Why it is not ready. */
  readonly reason: string | null
}

export class Probes {
  readonly #options: ProbeOptions
  #looking: Promise<string | null> | null = null

  constructor(options: ProbeOptions) {
    this.#options = options
  }

  /** Answers when the request is one of the three; else false, and nothing has happened. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const path = (request.url ?? '').replace(/^\/metrics\?.*/, '/metrics')
    const { metrics } = this.#options
    const isHealth = path === '/livez' || path === '/readyz'
    if (!isHealth && (metrics === null || path !== '/metrics')) return false
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      reply(response, 405, 'text/plain', '')
    } else if (isHealth) await this.#health(path, response)
    else if (metrics !== null) this.#metrics(metrics, request, response)
    return true
  }

  #metrics(metrics: ProbeMetrics, request: IncomingMessage, response: ServerResponse): void {
    if (metrics.access.allows(request.headers)) {
      reply(response, 200, METRICS_CONTENT_TYPE, metrics.text())
      return
    }
    response.setHeader('www-authenticate', 'Bearer realm="weir"')
    reply(
      response,
      401,
      'text/plain',
      'the cluster token or its read key is missing or wrong: send it as "Authorization: Bearer …"\n',
    )
  }

  async #health(path: string, response: ServerResponse): Promise<void> {
    const reason = path === '/livez' ? null : await this.#look()
    const status = reason === null ? 'ok' : 'not ready'
    const answer: ProbeAnswer = { role: this.#options.role, status, reason }
    const body = `${JSON.stringify(answer)}\n`
    reply(response, reason === null ? 200 : 503, 'application/json', body)
  }

  #look(): Promise<string | null> {
    this.#looking ??= this.#limited()
    return this.#looking
  }

  /** One that is late stays the only one until it ends: at a storage that hangs, each holds a thread of the process. */
  #limited(): Promise<string | null> {
    const { whyNotReady, scheduler } = this.#options
    const looked = whyNotReady()
      .catch((error: unknown) => toFailure(error).message)
      .finally(() => {
        this.#looking = null
      })
    const late = sleep(scheduler, READY_MS_MAX).then(() => `no answer within ${READY_MS_MAX} ms`)
    return Promise.race([looked, late])
  }
}

function reply(response: ServerResponse, status: number, type: string, body: string): void {
  const length = `${Buffer.byteLength(body)}`
  response.writeHead(status, {
    'content-type': type,
    'content-length': length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
}
