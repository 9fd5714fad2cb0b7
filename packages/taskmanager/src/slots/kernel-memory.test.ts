import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { oomRecord, residentBytes } from './kernel-memory.ts'

const roots: string[] = []
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true })
})

/** A root directory with such files. */
function rootWith(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'weir-kernel-'))
  roots.push(root)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  return root
}

const EVENTS = 'low 0\nhigh 0\nmax 41\noom 3\noom_kill 2\noom_group_kill 0\n'
const CONTROL = 'oom_kill_disable 0\nunder_oom 0\noom_kill 7\n'

describe('what the kernel has ended for want of memory', () => {
  test.each<{ what: string; files: Record<string, string>; kills: number | null; source: string }>([
    {
      what: 'control groups of version 2',
      files: {
        'proc/self/cgroup': '0::/weir/tm\n',
        'sys/fs/cgroup/weir/tm/memory.events': EVENTS,
      },
      kills: 2,
      source: '/sys/fs/cgroup/weir/tm/memory.events',
    },
    {
      what: 'version 2 in a container, which sees its own group as the root',
      files: { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/memory.events': EVENTS },
      kills: 2,
      source: '/sys/fs/cgroup/memory.events',
    },
    {
      what: 'version 1',
      files: {
        'proc/self/cgroup': '5:cpu,cpuacct:/\n4:memory:/weir\n0::/\n',
        'sys/fs/cgroup/memory/weir/memory.oom_control': CONTROL,
      },
      kills: 7,
      source: '/sys/fs/cgroup/memory/weir/memory.oom_control',
    },
    {
      what: 'version 1 in a container, where the path is that of the machine',
      files: {
        'proc/self/cgroup': '4:memory:/docker/0a1b\n',
        'sys/fs/cgroup/memory/memory.oom_control': CONTROL,
      },
      kills: 7,
      source: '/sys/fs/cgroup/memory/memory.oom_control',
    },
    {
      what: 'a kernel that does not count',
      files: {
        'proc/self/cgroup': '4:memory:/\n',
        'sys/fs/cgroup/memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\n',
      },
      kills: null,
      source: '',
    },
    { what: 'a system without any of it', files: {}, kills: null, source: '' },
  ])('$what', ({ files, kills, source }) => {
    expect(oomRecord({ root: rootWith(files) })).toEqual({ kills, source })
  })
})

test('the control group of a job process is asked before that of its TaskManager', () => {
  const root = rootWith({
    'proc/self/cgroup': '0::/weir\n',
    'sys/fs/cgroup/weir/memory.events': EVENTS,
    'jobs/memory.events': EVENTS.replace('oom_kill 2', 'oom_kill 5'),
    'jobs/weir-w/1/cgroup.procs': '',
    'jobs/weir-w/2/memory.events': EVENTS.replace('oom_kill 2', 'oom_kill 1'),
  })
  const recordOf = (group: string | null) => oomRecord({ root, group })
  expect(recordOf('/jobs/weir-w/2')).toEqual({
    kills: 1,
    source: '/jobs/weir-w/2/memory.events',
  })
  // Without a controller there: the one above, which counts for it.
  expect(recordOf('/jobs/weir-w/1')).toEqual({ kills: 5, source: '/jobs/memory.events' })
  expect(recordOf('/elsewhere')).toMatchObject({ kills: 2 })
  expect(recordOf(null)).toMatchObject({ kills: 2 })
})

describe('resident memory', () => {
  test.runIf(existsSync('/proc/self/status'))('of a process, as it says itself', () => {
    const seen = residentBytes(process.pid) ?? 0
    const own = process.memoryUsage.rss()
    expect(Math.abs(seen - own) / own).toBeLessThan(0.2)
  })

  test('of a process that is not there: nothing', () => {
    expect(residentBytes(2 ** 31 - 1)).toBeNull()
  })
})
