// Keeps a Docker daemon for whoever holds this process's standard input open, and ends it when that is closed: by hand, by a
// signal, by a crash. So no way in which a test ends leaves a daemon, containers or a machine that drops what it routes.
// Started by engine.ts: `node engine-keeper.ts DIRECTORY`, with a directory that is the daemon's alone and goes with it.
//
// The daemon is ended with SIGTERM, however long it takes. (Killed, it leaves mounts behind and does not start again.) What
// it changes in the machine's network and does not undo is put back. If it ends by itself, its last words go to stderr and
// this process ends with 1.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ran, run, which } from './command.ts'
import { DEBIAN_CLIENT, daemonFiles } from './engine.ts'

const FORWARDING = '/proc/sys/net/ipv4/ip_forward'
const BRIDGE = 'docker0'
const LOG_CHARS = 2_000

async function keep(root: string): Promise<number> {
  const putBack = await networkBefore()
  const daemon = start(root)
  const ended = new Promise<'ended'>((resolve) => daemon.once('exit', () => resolve('ended')))
  const outcome = await Promise.race([ended, released()])
  if (outcome === 'ended')
    process.stderr.write(readFileSync(daemonFiles(root).log, 'utf8').slice(-LOG_CHARS))
  else {
    await removeEverything(root)
    daemon.kill('SIGTERM')
    await ended
  }
  await putBack()
  rmSync(root, { recursive: true, force: true, maxRetries: 3 })
  return outcome === 'ended' ? 1 : 0
}

/** Whoever started this is gone, or wants it to end. */
function released(): Promise<'released'> {
  return new Promise((resolve) => {
    process.stdin.once('close', () => resolve('released'))
    process.stdin.resume()
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => resolve('released'))
  })
}

function start(root: string): ChildProcess {
  const { socket, log } = daemonFiles(root)
  const places = ['--data-root', join(root, 'data'), '--exec-root', join(root, 'exec')]
  const args = [...places, '--pidfile', join(root, 'pid'), '-H', socket]
  const out = openSync(log, 'a', 0o600)
  // A group of its own: whoever ends this one's must leave it to end containers first.
  const daemon = spawn(which('dockerd') ?? '/usr/sbin/dockerd', args, {
    stdio: ['ignore', out, out],
    detached: true,
  })
  closeSync(out)
  // Without one there is an error and no exit.
  daemon.once('error', (error) => {
    writeFileSync(log, error.message, { flag: 'a' })
    daemon.emit('exit', null, null)
  })
  return daemon
}

/** Containers with what they hold, then networks, whose bridges a daemon that ends would leave. */
async function removeEverything(root: string): Promise<void> {
  const env = { DOCKER_HOST: daemonFiles(root).socket }
  const { out } = await ran(DEBIAN_CLIENT, ['ps', '-aq'], { env })
  const ids = out.split('\n').filter((id) => id !== '')
  if (ids.length > 0) await ran(DEBIAN_CLIENT, ['rm', '-fv', ...ids], { env })
  await ran(DEBIAN_CLIENT, ['network', 'prune', '-f'], { env })
}

/** Docker lets the machine route and drops what it does not know; answers how to put that back. */
async function networkBefore(): Promise<() => Promise<void>> {
  const forwarding = readFileSync(FORWARDING, 'utf8')
  const hadBridge = existsSync(join('/sys/class/net', BRIDGE))
  const [policy = ''] = (await run('iptables', ['-S', 'FORWARD'])).split('\n')
  const [, , verdict = 'ACCEPT'] = policy.split(' ')
  return async () => {
    await ran('iptables', ['-P', 'FORWARD', verdict])
    writeFileSync(FORWARDING, forwarding)
    if (!hadBridge) await ran('ip', ['link', 'delete', BRIDGE])
  }
}

const [root] = process.argv.slice(2)
if (root === undefined) throw new Error('usage: engine-keeper.ts DIRECTORY')
process.exit(await keep(root))
