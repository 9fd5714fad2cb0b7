// A disk without room, one that stands still, and a machine without power.

import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { danglingReferences } from '../../../processes/src/fsck.ts'
import { descendantsOf, waitingThreads } from '../../../processes/src/proc.ts'
import { until } from '../../../processes/src/until.ts'
import { BadCell } from '../cell.ts'
import type { FaultKind, Scene } from '../scene.ts'
import type { DiskWorld } from '../worlds/disks.ts'

const CHUNK = new Uint8Array(65_536)

/** `fill for 3s`: another writer takes what room there is, and gives it back. */
export const FILL: FaultKind = {
  needs: ['root', 'mount'],
  explains: [
    'storage/full',
    'storage/io',
    'files/full',
    'files/io',
    'checkpoint/declined',
    'log/unavailable',
  ],
  strike: async (scene) => {
    const { disk } = diskOf(scene)
    const ballast = join(disk, 'ballast')
    fill(ballast)
    let leftBytes = -1
    return {
      heal: async () => {
        if (!existsSync(ballast)) return
        leftBytes = freeBytes(disk)
        rmSync(ballast)
      },
      proof: async () =>
        leftBytes < 0 || leftBytes > CHUNK.length ? null : `${leftBytes} bytes had been left`,
    }
  },
}

function fill(path: string): void {
  for (;;) {
    try {
      writeFileSync(path, CHUNK, { flag: 'a' })
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return
      throw error
    }
  }
}

function freeBytes(disk: string): number {
  const { bavail, bsize } = statfsSync(disk)
  return bavail * bsize
}

/** `freeze for 3s`: whoever writes to the disk waits, as for a network file system whose server is away. */
export const FREEZE: FaultKind = {
  needs: ['root', 'mount', 'loop'],
  explains: ['checkpoint/timed-out', 'checkpoint/declined', 'log/unavailable'],
  strike: async (scene) => {
    const { disk } = diskOf(scene)
    const { output } = scene
    execFileSync('fsfreeze', ['--freeze', disk])
    await sleep(SETTLED_MS)
    output.look()
    const files = output.files
    let frozen = true
    let more = -1
    let waiting = 0
    return {
      heal: async () => {
        if (!frozen) return
        output.look()
        more = output.files - files
        waiting = waitingIn(scene)
        execFileSync('fsfreeze', ['--unfreeze', disk])
        frozen = false
      },
      proof: async () =>
        more === 0 && waiting > 0
          ? `no file has become visible meanwhile, and ${waiting} threads waited for the disk`
          : null,
    }
  },
}

/** Threads of the cluster that the kernel lets do nothing: only a disk does that for long. */
function waitingIn({ cluster }: Scene): number {
  return cluster.processes
    .flatMap(({ pid }) => (pid === null ? [] : [pid, ...descendantsOf(pid).map((one) => one.pid)]))
    .reduce((sum, pid) => sum + waitingThreads(pid), 0)
}

/** Calls that were under way have come back by then, or wait. */
const SETTLED_MS = 50

/**
 * `power-loss`: all processes are killed and the disk comes back with what had been synced. `power-loss 5`: so many times,
 * each but the first at a random moment after the JobManager has come back.
 */
export const POWER_LOSS: FaultKind = {
  needs: ['root', 'mount', 'loop'],
  explains: [],
  strike: async (scene, words) => {
    const { cluster } = scene
    const times = Number(words[1] ?? 1)
    if (!(times >= 1)) throw new BadCell(`"${words[1]}" is no number of times`)
    const losses = [await losePower(scene)]
    while (losses.length < times) {
      cluster.startAll()
      await someMomentLater(scene)
      losses.push(await losePower(scene))
    }
    return {
      heal: async () => cluster.startAll(),
      proof: async () => losses.map(({ said }) => said).join('; '),
      found: () => losses.flatMap(({ dangling }) => dangling.map((what) => `references: ${what}`)),
    }
  },
}

interface Loss {
  readonly said: string
  readonly dangling: readonly string[]
}

async function losePower(scene: Scene): Promise<Loss> {
  const { cluster, output } = scene
  await cluster.killEverything()
  const before = output.files
  const bytes = await diskOf(scene).losePower()
  const lost = output.forgetYoung(YOUNG_MS)
  return {
    said: `image of ${bytes} bytes; ${before} files seen before, ${lost} of them not yet durable`,
    dangling: danglingReferences(cluster.checkpointDirectory),
  }
}

/** Anywhere in recovery, or in the work behind it. */
async function someMomentLater({ cluster }: Scene): Promise<void> {
  await until('the JobManager is back', { withinMs: BACK_MS_MAX }, () =>
    cluster.ask((client) => client.list()),
  )
  const afterMs = Math.round(Math.random() * MOMENT_MS)
  cluster.timeline.note(`no power in ${afterMs} ms`)
  await sleep(afterMs)
}

/** Only ends what hangs. */
const BACK_MS_MAX = 90_000
/** Three times what recovery takes, so that most losses come while the job works. */
const MOMENT_MS = 6_000

/** A name is visible before its directory is synced: a reader may see it that much too early. */
const YOUNG_MS = 250

function diskOf({ world }: Scene): DiskWorld {
  if ('disk' in world) return world as DiskWorld
  throw new BadCell('this fault needs a world with a disk of its own')
}
