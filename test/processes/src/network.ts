// Each process in a network namespace of its own, joined by a bridge: so that packets between two of them can be dropped
// while both live, and write to the same disk. The harness stands at the bridge and reaches everybody.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
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
const OWNED_BY = 'weir harness '

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

let cuts = 0

export class Network implements Disposable {
  readonly #bridge: string
  readonly #id: number
  readonly #exiting = (): void => this.#remove()

  private constructor(id: number) {
    this.#id = id
    this.#bridge = `weir${id}`
    process.once('exit', this.#exiting)
  }

  /** One that nobody has, or whose owner is dead. Throws what a command said that failed. */
  static open(): Network {
    for (let i = 0; i < NETWORKS; i++) {
      const network = new Network((process.pid + i) % NETWORKS)
      if (network.#claim()) return network
      process.off('exit', network.#exiting)
    }
    throw new Error(`all ${NETWORKS} networks of ${NETWORK}.x.0/24 are in use`)
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
    // Its own name, because another cut may be like it.
    const name = `weir-cut-${++cuts}`
    const comment = ['-m', 'comment', '--comment', name]
    const chance =
      share < 1 ? ['-m', 'statistic', '--mode', 'random', '--probability', `${share}`] : []
    const drop = (sender: ProcessName, at: ProcessName): Rule => ({
      at,
      spec: ['INPUT', '-s', this.#addressOf(sender), ...comment, ...chance, '-j', 'DROP'],
    })
    const rules = [drop(from, to), ...(bothWays ? [drop(to, from)] : [])]
    for (const { at, spec } of rules) this.#iptables(at, '-I', ...spec)
    return {
      heal: () => {
        let dropped = 0
        for (const { at, spec } of rules) {
          dropped += this.#droppedAt(at, name)
          this.#iptables(at, '-D', ...spec)
        }
        return dropped
      },
    }
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#exiting)
    this.#remove()
  }

  /** Whoever makes the bridge has the number. */
  #claim(): boolean {
    if (!this.#makeBridge()) {
      const owner = ownerOf(this.#bridge)
      if (owner === null || existsSync(`/proc/${owner}`)) return false
      this.#remove()
      if (!this.#makeBridge()) return false
    }
    run('ip', 'link', 'set', this.#bridge, 'alias', `${OWNED_BY}${process.pid}`)
    this.#make()
    return true
  }

  #makeBridge(): boolean {
    return spawnSync('ip', ['link', 'add', this.#bridge, 'type', 'bridge']).status === 0
  }

  #make(): void {
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

  /** In the namespace of a process. `-w`: others may hold its lock just now. Throws what it says. */
  #iptables(name: ProcessName, ...words: readonly string[]): string {
    return run('ip', 'netns', 'exec', this.#spaceOf(name), 'iptables', '-w', ...words)
  }

  /** By one cut. First column of `iptables -L INPUT -v -n -x`: packets. */
  #droppedAt(at: ProcessName, cut: string): number {
    return this.#iptables(at, '-L', 'INPUT', '-v', '-n', '-x')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((words) => words.includes(cut))
      .reduce((sum, [packets]) => sum + Number(packets), 0)
  }
}

/** Process that made a bridge; null: nothing says. */
function ownerOf(bridge: string): number | null {
  const { stdout } = spawnSync('ip', ['link', 'show', bridge], { encoding: 'utf8' })
  const [, pid] = new RegExp(`alias ${OWNED_BY}(\\d+)`).exec(stdout) ?? []
  return pid === undefined ? null : Number(pid)
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
