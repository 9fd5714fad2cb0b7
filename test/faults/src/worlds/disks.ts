// Worlds with a disk of their own for everything that must last (checkpoints, output): a small one that can be filled, or
// an image whose power can be cut. What had not been synced is not in the image: mounting a copy of it shows the disk as it
// is found when the machine comes back.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Words } from '../cell.ts'
import type { World, WorldKind } from '../world.ts'

/** ext4 writes back by itself after so long: later than any cell takes. */
const COMMIT_SECONDS = 300
const IMAGE_MIB = 96
const UNMOUNT_TRIES_MAX = 50
const UNMOUNT_PAUSE_MS = 100
const EATMYDATA = 'libeatmydata.so'

export interface DiskWorld extends World {
  /** Where the disk is mounted. */
  readonly disk: string
  /** Cuts the power, and turns it on again. Nobody may have a file open. Answers bytes of the image. */
  readonly losePower: () => Promise<number>
}

/** `small-disk 24m`: a tmpfs. */
export const SMALL_DISK: WorldKind = {
  needs: ['root', 'mount'],
  open: async (words) => {
    const { directory, disk } = places()
    mount('-t', 'tmpfs', '-o', `size=${words[1]}`, 'none', disk)
    return world(directory, disk, {
      losePower: async () => {
        throw new Error('only an image can lose power')
      },
      // Its disk is small from the start; what must be told is that it is full.
      defines: ['resources.watch-interval=1s', 'resources.disk-free-min=4mb'],
    })
  },
}

/** `image [unsynced]`: ext4 in a file; unsynced: fsync is a lie, the negative control. */
export const IMAGE: WorldKind = {
  needs: ['root', 'mount', 'loop', 'eatmydata'],
  open: async (words: Words) => {
    const { directory, disk } = places()
    let turns = 0
    let image = join(directory, 'disk-0.img')
    run('truncate', '-s', `${IMAGE_MIB}M`, image)
    run('mkfs.ext4', '-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image)
    const insert = (): void => mount('-o', `loop,commit=${COMMIT_SECONDS}`, image, disk)
    insert()
    run('sync', '-f', disk)
    const env: Readonly<Record<string, string>> = words.includes('unsynced')
      ? { LD_PRELOAD: EATMYDATA }
      : {}
    const losePower = async (): Promise<number> => {
      const next = join(directory, `disk-${++turns}.img`)
      copyFileSync(image, next)
      await unmount(disk)
      rmSync(image)
      image = next
      insert()
      return statSync(image).size
    }
    return world(directory, disk, { losePower, env })
  },
}

interface Own {
  readonly losePower: DiskWorld['losePower']
  readonly env?: Readonly<Record<string, string>>
  readonly defines?: readonly string[]
}

function world(directory: string, disk: string, own: Own): DiskWorld {
  const { losePower, env = {} } = own
  const seen = Object.keys(env).length === 0 ? [] : ['taskmanager.job-environment=LD_PRELOAD']
  const defines = [...seen, ...(own.defines ?? [])]
  return {
    disk,
    losePower,
    outputDirectory: join(disk, 'output'),
    cluster: {
      checkpointDirectory: join(disk, 'checkpoints'),
      place: () => ({ env, defines }),
    },
    [Symbol.asyncDispose]: async () => {
      await unmount(disk)
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function places(): { readonly directory: string; readonly disk: string } {
  const directory = mkdtempSync(join(tmpdir(), 'weir-disk-'))
  const disk = join(directory, 'mounted')
  mkdirSync(disk)
  return { directory, disk }
}

const mount = (...args: readonly string[]): void => run('mount', ...args)

/** Whoever was killed may take a moment to let go. */
async function unmount(disk: string): Promise<void> {
  for (let tries = 0; tries < UNMOUNT_TRIES_MAX; tries++) {
    if (spawnSync('umount', [disk]).status === 0) return
    await new Promise((resolve) => setTimeout(resolve, UNMOUNT_PAUSE_MS))
  }
  run('umount', disk)
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}
