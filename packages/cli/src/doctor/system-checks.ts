// Checks of the machine: the Node that runs this, the limits that it gives to processes, room on its disks.

import { existsSync, readFileSync, type StatsFs, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { INODES_RATIO_MAX } from '@weirjs/common/core/resources/resource-watch'
import { formatBytes, formatCount } from '../output/units.ts'
import { broken, type Check, type Finding, ok, warning } from './check.ts'

const NODE_LEAST: readonly [number, number] = [24, 11]
const FREE_BYTES_BROKEN = 64 * 1_024 ** 2
const FREE_BYTES_WARNING = 1_024 ** 3
const FILES_LEAST = 4_096
/** With fewer, the next checkpoints fail. */
const INODES_BROKEN = 16

export const checkNode: Check = () => [nodeFinding(process.versions.node)]

export function nodeFinding(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [wantedMajor, wantedMinor] = NODE_LEAST
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor))
    return ok('node', `Node ${version}`)
  return broken(
    'node',
    `Node ${version} is too old: ${NODE_LEAST.join('.')} or newer is needed`,
    'install it, or name another with WEIR_NODE where ./weir of a checkout is used',
  )
}

/** Where there is no /proc, nothing is known and nothing is said. */
export const checkLimits: Check = () => {
  if (!existsSync('/proc/self/limits')) return []
  const line = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
  const files = line?.[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line?.[1])
  if (!(files < FILES_LEAST)) return [ok('limits', `${line?.[1]} open files`)]
  return [
    warning(
      'limits',
      `only ${files} open files for each process`,
      `raise it to ${FILES_LEAST} or more (ulimit -n, LimitNOFILE)`,
    ),
  ]
}

export const checkDisk: Check = ({ dataDirectory, checkpointDirectory }) =>
  [...new Set([dataDirectory, checkpointDirectory].map(existingAbove))].map((directory) =>
    diskFinding(directory, statfsSync(directory)),
  )

type FileSystem = Pick<StatsFs, 'bavail' | 'bsize' | 'files' | 'ffree'>

export function diskFinding(directory: string, space: FileSystem): Finding {
  const { bavail, bsize, files, ffree } = space
  const free = bavail * bsize
  const message = `${formatBytes(free)} free for ${directory}`
  const hint = 'make room: a full disk fails checkpoints, and then jobs stand still'
  if (free < FREE_BYTES_BROKEN) return broken('disk', `only ${message}`, hint)
  // Where there is no limit to them, `files` is 0.
  if (files > 0 && ffree < files * (1 - INODES_RATIO_MAX)) return inodesFinding(directory, space)
  return free < FREE_BYTES_WARNING ? warning('disk', `only ${message}`, hint) : ok('disk', message)
}

function inodesFinding(directory: string, { files, ffree }: FileSystem): Finding {
  const counts = `${formatCount(ffree)} of ${formatCount(files)} inodes free for ${directory}`
  const hint =
    'delete files, or make the file system with more inodes: without one no file can be made, whatever room there is'
  const verdict = ffree < INODES_BROKEN ? broken : warning
  return verdict('disk', `only ${counts}`, hint)
}

/** The directory itself, or the nearest one above that is there. */
export function existingAbove(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : existingAbove(dirname(path))
}
