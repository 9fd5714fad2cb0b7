// Each process in a network namespace of its own, joined by a bridge: so that packets between two of them can be dropped
// while both live, and write to the same disk. The harness stands at the bridge and reaches everybody.

import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import type { ProcessName, ProcessPlace } from '../../../processes/src/process-cluster.ts'
import type { World, WorldKind } from '../world.ts'

const NAMES: readonly ProcessName[] = [
  'jobmanager',
  'taskmanager-1',
  'taskmanager-2',
  'taskmanager-3',
]
/** 10.219.x.0/24: a corner of the private addresses that hardly anybody uses. */
const NETWORK = '10.219'
const NETWORKS = 250
const FIRST_HOST = 10

/** What a partition needs to know. */
export interface Network {
  addressOf(name: ProcessName): string
  /** Runs a command in the namespace of a process. Throws what it says. */
  inside(name: ProcessName, ...command: readonly string[]): string
}

export interface NetworkWorld extends World {
  readonly network: Network
}

export const NAMESPACES: WorldKind = {
  needs: ['root', 'namespaces', 'iptables'],
  open: async () => openNetwork(),
}

function openNetwork(): NetworkWorld {
  const id = process.pid % NETWORKS
  const bridge = `weir${id}`
  const spaceOf = (name: ProcessName): string => `weir${id}-${name}`
  const addressOf = (name: ProcessName): string =>
    `${NETWORK}.${id}.${FIRST_HOST + NAMES.indexOf(name)}`
  const close = (): void => {
    for (const name of NAMES) spawnSync('ip', ['netns', 'del', spaceOf(name)])
    spawnSync('ip', ['link', 'del', bridge])
  }
  close()
  run('ip', 'link', 'add', bridge, 'type', 'bridge')
  run('ip', 'addr', 'add', `${NETWORK}.${id}.1/24`, 'dev', bridge)
  run('ip', 'link', 'set', bridge, 'up')
  NAMES.forEach((name, i) => {
    const [space, end] = [spaceOf(name), `weir${id}v${i}`]
    run('ip', 'netns', 'add', space)
    run('ip', 'link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
    run('ip', 'link', 'set', end, 'master', bridge, 'up')
    run('ip', '-n', space, 'addr', 'add', `${addressOf(name)}/24`, 'dev', 'eth0')
    run('ip', '-n', space, 'link', 'set', 'eth0', 'up')
    run('ip', '-n', space, 'link', 'set', 'lo', 'up')
  })
  const place = (name: ProcessName): Partial<ProcessPlace> => ({
    host: addressOf(name),
    prefix: ['ip', 'netns', 'exec', spaceOf(name)],
    defines: ['security.insecure=true'],
  })
  return {
    cluster: { place },
    network: {
      addressOf,
      inside: (name, ...command) => run('ip', 'netns', 'exec', spaceOf(name), ...command),
    },
    [Symbol.asyncDispose]: async () => close(),
  }
}

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    cwd: tmpdir(),
  })
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
  return stdout
}
