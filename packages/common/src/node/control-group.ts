// What the kernel counts and allows for the control group of this process: all processes in it, whoever started them, and
// what is memory without being any process's, such as files on a tmpfs. It is by this count that processes are ended,
// not by what each of them has resident. Version 2 and version 1, where the system says it (Linux).

import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { dirname, join, resolve } from 'node:path'

export interface GroupMemory {
  /** The directory in which the system says so. */
  readonly directory: string
  /** Without files that are only cached and not in use: the kernel drops those before it ends anybody. */
  readonly usedBytes: number
  readonly limitBytes: number
  /** Of what is used: files that lie in memory (tmpfs), and memory that processes share. */
  readonly sharedBytes: number
}

export interface MemoryGroup {
  readonly version: 1 | 2
  readonly directory: string
}

/** Groups within groups that are looked at, from the own one upwards. */
const DEPTH_MAX = 32

const FILES = {
  2: { used: 'memory.current', limits: ['memory.max', 'memory.high'], prefix: '' },
  1: {
    used: 'memory.usage_in_bytes',
    limits: ['memory.limit_in_bytes'],
    // With those of the groups below it, as `used` has them.
    prefix: 'total_',
  },
} as const

/**
 * Of the group that is nearest to its limit: the own one, or one above it. null: none has a limit below the machine's memory,
 * or the system does not say. `root` is where the system's own files begin: another one in tests.
 */
export function groupMemory(root = '/', machineBytes: number = totalmem()): GroupMemory | null {
  const limited = memoryGroups(root).flatMap((group) => {
    const memory = memoryOf(root, group)
    return memory !== null && memory.limitBytes < machineBytes ? [memory] : []
  })
  const fullness = (one: GroupMemory): number => one.usedBytes / one.limitBytes
  return limited.toSorted((a, b) => fullness(b) - fullness(a))[0] ?? null
}

/** What a container or a service of the system lets its processes use; null: the machine is the limit. */
export function memoryLimitBytes(): number | null {
  const bytes = process.constrainedMemory()
  return bytes > 0 && bytes < totalmem() ? bytes : null
}

/**
 * Where the books of this process's groups are, the innermost first; not all of these directories exist. In a namespace of
 * its own a process sees its group as the root.
 */
export function memoryGroups(root: string): readonly MemoryGroup[] {
  const groups = readText(join(root, 'proc/self/cgroup')) ?? ''
  const of = (pattern: RegExp): string => pattern.exec(groups)?.[1] ?? '/'
  const two = upwards(of(/^0::(.*)$/m))
  const one = upwards(of(/^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m))
  return [
    ...two.map(
      (path) => ({ version: 2, directory: resolve('/sys/fs/cgroup', `.${path}`) }) as const,
    ),
    ...one.map(
      (path) => ({ version: 1, directory: resolve('/sys/fs/cgroup/memory', `.${path}`) }) as const,
    ),
  ]
}

/** The group of this directory (version 2) and those above it, as `memoryGroups` tells of the own one. */
export function groupsFrom(directory: string): readonly MemoryGroup[] {
  return upwards(directory).map((path) => ({ version: 2, directory: path }))
}

/** `/a/b`, `/a`, `/`. */
function upwards(path: string): readonly string[] {
  const paths = [join('/', path)]
  for (let at = join('/', path); at !== '/' && paths.length < DEPTH_MAX; ) {
    at = dirname(at)
    paths.push(at)
  }
  return paths
}

function memoryOf(root: string, { version, directory }: MemoryGroup): GroupMemory | null {
  const files = FILES[version]
  const read = (name: string): string => readText(join(root, directory, name)) ?? ''
  const used = bytesIn(read(files.used))
  const limits = files.limits.map((name) => bytesIn(read(name))).filter((one) => one !== null)
  if (used === null || limits.length === 0) return null
  const stat = read('memory.stat')
  const counted = (name: string): number =>
    bytesIn(new RegExp(`^${files.prefix}${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? '') ?? 0
  return {
    directory,
    usedBytes: Math.max(0, used - counted('inactive_file')),
    limitBytes: Math.min(...limits),
    sharedBytes: counted('shmem'),
  }
}

/** null: `max`, nothing, or what is no number. */
function bytesIn(text: string): number | null {
  const [, digits] = /^(\d+)\s*$/.exec(text) ?? []
  return digits === undefined ? null : Number(digits)
}

/** A file in which the system says something. null: it does not say. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null // a system without it, a group or a process that is gone, or no descriptor is free
  }
}
