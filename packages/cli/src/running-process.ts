// A process of a cluster from its start to its end: certificates, probes, warnings of a shortage, signals.

import { rename, writeFile } from 'node:fs/promises'
import type { Scheduler } from '@weirjs/common/core/clock'
import { WeirError } from '@weirjs/common/core/errors'
import type { Log } from '@weirjs/common/core/log'
import type { ConfigValues } from '@weirjs/common/node/config-keys'
import { type HealthOptions, serveHealth } from '@weirjs/common/node/health-server'
import { closeOnSignals, Lifecycle } from '@weirjs/common/node/lifecycle'
import { ResourceMonitor, type ResourceMonitorOptions } from '@weirjs/common/node/resource-monitor'
import { joinAddress } from '@weirjs/common/rpc/listen'
import type { Identity } from '@weirjs/common/tls/identity'
import type { Cli } from './cli.ts'
import { openIdentity, type ProcessIdentity } from './process-identity.ts'

/** Whole or not at all, for whoever waits for it. */
async function writeAddress(file: string, address: string): Promise<void> {
  const staged = `${file}.${process.pid}`
  try {
    await writeFile(staged, `${address}\n`, { mode: 0o600 })
    await rename(staged, file)
  } catch (cause) {
    const message = `health.address-file: ${file} cannot be written`
    throw new WeirError('config/bad-value', message, { domain: 'user', cause })
  }
}

/** A process that runs until a signal: what it opened is closed whatever ends it. */
export class RunningProcess {
  readonly lifecycle: Lifecycle
  /** Resolves when everything has been closed, by a signal; the process ends then. */
  readonly closed: Promise<void>

  readonly #scheduler: Scheduler
  readonly #log: Log

  constructor(cli: Cli, log: Log) {
    const { scheduler } = cli
    this.#scheduler = scheduler
    this.#log = log
    this.lifecycle = new Lifecycle({ scheduler, log })
    const closed = Promise.withResolvers<void>()
    this.closed = closed.promise
    // Closed last, because it was opened first. Cannot reject: nothing is being closed yet.
    void this.lifecycle.own('process', () => closed.resolve())
    const exit = (code: number): void => process.exit(code)
    closeOnSignals(this.lifecycle, { signals: process, exit, scheduler, log })
  }

  /** The process's certificates, where the configuration wants any. */
  async showIdentity(
    role: HealthOptions['role'],
    values: ConfigValues,
    dataDirectory: string,
    host?: string,
  ): Promise<ProcessIdentity> {
    const own = { role, host, dataDirectory, scheduler: this.#scheduler, log: this.#log }
    const identity = openIdentity(values, own)
    await this.lifecycle.own('certificates', () => identity.close())
    return identity
  }

  /** Answers /livez, /readyz and /metrics, where `health.port` says so. */
  async showHealth(
    role: HealthOptions['role'],
    values: ConfigValues,
    own: Pick<HealthOptions, 'whyNotReady' | 'metrics'> & { readonly tls: Identity | null },
  ): Promise<void> {
    const port = values['health.port']
    if (port === null) return
    const host = values['health.bind-host']
    const scheduler = this.#scheduler
    const { whyNotReady, metrics, tls } = own
    const health = await serveHealth({
      role,
      host,
      port,
      scheduler,
      whyNotReady,
      metrics,
      tls: tls ?? undefined,
    })
    await this.lifecycle.own('health', () => health.close())
    const address = joinAddress(host, health.port)
    if (values['health.address-file'] !== null)
      await writeAddress(values['health.address-file'], address)
    this.#log.info({ address }, 'probes and measures are served')
  }

  /** Warns in the log before a shortage does harm. */
  async watchResources(
    values: ConfigValues,
    paths: readonly string[],
    own: Pick<ResourceMonitorOptions, 'rssBytes' | 'children'>,
  ): Promise<void> {
    const intervalMs = values['resources.watch-interval']
    if (intervalMs === null) return
    const thresholds = {
      diskFreeBytesMin: values['resources.disk-free-min'],
      openFilesRatioMax: values['resources.open-files-max'],
      memoryRatioMax: values['resources.memory-max'],
    }
    const scheduler = this.#scheduler
    const log = this.#log
    const monitor = new ResourceMonitor({
      intervalMs,
      thresholds,
      paths,
      ...own,
      scheduler,
      log,
    })
    monitor.start()
    await this.lifecycle.own('resource monitor', () => monitor.close())
  }

  /** Runs `work`; an error closes what is open and is passed on. */
  async during(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      await this.lifecycle.close()
      throw error
    }
  }
}
