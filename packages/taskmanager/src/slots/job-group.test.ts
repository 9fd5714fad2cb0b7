import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { FLOOD_SHARE } from '../core/memory-judge.ts'
import { delegatedGroup } from './delegated-group.fixture.ts'
import { JobGroup, KERNEL_MEMORY_SHARE, limitFiles, removeGroup, writeLimits } from './job-group.ts'
import { oomRecord, residentBytes } from './kernel-memory.ts'
import { ProcessFamily } from './process-family.ts'

const MEBIBYTE = 1_048_576
const LIMITS = { memoryBytes: 400 * MEBIBYTE, processesMax: 256, slots: 2 }
const COUNT_MAX = 10

const delegated = delegatedGroup()
afterAll(() => delegated?.remove())

const started: ChildProcess[] = []
const directories: string[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

describe('the limits of a control group', () => {
  test('are beyond those of the watch, and written after what is to happen at them', () => {
    expect([...limitFiles(LIMITS)]).toEqual([
      ['memory.oom.group', '1'],
      ['memory.max', `${500 * MEBIBYTE}`],
      ['pids.max', `${(256 + 2 + 4) * 16}`],
    ])
    expect(KERNEL_MEMORY_SHARE).toBeGreaterThan(FLOOD_SHARE)
    // More than the kernel takes.
    expect(limitFiles({ ...LIMITS, processesMax: 1_000_000 }).get('pids.max')).toBe('max')
  })

  test('are written where the group has files for them, and nowhere else', () => {
    const directory = mkdtempSync(join(tmpdir(), 'weir-group-'))
    directories.push(directory)
    writeFileSync(join(directory, 'pids.max'), 'max')
    writeLimits(directory, LIMITS)
    expect(readdirSync(directory)).toEqual(['pids.max'])
    expect(readFileSync(join(directory, 'pids.max'), 'utf8')).toBe('4192')
  })
})

test('a control group that cannot be made, or not removed, says why', async () => {
  const group = new JobGroup('/nowhere/1', async () => {})
  expect(() => group.take(process.pid)).toThrow(
    expect.objectContaining({ code: 'job/no-control-group', domain: 'external' }) as Error,
  )
  expect(group.pids()).toBeNull()
  expect(await removeGroup('/nowhere/1', systemScheduler())).toBeNull()
  const directory = mkdtempSync(join(tmpdir(), 'weir-group-'))
  directories.push(directory)
  writeFileSync(join(directory, 'file'), '')
  expect(await removeGroup(directory, systemScheduler())).toContain('ENOTEMPTY')
})

/** Waits for a line, then starts a daemon that leaves the group, and says its pid when the daemon's parent has ended. */
const LEADER =
  "read go; daemon=$(setsid sh -c 'sleep 600 > /dev/null & echo $!'); echo $daemon; read end"

interface Family {
  readonly group: JobGroup
  readonly leader: number
  readonly daemon: number
}

let made = 0
async function familyInGroup(): Promise<Family> {
  made += 1
  const directory = join(delegated?.directory ?? '', `${made}`)
  const group = new JobGroup(directory, async (own) => {
    expect(await removeGroup(own, systemScheduler())).toBeNull()
  })
  const child = spawn('sh', ['-c', LEADER], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  started.push(child)
  const leader = child.pid ?? 0
  group.take(leader)
  child.stdin.write('go\n')
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return { group, leader, daemon: Number(said.toString()) }
}

describe.skipIf(delegated === null)('a control group of a job process', () => {
  test('has daemons that it has started: they are counted and measured', async () => {
    const { group, leader, daemon } = await familyInGroup()
    expect(group.pids()?.toSorted()).toEqual([leader, daemon].toSorted())
    const inGroup = new ProcessFamily(leader, COUNT_MAX, () => group.pids())
    const bytes = inGroup.residentBytes() ?? 0
    expect(inGroup.count).toBe(1)
    expect(bytes).toBeGreaterThan(residentBytes(leader) ?? 0)
    const without = new ProcessFamily(leader, COUNT_MAX)
    without.residentBytes()
    expect(without.count).toBe(0)
    await group.remove()
  })

  test('counts no more than it is asked for', async () => {
    const { group, leader, daemon } = await familyInGroup()
    const family = new ProcessFamily(leader, 0, () => [...(group.pids() ?? []), daemon, daemon])
    family.residentBytes()
    expect(family.count).toBe(1)
    await group.remove()
  })

  test('ends all in it at once', async () => {
    const { group, leader, daemon } = await familyInGroup()
    group.end()
    await expect.poll(() => residentBytes(leader)).toBeNull()
    await expect.poll(() => residentBytes(daemon)).toBeNull()
    await group.remove()
    expect(existsSync(group.directory)).toBe(false)
  })

  test('is removed with what is in it, and with groups that somebody has made in it', async () => {
    const { group, daemon } = await familyInGroup()
    const below = join(group.directory, 'below')
    mkdirSync(below)
    writeFileSync(join(below, 'cgroup.procs'), `${daemon}`)
    await group.remove()
    expect(existsSync(group.directory)).toBe(false)
    expect(residentBytes(daemon)).toBeNull()
  })

  test('of a process that has ended is no error', async () => {
    const child = spawn('true')
    const { pid = 0 } = child
    await once(child, 'exit')
    const group = new JobGroup(join(delegated?.directory ?? '', 'late'), async () => {})
    group.take(pid)
    expect(group.pids()).toEqual([])
    expect(await removeGroup(group.directory, systemScheduler())).toBeNull()
  })
})

test.skipIf(delegated?.hasLimits !== true)(
  'the kernel ends what fills memory beyond its group, and counts that there',
  async () => {
    const directory = delegated?.directory ?? ''
    writeFileSync(join(directory, 'cgroup.subtree_control'), '+memory +pids')
    const group = new JobGroup(join(directory, 'full'), async () => {})
    const flood =
      'process.stdin.once("data", () => { const hoard = []; for (;;) hoard.push(Buffer.alloc(4e6, 1)) })'
    const child = spawn(process.execPath, ['-e', flood])
    started.push(child)
    group.take(child.pid ?? 0)
    group.limit({ ...LIMITS, memoryBytes: 160 * MEBIBYTE })
    expect(readFileSync(join(group.directory, 'pids.max'), 'utf8')).toBe('4192\n')
    child.stdin.write('go')
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL'])
    const record = oomRecord({ group: group.directory })
    expect(record.source).toBe(join(group.directory, 'memory.events'))
    expect(record.kills).toBeGreaterThan(0)
    expect(await removeGroup(group.directory, systemScheduler())).toBeNull()
  },
)
