// A port for those who keep a process alive or watch it: `/livez`, `/readyz`, and, where there are measures, `/metrics`.
// Nothing else is answered there.

import type { Identity } from '../tls/identity.ts'
import { serveHttp } from './http-server.ts'
import { type ProbeAnswer, type ProbeOptions, Probes } from './probes.ts'

export interface HealthOptions extends ProbeOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** HTTPS; left out: plain HTTP. */
  readonly tls?: Identity | undefined
}

/** What `/livez` and `/readyz` are answered with. */
export type HealthAnswer = ProbeAnswer

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

/** Errors: `net/port-in-use`, `net/bad-address`. */
export function serveHealth(options: HealthOptions): Promise<HealthServer> {
  const { host, port, tls } = options
  const probes = new Probes(options)
  return serveHttp({
    host,
    port,
    tls,
    flag: 'health.port and health.bind-host',
    handle: async (request, response) => {
      if (await probes.answer(request, response)) return
      response.writeHead(404, { 'content-length': '0' })
      response.end()
    },
  })
}
