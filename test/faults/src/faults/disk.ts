// A disk without room, one that stands still, and a machine without power.

import { execFileSync } from 'node:child_process'
import { existsSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { BadCell } from '../cell.ts'
import { danglingReferences } from '../fsck.ts'
import type { FaultKind, Scene } from '../scene.ts'
import type { DiskWorld } from '../worlds/disks.ts'

const CHUNK = new Uint8Array(65_536)

/** `fill for 3s`: another writer takes what room there is, and gives it back. */
export const FILL: FaultKind = {
  needs: ['root', 'mount'],
  explains: ['storage/full', 'storage/io', 'files/full', 'files/io', 'checkpoint/declined'],
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
  explains: ['checkpoint/timed-out', 'checkpoint/declined'],
  strike: async (scene) => {
    const { disk } = diskOf(scene)
    const { output } = scene
    execFileSync('fsfreeze', ['--freeze', disk])
    await sleep(SETTLED_MS)
    output.look()
    const files = output.files
    let frozen = true
    let more = -1
    return {
      heal: async () => {
        if (!frozen) return
        output.look()
        more = output.files - files
        execFileSync('fsfreeze', ['--unfreeze', disk])
        frozen = false
      },
      proof: async () => (more === 0 ? 'no file has become visible meanwhile' : null),
    }
  },
}

/** Calls that were under way have come back by then, or wait. */
const SETTLED_MS = 50

/** `power-loss`: all processes are killed and the disk comes back with what had been synced. */
export const POWER_LOSS: FaultKind = {
  needs: ['root', 'mount', 'loop'],
  explains: [],
  strike: async (scene) => {
    const { cluster, output } = scene
    await cluster.killEverything()
    const before = output.files
    const bytes = await diskOf(scene).losePower()
    const lost = output.forgetYoung(YOUNG_MS)
    const dangling = danglingReferences(cluster.checkpointDirectory)
    return {
      heal: async () => cluster.startAll(),
      proof: async () => {
        if (dangling.length > 0) throw new Error(`after the power loss: ${dangling.join(', ')}`)
        return `image of ${bytes} bytes; ${before} files seen before, ${lost} of them not yet durable`
      },
    }
  },
}

/** A name is visible before its directory is synced: a reader may see it that much too early. */
const YOUNG_MS = 250

function diskOf({ world }: Scene): DiskWorld {
  if ('disk' in world) return world as DiskWorld
  throw new BadCell('this fault needs a world with a disk of its own')
}
