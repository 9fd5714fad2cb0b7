// The JobManager's HTTP port: probes and measures by themselves, and everything else by the REST application, which is
// loaded when the first request for it comes.

import type { Scheduler } from '@weirjs/common/core/clock'
import type { Log } from '@weirjs/common/core/log'
import { type HttpServer, serveHttp } from '@weirjs/common/node/http-server'
import { type ProbeMetrics, Probes } from '@weirjs/common/node/probes'
import type { Identity } from '@weirjs/common/tls/identity'
import type { FastifyInstance } from 'fastify'
import type { RestSource } from './route.ts'

export interface RestServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** HTTPS; left out: plain HTTP. */
  readonly tls?: Identity | undefined
  readonly version: string
  readonly source: RestSource
  readonly scheduler: Scheduler
  readonly log: Log
  readonly whyNotReady: () => Promise<string | null>
  readonly metrics: ProbeMetrics
}

/** Errors: `net/port-in-use`, `net/bad-address`. */
export async function startRest(options: RestServerOptions): Promise<HttpServer> {
  const { host, port, tls, source, scheduler, version, log, whyNotReady, metrics } = options
  const { access } = metrics
  const probes = new Probes({
    role: 'jobmanager',
    scheduler,
    whyNotReady,
    metrics,
  })
  let boundPort = port
  let building: Promise<FastifyInstance> | null = null
  const build = async (): Promise<FastifyInstance> => {
    const { buildRestApp } = await import('./app.ts')
    return buildRestApp({
      source,
      access,
      cookie: () => `weir-${boundPort}`,
      version,
      onMistake: (error, path) => log.error({ path, reason: stackOf(error) }, 'REST answer failed'),
    })
  }
  const server = await serveHttp({
    host,
    port,
    tls,
    flag: 'rest.port and rest.bind-address',
    handle: async (request, response) => {
      if (await probes.answer(request, response)) return
      building ??= build()
      try {
        const app = await building
        app.routing(request, response)
      } catch (error) {
        building = null
        log.error({ reason: stackOf(error) }, 'REST interface cannot be loaded')
        throw error
      }
    },
  })
  boundPort = server.port
  return server
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
