// What is done to the cluster, one thing at a time, while the job runs. Each fault shows three things: that it has hit (by
// what the kernel or Docker says, and by what the JobManager noticed), that the job went on without it, and that what was
// hurt is healthy again afterwards.

import type { JobDetail } from '@weirjs/common/job-client'
import { until } from '../../processes/src/until.ts'
import { run } from './command.ts'
import { type ComposeCluster, type Container, READY_MS_MAX } from './compose-cluster.ts'
import type { Counting } from './counting.ts'
import { prove } from './steps.ts'

export const TASK_MANAGERS = 3
const NOTICED_MS_MAX = 60_000
const LOOK_MS = 100

export interface Scene {
  readonly cluster: ComposeCluster
  readonly counting: Counting
}

type Proofs = Promise<readonly string[]>

/** A TaskManager dies; Docker starts it again by the restart policy. */
export async function killTaskManager({ cluster, counting }: Scene): Proofs {
  const { victim, attempt } = await chooseVictim(counting)
  process.kill(victim.State.Pid, 'SIGKILL')
  const after = await counting.workingAfter(attempt)
  const again = await restarted(cluster, victim)
  await cluster.ready(TASK_MANAGERS)
  await healthy(cluster, victim)
  return [
    `process ${victim.State.Pid} killed; Docker restarted it as ${again.State.Pid}, ${again.RestartCount} restarts`,
    wentOn(after, attempt),
  ]
}

/** Its processes stand still for longer than heartbeats may stay away, and wake up as zombies. */
export async function pauseTaskManager({ cluster, counting }: Scene): Proofs {
  const { victim, attempt } = await chooseVictim(counting)
  await cluster.docker('pause', victim.Id)
  try {
    prove((await cluster.inspect(victim.Id)).State.Paused, 'Docker does not say that it is paused')
    await lost(cluster, victim)
    const after = await counting.workingAfter(attempt)
    await cluster.docker('unpause', victim.Id)
    await cluster.ready(TASK_MANAGERS)
    await healthy(cluster, victim)
    const { RestartCount } = await cluster.inspect(victim.Id)
    prove(RestartCount === victim.RestartCount, 'it did not survive the pause')
    return [reasonOf(after, attempt), wentOn(after, attempt), 'it woke up and registered anew']
  } finally {
    const { State } = await cluster.inspect(victim.Id)
    if (State.Paused) await cluster.docker('unpause', victim.Id)
  }
}

/** The cable is out, and its name is gone from the network. */
export async function disconnectTaskManager({ cluster, counting }: Scene): Proofs {
  const { victim, attempt } = await chooseVictim(counting)
  const [network] = Object.keys(victim.NetworkSettings.Networks)
  if (network === undefined) throw new Error('it has no network')
  await cluster.docker('network', 'disconnect', network, victim.Id)
  const { NetworkSettings } = await cluster.inspect(victim.Id)
  prove(!(network in NetworkSettings.Networks), 'Docker does not say that it is disconnected')
  await lost(cluster, victim)
  const reason = await unhealthy(cluster, victim)
  const after = await counting.workingAfter(attempt)
  await cluster.docker('network', 'connect', network, victim.Id)
  await cluster.ready(TASK_MANAGERS)
  await healthy(cluster, victim)
  return [reasonOf(after, attempt), `its health check said: ${reason}`, wentOn(after, attempt)]
}

/** A black hole: packets to it vanish without an answer, names and routes stay. */
export async function cutTaskManagerOff({ cluster, counting }: Scene): Proofs {
  const { victim, attempt } = await chooseVictim(counting)
  const inNamespace = (...args: readonly string[]): Promise<string> =>
    run('nsenter', ['-t', `${victim.State.Pid}`, '-n', 'iptables', ...args])
  const rule = ['INPUT', '-i', 'eth0', '-j', 'DROP']
  await inNamespace('-I', ...rule)
  let dropped = 0
  let after: JobDetail
  try {
    await lost(cluster, victim)
    after = await counting.workingAfter(attempt)
    dropped = droppedPackets(await inNamespace('-L', 'INPUT', '-v', '-x', '-n'))
    prove(dropped > 0, 'the rule has dropped nothing')
  } finally {
    await inNamespace('-D', ...rule)
  }
  await cluster.ready(TASK_MANAGERS)
  await healthy(cluster, victim)
  const { RestartCount } = await cluster.inspect(victim.Id)
  prove(RestartCount === victim.RestartCount, 'it did not survive the cut')
  return [
    `${dropped} packets dropped; ${reasonOf(after, attempt)}`,
    wentOn(after, attempt),
    'it registered anew',
  ]
}

