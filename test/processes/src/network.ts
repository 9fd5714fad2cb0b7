// Each process in a network namespace of its own, joined by a bridge: so that packets between two of them can be dropped
// while both live, and write to the same disk. The harness stands at the bridge and reaches everybody.

import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import type { Need } from './machine.ts'
import type { ProcessName, ProcessPlace } from './process-cluster.ts'

/** Of a machine, to have one. */
export const NETWORK_NEEDS: readonly Need[] = ['root', 'namespaces', 'iptables']
/** Codes that logs may name when some have not heard of each other for a while, and meet again. */
export const NETWORK_EXPLAINS: readonly string[] = [
  'exchange/connection-lost',
  'fence/stale',
  'job/unknown',
  'worker/unknown',
]

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

/** What does not arrive. */
export interface CutOptions {
  readonly from: ProcessName
  readonly to: ProcessName
  /** What goes the other way is lost, too. */
  readonly bothWays: boolean
  /** Of all packets, drawn by the kernel; default 1: nothing passes. */
  readonly share?: number
}

/** Packets that are dropped without a word. */
export interface Cut {
  /** Everything passes again. Answers how many packets were dropped, by the kernel's counters. Once. */
  heal(): number
}

interface Rule {
  readonly at: ProcessName
  readonly spec: readonly string[]
}

let opened = 0

export class Network implements Disposable {
  readonly #bridge: string
  readonly #id: number
  readonly #exiting = (): void => this.#remove()

  private constructor(id: number) {
    this.#id = id
    this.#bridge = `weir${id}`
    process.once('exit', this.#exiting)
  }

  /** Throws what a command said that failed. */
  static open(): Network {
    const network = new Network((process.pid + opened++) % NETWORKS)
    network.#remove()
    network.#make()
    return network
  }

  /** Where a process of the cluster is to run. */
  place(name: ProcessName): Partial<ProcessPlace> {
    return {
      host: this.#addressOf(name),
      prefix: ['ip', 'netns', 'exec', this.#spaceOf(name)],
      defines: ['security.insecure=true'],
    }
  }

  cut({ from, to, bothWays, share = 1 }: CutOptions): Cut {
    const chance =
      share < 1 ? ['-m', 'statistic', '--mode', 'random', '--probability', `${share}`] : []
    const drop = (sender: ProcessName, at: ProcessName): Rule => ({
      at,
      spec: ['INPUT', '-s', this.#addressOf(sender), ...chance, '-j', 'DROP'],
    })
    const rules = [drop(from, to), ...(bothWays ? [drop(to, from)] : [])]
    for (const { at, spec } of rules) this.#inside(at, 'iptables', '-I', ...spec)
    return {
      heal: () => {
        let dropped = 0
        for (const { at, spec } of rules) {
          dropped += this.#droppedAt(at, this.#addressOf(at === to ? from : to))
          this.#inside(at, 'iptables', '-D', ...spec)
        }
        return dropped
      },
    }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#exiting)
    this.#remove()
  }

  #make(): void {
    run('ip', 'link', 'add', this.#bridge, 'type', 'bridge')
    run('ip', 'addr', 'add', `${NETWORK}.${this.#id}.1/24`, 'dev', this.#bridge)
    run('ip', 'link', 'set', this.#bridge, 'up')
    NAMES.forEach((name, i) => {
      const [space, end] = [this.#spaceOf(name), `${this.#bridge}v${i}`]
      run('ip', 'netns', 'add', space)
      run('ip', 'link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
      run('ip', 'link', 'set', end, 'master', this.#bridge, 'up')
      run('ip', '-n', space, 'addr', 'add', `${this.#addressOf(name)}/24`, 'dev', 'eth0')
      run('ip', '-n', space, 'link', 'set', 'eth0', 'up')
      run('ip', '-n', space, 'link', 'set', 'lo', 'up')
    })
  }

  /** Also what a harness of this number has left behind. */
  #remove(): void {
    for (const name of NAMES) spawnSync('ip', ['netns', 'del', this.#spaceOf(name)])
    spawnSync('ip', ['link', 'del', this.#bridge])
  }

  #spaceOf(name: ProcessName): string {
    return `${this.#bridge}-${name}`
  }

  #addressOf(name: ProcessName): string {
    return `${NETWORK}.${this.#id}.${FIRST_HOST + NAMES.indexOf(name)}`
  }

  /** Runs a command in the namespace of a process. Throws what it says. */
  #inside(name: ProcessName, ...command: readonly string[]): string {
    return run('ip', 'netns', 'exec', this.#spaceOf(name), ...command)
  }

  /** Of one sender. First column of `iptables -L INPUT -v -n -x`: packets. */
  #droppedAt(at: ProcessName, sender: string): number {
    return this.#inside(at, 'iptables', '-L', 'INPUT', '-v', '-n', '-x')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((words) => words.includes('DROP') && words.includes(sender))
      .reduce((sum, [packets]) => sum + Number(packets), 0)
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
