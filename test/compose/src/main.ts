// npm run test:compose: docker-compose.yml for real. Finds or installs an engine, builds the image without an image
// registry, starts one JobManager and three TaskManagers, runs a job from outside, and treats the cluster badly.

import { parseArgs } from 'node:util'
import { join } from 'node:path'
import { run } from './command.ts'
import { ComposeCluster, ROOT } from './compose-cluster.ts'
import { findCompose } from './compose-tool.ts'
import { Counting } from './counting.ts'
import { type Engine, findEngine } from './engine.ts'
import * as faults from './faults.ts'
import { hasItsLimits, isLockedDown, wantsTheToken } from './looks.ts'
import { NotProven, prove, Skip, Steps } from './steps.ts'

const BASE = 'weir-test-base:local'
const LOG_LINES = 40
const SETUP_MS_MAX = 300_000

const usage = `usage: test:compose [--require]
  --require   a machine that cannot run it is a failure, not a skip`

async function imageOf(engine: Engine, steps: Steps): Promise<void> {
  const options = { cwd: ROOT, env: engine.env, withinMs: SETUP_MS_MAX }
  await run(process.execPath, [join(ROOT, 'deploy/docker/prepare.mjs')], options)
  steps.tell('token and tree made')
  const base = { ...options, env: { ...engine.env, NODE: process.execPath } }
  await run(join(ROOT, 'deploy/docker/base-image.sh'), [BASE], base)
  steps.tell('base image made')
}

async function test(engine: Engine, steps: Steps, guard: Guard): Promise<void> {
  const tool = await findCompose(engine, (line) => steps.tell(line))
  steps.tell(`engine: ${engine.docker}; compose ${tool.version}`)
  await imageOf(engine, steps)
  const cluster = await ComposeCluster.create({ engine, tool, nodeImage: BASE })
  guard.onExit = () => cluster.kill()
  try {
    await treat(cluster, steps)
  } finally {
    if (steps.failed > 0) console.log(await lastWords(cluster))
    await steps.end('down -v leaves nothing', async () => {
      await cluster.down()
      const left = await cluster.leftovers()
      prove(left.length === 0, `left: ${left.join(', ')}`)
      return []
    })
    if (steps.failed > 0) cluster.kill()
    guard.onExit = () => {}
    cluster.removeFiles()
  }
}

async function treat(cluster: ComposeCluster, steps: Steps): Promise<void> {
  await steps.step('the image is built', async () => {
    await cluster.compose('build', 'jobmanager')
    return []
  })
  await steps.step('up --scale taskmanager=3: all healthy', async () => {
    await cluster.compose('up', '-d', '--scale', `taskmanager=${faults.TASK_MANAGERS}`)
    await cluster.ready(faults.TASK_MANAGERS)
    const all = [await cluster.jobManager(), ...(await cluster.containers('taskmanager'))]
    await Promise.all(all.map((one) => faults.healthy(cluster, one)))
    return []
  })
  await steps.step('containers are locked down', () => isLockedDown(cluster))
  await steps.step('nothing is done without the token', () => wantsTheToken(cluster))
  await steps.step('a job that fills its heap fails alone, by its name', () =>
    hasItsLimits(cluster),
  )
  let counting: Counting | null = null
  await steps.step('a job is submitted from outside', async () => {
    counting = await Counting.submit(cluster)
    await counting.workingAfter(0)
    return []
  })
  const fault = (title: string, body: typeof faults.killJobManager): Promise<void> =>
    steps.step(title, async () => {
      if (counting === null) throw new NotProven('there is no job')
      return body({ cluster, counting })
    })
  await fault('a TaskManager is killed', faults.killTaskManager)
  await fault('a TaskManager is paused', faults.pauseTaskManager)
  await fault('a TaskManager is disconnected', faults.disconnectTaskManager)
  await fault('a TaskManager is cut off by iptables', faults.cutTaskManagerOff)
  await fault('the JobManager is killed', faults.killJobManager)
  await steps.step('the result is exact', async () => {
    if (counting === null) throw new NotProven('there is no job')
    return counting.judge()
  })
}

async function lastWords(cluster: ComposeCluster): Promise<string> {
  try {
    return await cluster.compose('logs', '--no-color', '--tail', `${LOG_LINES}`)
  } catch (error) {
    return `no logs: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** What must be undone however this process ends. */
interface Guard {
  onExit: () => void
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { require: { type: 'boolean', default: false } } })
  const steps = new Steps()
  const guard: Guard = { onExit: () => {} }
  let engine: Engine | null = null
  let ending: Promise<void> | null = null
  const end = (): Promise<void> => (ending ??= engine?.close() ?? Promise.resolve())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      guard.onExit()
      // Cannot reject in a way that matters: the process ends.
      void end().finally(() => process.exit(130))
    })
  }
  try {
    engine = await findEngine()
    await test(engine, steps, guard)
  } catch (error) {
    if (!(error instanceof Skip)) throw error
    steps.tell(`SKIPPED: ${error.message}`)
    if (values.require)
      await steps.step('the machine can run this', () =>
        Promise.reject(new NotProven(error.message)),
      )
    else steps.skip('docker compose', error.message)
  } finally {
    await end()
  }
  console.log(steps.closing())
  return steps.failed > 0 ? 1 : 0
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? (error.stack ?? error.message) : error)
  console.error(usage)
  process.exitCode = 2
}
