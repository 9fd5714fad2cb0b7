// Every port that the processes of a cluster listen on, as the system sees it: one that is added is found without anybody
// writing it down. Linux only.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { descendantsOf, lifeOf, type ProcessLife } from '../../processes/src/proc.ts'
import type { ProcessCluster } from '../../processes/src/process-cluster.ts'
import type { Target } from './attacks.ts'
import { askHttp } from './honest.ts'

const LISTENING = '0A'

export interface OpenPort extends Target {
  /** `jobmanager`, `taskmanager-1`, `job process of taskmanager-1`. */
  readonly owner: string
  readonly pid: number
}

/** All processes of the cluster, with a name each. */
export function livesOf(cluster: ProcessCluster): ReadonlyMap<ProcessLife, string> {
  const lives = new Map<ProcessLife, string>()
  for (const { name, pid } of cluster.processes) {
    const own = pid === null ? null : lifeOf(pid)
    if (own === null) throw new Error(`${name} does not run`)
    lives.set(own, name)
    for (const child of descendantsOf(own.pid)) lives.set(child, `job process of ${name}`)
  }
  return lives
}

/** `ca`: the authority of a cluster where everything goes by TLS. */
export async function openPorts(
  cluster: ProcessCluster,
  ca: string | undefined,
): Promise<readonly OpenPort[]> {
  const found = [...livesOf(cluster)].flatMap(([{ pid }, owner]) =>
    listeningPorts(pid).map((port) => ({ port, owner, pid })),
  )
  return Promise.all(found.map(async (one) => ({ ...one, speaks: await languageOf(one.port, ca) })))
}

function listeningPorts(pid: number): readonly number[] {
  const own = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`)))
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, , , state, , , , , , inode]) => state === LISTENING && own.has(`socket:[${inode}]`),
      )
      .map(([, local = '']) => Number.parseInt(local.split(':')[1] ?? '', 16)),
  )
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return '' // descriptors come and go
  }
}

/** A port that speaks gRPC has no answer of HTTP/1, and by TLS not even the protocol. */
async function languageOf(port: number, ca: string | undefined): Promise<Target['speaks']> {
  try {
    await askHttp({ port, path: '/livez', token: '', ca })()
    return 'http'
  } catch {
    return 'grpc'
  }
}
