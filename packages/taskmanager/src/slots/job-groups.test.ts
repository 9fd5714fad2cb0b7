import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryLog } from '@weirjs/common/core/memory-log'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { delegatedGroup } from './delegated-group.fixture.ts'
import { JobGroups } from './job-groups.ts'
import { residentBytes } from './kernel-memory.ts'

const LIFE = '0123456789ab'
const worker = { host: 'here', pid: process.pid, life: LIFE }
const OWN = `weir-here-${process.pid}-${LIFE}`

const delegated = delegatedGroup()
const { directory, root } = delegated ?? { directory: '', root: '/' }
afterAll(() => delegated?.remove())

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

function idle(): number {
  const child = spawn('sleep', ['600'])
  started.push(child)
  return child.pid ?? 0
}

const open = (path: string, log = new MemoryLog()): Promise<JobGroups> =>
  JobGroups.open({ directory: path, worker, scheduler: systemScheduler(), log })

const groupsIn = (path: string): readonly string[] =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)

describe('a directory for control groups is refused', () => {
  test.each([
    ['that is relative', 'weir', 'no absolute path'],
    ['that is not there', '/nowhere/weir', 'not there'],
    ['of another sort', tmpdir(), 'no directory of control groups of version 2'],
    ...(delegated === null ? [] : [['that is the root of all', root, 'no cgroup.kill']]),
  ])('%s', async (_what, path, problem) => {
    await expect(open(path)).rejects.toMatchObject({
      code: 'config/bad-value',
      domain: 'user',
      message: expect.stringMatching(
        `^taskmanager\\.job-process\\.control-group is ${path}: .*${problem}`,
      ) as string,
      hint: expect.stringContaining('below /sys/fs/cgroup') as string,
    })
  })
})

describe.skipIf(delegated === null)('the control groups of a TaskManager', () => {
  test('are in one of its own, which goes with all that is in it', async () => {
    const groups = await open(directory)
    const [one, two] = [groups.next(), groups.next()]
    const pids = [idle(), idle()]
    one.take(pids[0] ?? 0)
    two.take(pids[1] ?? 0)
    expect(groupsIn(directory)).toEqual([OWN])
    expect(groupsIn(join(directory, OWN))).toHaveLength(2)
    await one.remove()
    expect(groupsIn(join(directory, OWN))).toHaveLength(1)
    await groups.close()
    expect(groupsIn(directory)).toEqual([])
    for (const pid of pids) await expect.poll(() => residentBytes(pid)).toBeNull()
  })

  test('of dead ones of this machine are removed at the start, with what lives in them', async () => {
    const { pid: gone } = spawnSync('true')
    const dead = join(directory, `weir-here-${gone}-${LIFE}`, '1')
    const elsewhere = join(directory, `weir-there-${gone}-${LIFE}`)
    const alive = join(directory, `weir-here-${process.ppid}-${LIFE}`)
    const foreign = join(directory, 'something')
    mkdirSync(dead, { recursive: true })
    for (const path of [elsewhere, alive, foreign]) mkdirSync(path)
    const daemon = idle()
    writeFileSync(join(dead, 'cgroup.procs'), `${daemon}`)
    const groups = await open(directory)
    expect(groupsIn(directory).toSorted()).toEqual(
      [
        OWN,
        'something',
        `weir-here-${process.ppid}-${LIFE}`,
        `weir-there-${gone}-${LIFE}`,
      ].toSorted(),
    )
    await expect.poll(() => residentBytes(daemon)).toBeNull()
    await groups.close()
  })

  test('say what the kernel does not limit', async () => {
    const log = new MemoryLog()
    const groups = await open(directory, log)
    const missing = log.events.find(({ fields }) => 'missing' in fields)?.fields['missing']
    expect(missing).toEqual(delegated?.hasLimits === true ? undefined : ['memory', 'pids'])
    await groups.close()
  })

  test('are not had in a directory where processes may not be moved to', async () => {
    const threads = join(directory, 'threads')
    mkdirSync(threads)
    writeFileSync(join(threads, 'cgroup.type'), 'threaded')
    await expect(open(threads)).rejects.toMatchObject({
      code: 'config/bad-value',
      message: expect.stringContaining(`control-group is ${threads}: `) as string,
    })
    expect(groupsIn(threads)).toEqual([])
  })
})
