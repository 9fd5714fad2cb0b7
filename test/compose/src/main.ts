// npm run test:compose: docker-compose.yml for real. Finds or installs an engine, builds the image without an image
// registry, starts one JobManager and three TaskManagers, runs a job from outside, and treats the cluster badly.

import { parseArgs } from 'node:util'
import { onArm64 } from './arm64.ts'
import { ComposeCluster } from './compose-cluster.ts'
import { COMPOSE_WANTED, type ComposeWanted, findCompose } from './compose-tool.ts'
import { Counting } from './counting.ts'
import { type Engine, findEngine } from './engine.ts'
import * as faults from './faults.ts'
import { type Guard, makeBase, prepare, removing } from './image.ts'
import { hasItsLimits, isLockedDown, wantsTheToken } from './looks.ts'
import * as orderly from './orderly.ts'
import { NotProven, Skip, Steps } from './steps.ts'

const BASE = 'weir-test-base:local'

const usage = `usage: test:compose [--compose any|v2|1.29] [--arm64] [--require]
  --compose   v2: the plugin that is there, else built by Go; 1.29: Debian's; any (default): v2, else 1.29
  --arm64     the image for arm64 instead of the faults: built, and run under emulation
  --require   a machine that cannot run it is a failure, not a skip`

async function test(
  engine: Engine,
  wanted: ComposeWanted,
  steps: Steps,
  guard: Guard,
): Promise<void> {
  const tool = await findCompose(engine, wanted, (line) => steps.tell(line))
  steps.tell(`engine: ${engine.docker}; compose ${tool.version}`)
  await prepare(engine, steps)
  await makeBase(engine, steps, BASE)
  const cluster = await ComposeCluster.create({ engine, tool, nodeImage: BASE })
  await removing(cluster, steps, guard, () => treat(cluster, steps))
}

async function treat(cluster: ComposeCluster, steps: Steps): Promise<void> {
  await steps.step('the image is built', async () => {
    await cluster.compose('build', 'jobmanager')
    return []
  })
  await steps.step('up --scale taskmanager=3: all healthy', async () => {
    await orderly.up(cluster)
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
  await fault('stop, and start', orderly.stopAndStart)
  await fault('down, and up: volumes are kept', orderly.downAndUp)
  await steps.step('the job is stopped, and goes on at full speed', async () => {
    if (counting === null) throw new NotProven('there is no job')
    return counting.hurry()
  })
  await steps.step('the result is exact', async () => {
    if (counting === null) throw new NotProven('there is no job')
    return counting.judge()
  })
  await steps.step('files in their volume', () => orderly.volumeOfFiles(cluster))
}

interface Asked {
  readonly require: boolean
  readonly arm64: boolean
  readonly compose: ComposeWanted
}

/** null: something that nobody knows. */
function asked(): Asked | null {
  const { values } = parseArgs({
    options: {
      require: { type: 'boolean', default: false },
      arm64: { type: 'boolean', default: false },
      compose: { type: 'string', default: 'any' },
    },
  })
  const compose = COMPOSE_WANTED.find((known) => known === values.compose)
  return compose === undefined ? null : { ...values, compose }
}

async function main(): Promise<number> {
  const wanted = asked()
  if (wanted === null) throw new Error('--compose is any, v2 or 1.29')
  const steps = new Steps()
  const guard: Guard = new Set()
  let engine: Engine | null = null
  let ending: Promise<void> | null = null
  const end = (): Promise<void> => (ending ??= engine?.close() ?? Promise.resolve())
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      for (const undo of guard) undo()
      // Cannot reject in a way that matters: the process ends.
      void end().finally(() => process.exit(130))
    })
  }
  try {
    engine = await findEngine()
    if (wanted.arm64) await onArm64(engine, wanted.compose, steps, guard)
    else await test(engine, wanted.compose, steps, guard)
  } catch (error) {
    if (!(error instanceof Skip)) throw error
    steps.tell(`SKIPPED: ${error.message}`)
    if (wanted.require)
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
