// What every way of testing the image shares: making what goes into it, and a cluster that is gone afterwards, however its
// steps end.

import { join } from 'node:path'
import { run } from './command.ts'
import { type ComposeCluster, ROOT } from './compose-cluster.ts'
import type { Engine } from './engine.ts'
import { prove, type Steps } from './steps.ts'

const LOG_LINES = 40
const PREPARE_MS_MAX = 300_000

/** What must be undone, at once, when this process is told to end. */
export type Guard = Set<() => void>

/** Token and tree. */
export async function prepare(engine: Engine, steps: Steps): Promise<void> {
  const options = { cwd: ROOT, env: engine.env, withinMs: PREPARE_MS_MAX }
  await run(process.execPath, [join(ROOT, 'deploy/docker/prepare.mjs')], options)
  steps.tell('token and tree made')
}

/** The base image, of the Node that runs this, or of the same version for another processor. */
export async function makeBase(
  engine: Engine,
  steps: Steps,
  tag: string,
  architecture?: 'arm64',
): Promise<void> {
  const env = { ...engine.env, NODE: process.execPath }
  const args = [tag, ...(architecture === undefined ? [] : [architecture])]
  const options = { cwd: ROOT, env, withinMs: PREPARE_MS_MAX }
  steps.tell(`base image: ${await run(join(ROOT, 'deploy/docker/base-image.sh'), args, options)}`)
}

/** Runs the steps of `body`; then nothing of the cluster may be left. After a failure its logs are shown. */
export async function removing(
  cluster: ComposeCluster,
  steps: Steps,
  guard: Guard,
  body: () => Promise<void>,
): Promise<void> {
  const kill = (): void => cluster.kill()
  guard.add(kill)
  try {
    await body()
  } finally {
    if (steps.failed > 0) console.log(await lastWords(cluster))
    await steps.end('down -v leaves nothing', async () => {
      await cluster.down()
      const left = await cluster.leftovers()
      prove(left.length === 0, `left: ${left.join(', ')}`)
      return []
    })
    if (steps.failed > 0) cluster.kill()
    guard.delete(kill)
    cluster.removeFiles()
  }
}

async function lastWords(cluster: ComposeCluster): Promise<string> {
  try {
    return await cluster.compose('logs', '--no-color', '--tail', `${LOG_LINES}`)
  } catch (error) {
    return `no logs: ${error instanceof Error ? error.message : String(error)}`
  }
}
