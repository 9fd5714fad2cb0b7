// What people do to a cluster on purpose, as docs/operations/docker-compose.md says it: stop it and go on later, remove its
// containers and keep what it knows, bring files in and out. Nothing is broken here; so processes must end well, too.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRows } from '../../processes/src/committed-output.ts'
import { type ComposeCluster, type Container, ROOT } from './compose-cluster.ts'
import { healthy, type Scene, TASK_MANAGERS, wentOn } from './faults.ts'
import { prove } from './steps.ts'

type Proofs = Promise<readonly string[]>

export async function up(cluster: ComposeCluster): Promise<void> {
  await cluster.compose('up', '-d', '--scale', `taskmanager=${TASK_MANAGERS}`)
  await allHealthy(cluster)
}

/** The same containers later. */
export async function stopAndStart({ cluster, counting }: Scene): Proofs {
  const { attempt } = await counting.workingAfter(0)
  const before = await all(cluster)
  await cluster.compose('stop')
  const codes = await Promise.all(before.map(async ({ Id }) => (await cluster.inspect(Id)).State))
  prove(
    codes.every(({ ExitCode, OOMKilled }) => ExitCode === 0 && !OOMKilled),
    `exit codes are ${codes.map(({ ExitCode }) => ExitCode).join(', ')}`,
  )
  await cluster.compose('start')
  await allHealthy(cluster)
  const after = await counting.workingAfter(attempt)
  return [`${codes.length} containers ended with 0 on SIGTERM`, wentOn(after, attempt)]
}

/** Other containers with the volumes of these. */
export async function downAndUp({ cluster, counting }: Scene): Proofs {
  const { attempt } = await counting.workingAfter(0)
  const before = new Set((await all(cluster)).map(({ Id }) => Id))
  await cluster.compose('down')
  prove((await all(cluster)).length === 0, 'there are containers after down')
  await up(cluster)
  const now = await all(cluster)
  prove(!now.some(({ Id }) => before.has(Id)), 'a container is still the same')
  const after = await counting.workingAfter(attempt)
  return [`${now.length} new containers`, wentOn(after, attempt)]
}

/** Files in the volume that is there when nobody names a directory: copied in, counted, copied out. */
export async function volumeOfFiles(cluster: ComposeCluster): Proofs {
  cluster.filesInVolume()
  await cluster.compose('down')
  await up(cluster)
  const { Id } = await cluster.jobManager()
  const input = join(cluster.directory, 'input.txt')
  writeFileSync(input, 'to be or not to be\n')
  await cluster.docker('cp', input, `${Id}:/files/input.txt`)
  const job = join(ROOT, 'examples', 'wordcount.ts')
  const paths = ['--input', '/files/input.txt', '--output', '/files/words']
  const { code, err } = await cluster.weir('run', job, ...paths, '-p', `${TASK_MANAGERS}`)
  prove(code === 0, err)
  const words = join(cluster.directory, 'words')
  mkdirSync(words)
  await cluster.docker('cp', `${Id}:/files/words/.`, words)
  const rows = readRows(words) as readonly { readonly word: string; readonly count: number }[]
  const counted = rows.map(({ word, count }) => `${word} ${count}`).toSorted()
  prove(counted.join() === 'be 2,not 1,or 1,to 2', `the words are ${counted.join()}`)
  const { out } = await cluster.exec(
    await cluster.jobManager(),
    'weir',
    'job',
    'list',
    '-o',
    'name',
  )
  prove(out.trim() !== '', 'a command in the container sees no job')
  return [`${counted.join(', ')}; a command in the container lists the jobs`]
}

async function all(cluster: ComposeCluster): Promise<readonly Container[]> {
  const services = await Promise.all([
    cluster.containers('jobmanager'),
    cluster.containers('taskmanager'),
  ])
  return services.flat()
}

async function allHealthy(cluster: ComposeCluster): Promise<void> {
  await cluster.ready(TASK_MANAGERS)
  await Promise.all((await all(cluster)).map((one) => healthy(cluster, one)))
}
