// A container engine to test with: the one that runs, else Debian's, started here with a directory of its own and kept by a
// process of its own (engine-keeper.ts), which ends it however this one ends.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from '../../processes/src/until.ts'
import { ran, which } from './command.ts'
import { Skip } from './steps.ts'

const APT_MS_MAX = 180_000
const DAEMON_MS_MAX = 120_000
const KEEPER = fileURLToPath(new URL('engine-keeper.ts', import.meta.url))
/** The client of the daemon's package, where another one stands before it on the path. */
export const DEBIAN_CLIENT = '/usr/bin/docker'
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

/** What a daemon has in a directory of its own. */
export const daemonFiles = (root: string): { readonly socket: string; readonly log: string } => ({
  socket: `unix://${join(root, 'sock')}`,
  log: join(root, 'log'),
})

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
    ...(which('ip') === null ? ['iproute2'] : []),
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
  const root = mkdtempSync(ROOT_PREFIX)
  const { socket, log } = daemonFiles(root)
  const keeper = spawn(process.execPath, [KEEPER, root], {
    stdio: ['pipe', 'inherit', 'pipe'],
    // A Ctrl-C, or a signal to the whole group, is for the test, which then lets go.
    detached: true,
  })
  let said = ''
  keeper.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise<void>((resolve) => keeper.once('close', () => resolve()))
  const engine = {
    env: { DOCKER_HOST: socket },
    docker: DEBIAN_CLIENT,
    close: async () => {
      keeper.stdin.end()
      await ended
    },
  }
  try {
    await until('the Docker daemon', { withinMs: DAEMON_MS_MAX, everyMs: 100 }, async () => {
      if (keeper.exitCode !== null) throw new Skip(`dockerd ended: ${said}`)
      return (await ran(DEBIAN_CLIENT, ['info'], { env: engine.env })).code === 0 ? true : null
    })
  } catch (error) {
    const words = existsSync(log) ? readFileSync(log, 'utf8').slice(-LOG_CHARS) : said
    await engine.close()
    throw error instanceof Skip ? error : new Skip(`dockerd does not start: ${words}`)
  }
  return engine
}
