// A container engine to test with: the one that runs, else Debian's, started here with a directory of its own and ended
// with SIGTERM at the end. (Killed, it leaves mounts behind and does not start again.) What it changes in the machine's
// network and is not undone by it is put back.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../../processes/src/until.ts'
import { ran, run, which } from './command.ts'
import { Skip } from './steps.ts'

const APT_MS_MAX = 180_000
const DAEMON_MS_MAX = 30_000
const FORWARDING = '/proc/sys/net/ipv4/ip_forward'
/** Short: the path of a socket has at most 108 bytes. Not /tmp, which may be in memory. */
const ROOT_PREFIX = '/var/tmp/weir-docker-'
const LOG_CHARS = 2_000

export interface Engine {
  /** What `docker` and compose need to find it. */
  readonly env: Readonly<Record<string, string>>
  readonly docker: string
  /** Ends it, if it was started here. */
  close(): Promise<void>
}

/** Throws Skip when there is none and none can be had. */
export async function findEngine(): Promise<Engine> {
  if (process.platform !== 'linux') throw new Skip('only Linux has network namespaces to cut')
  if (process.getuid?.() !== 0)
    throw new Skip('the faults need root (namespaces, signals to processes in containers)')
  const client = which('docker')
  if (client !== null && (await ran(client, ['info'])).code === 0)
    return { env: {}, docker: client, close: async () => {} }
  await install()
  return startDaemon()
}

async function install(): Promise<void> {
  const missing = [
    ...(which('dockerd') === null && which('/usr/sbin/dockerd') === null ? ['docker.io'] : []),
    ...(which('iptables') === null ? ['iptables'] : []),
    ...(which('nsenter') === null ? ['util-linux'] : []),
    ...(which('busybox') === null ? ['busybox-static'] : []),
  ]
  if (missing.length === 0) return
  await apt(missing)
}

export async function apt(packages: readonly string[]): Promise<void> {
  if (which('apt-get') === null) throw new Skip(`${packages.join(', ')} missing, and no apt-get`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  const options = { env, withinMs: APT_MS_MAX }
  if ((await ran('apt-get', install, options)).code === 0) return
  await ran('apt-get', ['update', '-qq'], options)
  const { code, err } = await ran('apt-get', install, options)
  if (code !== 0) throw new Skip(`apt-get cannot install ${packages.join(', ')}: ${err.trim()}`)
}

async function startDaemon(): Promise<Engine> {
  const putBack = await networkBefore()
  const root = mkdtempSync(ROOT_PREFIX)
  const socket = `unix://${join(root, 'sock')}`
  const log = join(root, 'log')
  const places = ['--data-root', join(root, 'data'), '--exec-root', join(root, 'exec')]
  const args = [...places, '--pidfile', join(root, 'pid'), '-H', socket]
  const out = openSync(log, 'a', 0o600)
  const daemon = spawn(which('dockerd') ?? '/usr/sbin/dockerd', args, {
    stdio: ['ignore', out, out],
    // A Ctrl-C is for the test, which then ends containers first.
    detached: true,
  })
  closeSync(out)
  const docker = debianClient()
  const engine = {
    env: { DOCKER_HOST: socket },
    docker,
    close: async () => {
      await end(daemon)
      await putBack()
      rmSync(root, { recursive: true, force: true, maxRetries: 3 })
    },
  }
  try {
    await until('the Docker daemon', { withinMs: DAEMON_MS_MAX, everyMs: 100 }, async () => {
      if (daemon.exitCode !== null) throw new Skip(`dockerd ended: ${lastWords(log)}`)
      return (await ran(docker, ['info'], { env: engine.env })).code === 0 ? true : null
    })
  } catch (error) {
    const words = lastWords(log)
    await engine.close()
    throw error instanceof Skip ? error : new Skip(`dockerd does not start: ${words}`)
  }
  return engine
}

/** The client of the same package, where another one stands before it on the path. */
function debianClient(): string {
  return which('/usr/bin/docker') ?? '/usr/bin/docker'
}

function lastWords(log: string): string {
  return readFileSync(log, 'utf8').slice(-LOG_CHARS)
}

/** SIGTERM, and however long it takes. */
function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    daemon.once('exit', () => resolve())
    daemon.kill('SIGTERM')
  })
}

/** Docker lets the machine route and drops what it does not know; answers how to put that back. */
async function networkBefore(): Promise<() => Promise<void>> {
  const forwarding = readFileSync(FORWARDING, 'utf8')
  const [policy = ''] = (await run('iptables', ['-S', 'FORWARD'])).split('\n')
  const [, , verdict = 'ACCEPT'] = policy.split(' ')
  return async () => {
    await ran('iptables', ['-P', 'FORWARD', verdict])
    writeFileSync(FORWARDING, forwarding)
  }
}
