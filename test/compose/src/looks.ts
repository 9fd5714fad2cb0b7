// What can be seen without hurting anybody: how containers are locked down, that the token is wanted, and that heaps
// follow from the memory of the container, so that a job which takes too much ends by its own name.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeToken } from '@weirjs/common/rpc/token'
import { ran } from './command.ts'
import { type ComposeCluster, type Container, ROOT } from './compose-cluster.ts'
import { TASK_MANAGERS } from './faults.ts'
import { prove } from './steps.ts'

const MISBEHAVING = fileURLToPath(new URL('../../cluster/jobs/misbehaving.ts', import.meta.url))
const OK = 200
const EXIT_FAILED = 1
const EXIT_USAGE = 2

export async function isLockedDown(cluster: ComposeCluster): Promise<readonly string[]> {
  const all = [await cluster.jobManager(), ...(await cluster.containers('taskmanager'))]
  for (const container of all) await mustBeLockedDown(cluster, container)
  const [jobManager] = all
  const ports = Object.values(jobManager?.HostConfig.PortBindings ?? {}).flat()
  const open = ports.filter(({ HostIp }) => HostIp !== '127.0.0.1')
  prove(ports.length > 0 && open.length === 0, `a port is published on ${open[0]?.HostIp}`)
  const { status } = await fetch(`${cluster.page}/readyz`)
  prove(status === OK, `the page's port answers ${status}`)
  return [
    'not root, no capabilities, read-only, a bound on /tmp, no new privileges, filtered system calls, the token in no environment',
    `${ports.length} ports of the JobManager on 127.0.0.1, none of a TaskManager`,
  ]
}

async function mustBeLockedDown(cluster: ComposeCluster, container: Container): Promise<void> {
  const { Config, HostConfig } = container
  prove(/^[1-9]\d*:[1-9]\d*$/.test(Config.User), `it runs as "${Config.User}"`)
  prove(HostConfig.ReadonlyRootfs, 'its file system is not read-only')
  prove(HostConfig.CapDrop?.includes('ALL') === true, 'it has capabilities')
  prove(HostConfig.SecurityOpt?.[0]?.startsWith('no-new-privileges') === true, 'new privileges')
  const published = Object.keys(HostConfig.PortBindings ?? {}).length
  const isTaskManager = Config.Env.some((one) => one.startsWith('WEIR_TASKMANAGER_'))
  prove(!isTaskManager || published === 0, 'a TaskManager publishes ports')
  prove(HostConfig.Init, 'it has no init')
  prove(!Config.Env.some((one) => /=[0-9a-f]{64}$/.test(one)), 'the token is in its environment')
  const { out } = await cluster.exec(container, 'cat', '/proc/self/status')
  const status = new Map(out.split('\n').map((line) => [line.split(':')[0], line.split('\t')[1]]))
  prove(/^0+$/.test(status.get('CapEff') ?? ''), `capabilities in effect: ${status.get('CapEff')}`)
  prove(status.get('NoNewPrivs') === '1', 'the kernel knows of no "no new privileges"')
  // Docker's own list of system calls, where the kernel can keep to one.
  const filters = (await cluster.docker('info', '-f', '{{.SecurityOptions}}')).includes('seccomp')
  prove(!filters || status.get('Seccomp') === '2', 'no filter of system calls')
  const mounts = await cluster.exec(container, 'cat', '/proc/mounts')
  const inMemory = mounts.out.split('\n').find((line) => line.startsWith('tmpfs /tmp '))
  prove(/\bsize=\d+k\b/.test(inMemory ?? ''), `/tmp has no bound: ${inMemory}`)
  const written = await cluster.exec(container, 'touch', '/opt/weir/x')
  prove(written.code !== 0, 'it may write to the root file system')
}

export async function wantsTheToken(cluster: ComposeCluster): Promise<readonly string[]> {
  const other = join(cluster.directory, 'other-token')
  writeFileSync(other, makeToken(), { mode: 0o600 })
  const { address } = await cluster.json<{ address: string }>('cluster', 'status')
  const asked = ['cluster', 'status', '--cluster', address, '--token-file', other]
  const { code, err } = await ran(join(ROOT, 'weir'), asked)
  prove(code === EXIT_USAGE, `a wrong token ended with ${code}`)
  prove(err.includes('rpc/unauthenticated'), err)
  return ['rpc/unauthenticated']
}

/** The kernel kills nobody: V8 knows its limit, and the job says what happened. */
export async function hasItsLimits(cluster: ComposeCluster): Promise<readonly string[]> {
  const { code, err } = await cluster.weir('run', MISBEHAVING, '--how', 'fill')
  prove(code === EXIT_FAILED, `it ended with ${code}: ${err}`)
  prove(err.includes('job/out-of-memory'), err)
  for (const container of await cluster.containers('taskmanager')) {
    prove(!container.State.OOMKilled, 'the kernel has killed a TaskManager')
    prove(container.RestartCount === 0, 'a TaskManager was restarted')
  }
  await cluster.ready(TASK_MANAGERS)
  return ['job/out-of-memory; no TaskManager was lost']
}
