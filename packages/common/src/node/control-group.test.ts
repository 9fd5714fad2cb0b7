import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { groupMemory } from './control-group.ts'

const MIB = 2 ** 20
const MACHINE = 16_384 * MIB

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

/** A root directory with such files. */
function rootWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'weir-group-'))
  roots.push(root)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

/** As a kernel of version 2 writes it; 300 MiB of files are only cached, 100 MiB lie on a tmpfs. */
const STAT_2 = [
  `anon ${600 * MIB}`,
  `file ${500 * MIB}`,
  `kernel ${40 * MIB}`,
  `shmem ${100 * MIB}`,
  `inactive_anon ${700 * MIB}`,
  'active_anon 0',
  `inactive_file ${300 * MIB}`,
  `active_file ${100 * MIB}`,
  'slab 1',
  '',
].join('\n')

/** Of version 1: the group's own first, then with the groups below it. */
const STAT_1 = [
  'cache 1',
  'rss 2',
  'shmem 3',
  'inactive_file 4',
  `hierarchical_memory_limit ${1_024 * MIB}`,
  `total_cache ${500 * MIB}`,
  `total_rss ${600 * MIB}`,
  `total_shmem ${100 * MIB}`,
  `total_inactive_file ${300 * MIB}`,
  `total_active_file ${100 * MIB}`,
  '',
].join('\n')

const two = (directory: string, mib: { used: number; max: string; high?: string }) => ({
  [join('sys/fs/cgroup', directory, 'memory.current')]: `${mib.used * MIB}\n`,
  [join('sys/fs/cgroup', directory, 'memory.max')]: `${mib.max}\n`,
  [join('sys/fs/cgroup', directory, 'memory.high')]: `${mib.high ?? 'max'}\n`,
  [join('sys/fs/cgroup', directory, 'memory.stat')]: STAT_2,
})
const one = (directory: string, mib: { used: number; limit: string }) => ({
  [join('sys/fs/cgroup/memory', directory, 'memory.usage_in_bytes')]: `${mib.used * MIB}\n`,
  [join('sys/fs/cgroup/memory', directory, 'memory.limit_in_bytes')]: `${mib.limit}\n`,
  [join('sys/fs/cgroup/memory', directory, 'memory.stat')]: STAT_1,
})
const GIB = `${1_024 * MIB}`
/** As version 1 says that there is none. */
const NO_LIMIT = '9223372036854771712'
const SEEN = { usedBytes: 840 * MIB, limitBytes: 1_024 * MIB, sharedBytes: 100 * MIB }

describe('memory of the control group', () => {
  test.each<{ what: string; files: Record<string, string>; directory: string }>([
    {
      what: 'version 2: what is used, less the files that are only cached',
      files: { 'proc/self/cgroup': '0::/weir/tm\n', ...two('weir/tm', { used: 1_140, max: GIB }) },
      directory: '/sys/fs/cgroup/weir/tm',
    },
    {
      what: 'version 2 in a container, which sees its own group as the root',
      files: { 'proc/self/cgroup': '0::/\n', ...two('', { used: 1_140, max: GIB }) },
      directory: '/sys/fs/cgroup',
    },
    {
      what: 'version 2, slowed down above a lower mark',
      files: {
        'proc/self/cgroup': '0::/weir\n',
        ...two('weir', { used: 1_140, max: `${2_048 * MIB}`, high: GIB }),
      },
      directory: '/sys/fs/cgroup/weir',
    },
    {
      what: 'a limit of the group above',
      files: {
        'proc/self/cgroup': '0::/weir/tm\n',
        ...two('weir/tm', { used: 500, max: 'max' }),
        ...two('weir', { used: 1_140, max: GIB }),
      },
      directory: '/sys/fs/cgroup/weir',
    },
    {
      what: 'of two limits the one that is nearer',
      files: {
        'proc/self/cgroup': '0::/weir/tm\n',
        ...two('weir/tm', { used: 1_140, max: GIB }),
        ...two('weir', { used: 2_000, max: `${8_192 * MIB}` }),
      },
      directory: '/sys/fs/cgroup/weir/tm',
    },
    {
      what: 'version 1, with the groups below it',
      files: {
        'proc/self/cgroup': '5:cpu,cpuacct:/\n4:memory:/weir\n0::/\n',
        ...one('weir', { used: 1_140, limit: GIB }),
      },
      directory: '/sys/fs/cgroup/memory/weir',
    },
    {
      what: 'version 1 in a container, where the path is that of the machine',
      files: {
        'proc/self/cgroup': '4:memory:/docker/0a1b\n',
        ...one('', { used: 1_140, limit: GIB }),
      },
      directory: '/sys/fs/cgroup/memory',
    },
  ])('$what', ({ files, directory }) => {
    expect(groupMemory(rootWith(files), MACHINE)).toEqual({ directory, ...SEEN })
  })

  test.each<{ what: string; files: Record<string, string> }>([
    { what: 'a system without any of it', files: {} },
    {
      what: 'version 2 without a limit',
      files: { 'proc/self/cgroup': '0::/\n', ...two('', { used: 500, max: 'max' }) },
    },
    {
      what: 'version 1 without a limit',
      files: { 'proc/self/cgroup': '4:memory:/\n', ...one('', { used: 500, limit: NO_LIMIT }) },
    },
    {
      what: 'a limit above the memory of the machine',
      files: { 'proc/self/cgroup': '0::/\n', ...two('', { used: 500, max: `${MACHINE}` }) },
    },
    {
      what: 'a limit, and no word of what is used',
      files: { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/memory.max': `${GIB}\n` },
    },
    {
      what: 'nonsense',
      files: {
        'proc/self/cgroup': 'nonsense\n',
        'sys/fs/cgroup/memory.max': 'much\n',
        'sys/fs/cgroup/memory.current': '-1\n',
      },
    },
  ])('$what: nothing is known', ({ files }) => {
    expect(groupMemory(rootWith(files), MACHINE)).toBeNull()
  })

  test('without details all that is counted is used', () => {
    const files = {
      'proc/self/cgroup': '0::/\n',
      'sys/fs/cgroup/memory.max': `${GIB}\n`,
      'sys/fs/cgroup/memory.current': `${500 * MIB}\n`,
    }
    expect(groupMemory(rootWith(files), MACHINE)).toMatchObject({
      usedBytes: 500 * MIB,
      sharedBytes: 0,
    })
  })
})