/** The JobManager dies and is started again; it finds its job on the storage. */
export async function killJobManager({ cluster, counting }: Scene): Proofs {
  const { attempt } = await counting.workingAfter(0)
  const before = await cluster.ask((client) => client.cluster())
  const victim = await cluster.jobManager()
  process.kill(victim.State.Pid, 'SIGKILL')
  const again = await restarted(cluster, victim)
  await cluster.ready(TASK_MANAGERS)
  const after = await counting.workingAfter(attempt)
  const now = await cluster.ask((client) => client.cluster())
  prove(now !== null && now.coordinatorId !== before?.coordinatorId, 'it is the same JobManager')
  await healthy(cluster, victim)
  return [
    `process ${victim.State.Pid} killed; Docker restarted it, ${again.RestartCount} restarts, with another identity`,
    wentOn(after, attempt),
  ]
}

// ---- before ----

async function chooseVictim(
  counting: Counting,
): Promise<{ readonly victim: Container; readonly attempt: number }> {
  const { attempt } = await counting.workingAfter(0)
  return { victim: await counting.busyContainer(), attempt }
}

// ---- during ----

/** The JobManager has noticed. */
async function lost(cluster: ComposeCluster, victim: Container): Promise<void> {
  const limit = { withinMs: NOTICED_MS_MAX, everyMs: LOOK_MS }
  await until('the JobManager notices', limit, async () => {
    const known = await cluster.registered()
    return known.size > 0 && !(await cluster.isRegistered(victim)) ? true : null
  })
}

/** The health check in the container fails; answers why. */
async function unhealthy(cluster: ComposeCluster, victim: Container): Promise<string> {
  const limit = { withinMs: NOTICED_MS_MAX, everyMs: LOOK_MS }
  return until('a health check that fails', limit, async () => {
    const { code, err } = await cluster.exec(victim, 'weir', 'healthcheck', 'taskmanager')
    return code === 1 ? (err.trim().split('\n')[0] ?? '') : null
  })
}

function droppedPackets(rules: string): number {
  const line = rules.split('\n').find((one) => one.includes('DROP') && one.includes('eth0'))
  return Number(line?.trim().split(/\s+/)[0] ?? 0)
}

// ---- after ----

async function restarted(cluster: ComposeCluster, victim: Container): Promise<Container> {
  const limit = { withinMs: READY_MS_MAX, everyMs: LOOK_MS }
  return until('Docker restarts it', limit, async () => {
    const now = await cluster.inspect(victim.Id)
    return now.RestartCount > victim.RestartCount && now.State.Pid > 0 ? now : null
  })
}

export async function healthy(
  cluster: ComposeCluster,
  { Id }: Container,
  withinMs = READY_MS_MAX,
): Promise<void> {
  const limit = { withinMs, everyMs: LOOK_MS }
  await until('Docker calls it healthy', limit, async () =>
    (await cluster.inspect(Id)).State.Health?.Status === 'healthy' ? true : null,
  )
}

function attemptOf(job: JobDetail, attempt: number): JobDetail['attempts'][number] | undefined {
  return job.attempts.find((one) => one.attempt === attempt)
}

/** Why the JobManager ended the attempt. */
function reasonOf(job: JobDetail, attempt: number): string {
  return `attempt ${attempt} ended: ${attemptOf(job, attempt)?.failure?.message}`
}

export function wentOn(job: JobDetail, before: number): string {
  const from = attemptOf(job, job.attempt)?.restoredFrom
  prove(typeof from === 'number', `attempt ${job.attempt} has not gone on from a checkpoint`)
  return `attempt ${before} → ${job.attempt}, from checkpoint ${from}`
}
