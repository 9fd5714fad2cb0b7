// Commands on a real cluster that look at work, move it, and end it with a place to go on from.

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JobSummary, WorkerView } from '@weirjs/common/job-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mountSmallDisk } from './small-disk.ts'
import { until, WeirKit } from './weir-kit.ts'

/** At 5,000 a second, so many that the job is still at work when a busy machine gets to the next command. */
const MANY = 75_000
const COUNTING = fileURLToPath(new URL('./jobs/count-lines.ts', import.meta.url))

test('a doctor says that a disk is nearly full', async () => {
  await using kit = WeirKit.empty()
  const disk = mountSmallDisk(8 * 1_024 ** 2)
  if (disk === null) return
  const ran = await kit.weir('doctor', '--data-dir', join(disk.directory, 'data'))
  disk.unmount()
  expect(ran.out).toMatch(/broken +disk: only \d.* free for .*\n +hint: make room/)
  expect(ran.code).toBe(1)
})

describe('a cluster with two TaskManagers', () => {
  let kit: WeirKit
  beforeAll(async () => {
    kit = await WeirKit.start({ taskManagers: 2, slots: 2 })
  })
  afterAll(() => kit[Symbol.asyncDispose]())

  const start = async (output: string, records: string): Promise<string> => {
    const args = ['--output', output, '--records', records, '--per-second', '5000', '-p', '2']
    const ran = await kit.weir('run', '-d', COUNTING, ...args)
    expect(ran.code, ran.err).toBe(0)
    return ran.out.trim()
  }
  const running = (id: string): Promise<unknown> =>
    until(
      () => kit.client.describe(id),
      (job) => job.state === 'RUNNING' && job.lastCheckpointId !== null,
    )

  test('work moves off a TaskManager that is drained, and nothing is lost', async () => {
    const id = await start('moved', `${MANY}`)
    await running(id)
    const [first] = await kit.client.workers()
    const name = (first as WorkerView).workerId
    const drained = await kit.weir('taskmanager', 'drain', name.slice(0, -4))
    expect(drained.err).toMatch(/checkpoint \d+ of count-lines completed/)
    expect(drained).toMatchObject({ code: 0, out: `${name} drained\n` })
    const described = await kit.json<object>('taskmanager', 'describe', name)
    expect(described).toMatchObject({ tasks: [], draining: true })
    expect((await kit.weir('taskmanager', 'list')).out).toMatch(/ 2 +drained /)
    const exceptions = await kit.weir('job', 'exceptions', id)
    expect(exceptions.out).toContain('is being drained [worker/drained]')
    expect((await kit.weir('job', 'wait', id)).code).toBe(0)
    expect(kit.rows(kit.path('moved'))).toHaveLength(MANY)
    expect((await kit.weir('taskmanager', 'drain', '--undo', name)).code).toBe(0)
  })

  test('a job that is stopped goes on from where it stood', async () => {
    const id = await start('stopped', `${MANY}`)
    await running(id)
    const stopped = await kit.json<{ path: string; state: JobSummary['state'] }>('job', 'stop', id)
    expect(stopped.state).toBe('CANCELED')
    expect((await kit.weir('job', 'stop', id)).code).toBe(5)
    const more = ['--output', 'stopped', '--records', `${MANY}`, '--per-second', '100000']
    const again = await kit.weir('run', COUNTING, ...more, '-s', stopped.path)
    expect(again.code, again.err).toBe(0)
    expect(kit.rows(kit.path('stopped'))).toHaveLength(MANY)
  })

  test('no output and no log tells a secret of a job', async () => {
    const canary = 'c4n4ry-on-a-cluster'
    const settings = ['-D', 'user.region=eu']
    const secret = ['-D', `user.db.password=${canary}`]
    const refused = await kit.weir('run', '-v', ...secret, COUNTING, '--output', 'quiet')
    expect(refused).toMatchObject({ code: 2 })
    expect(refused.err).toContain('[config/secret-setting]')
    const args = ['--output', 'quiet', '--records', '100', '--per-second', '1000']
    const ran = await kit.weir('run', '-v', ...settings, COUNTING, ...args)
    expect(ran.code, ran.err).toBe(0)
    const [job] = await kit.client.list()
    const id = job?.jobId ?? ''
    const described = await kit.weir('job', 'describe', id, '--json')
    expect(described.out).toContain('"user.region":"eu"')
    const more = [
      await kit.weir('job', 'describe', id, '-o', 'yaml'),
      await kit.weir('job', 'logs', id),
      await kit.weir('top', '--json'),
      await kit.weir('cluster', 'status', '--json'),
    ]
    const said = [refused, ran, described, ...more].map(({ out, err }) => out + err)
    expect([...said, kit.logs()].filter((text) => text.includes(canary))).toEqual([])
  })

  test('a doctor finds it healthy, and then the byte that was changed', async () => {
    expect(await kit.weir('doctor', '--deep')).toMatchObject({ code: 0, err: 'all is well\n' })
    const checkpoints = kit.path('.weir', 'cluster', 'checkpoints')
    const [state] = globSync('*/chk-*/*.state', { cwd: checkpoints })
    const path = join(checkpoints, state ?? '')
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    writeFileSync(path, bytes)
    const ran = await kit.weir('doctor')
    expect(ran.out).toContain(`broken   checkpoints: ${path}: its checksum does not fit`)
    expect(ran.code).toBe(1)
  })

  test('the cluster and its processes are looked at', async () => {
    const top = await kit.weir('top')
    expect(top.out).toMatch(/^weir \S+ at 127\.0\.0\.1:\d+ · 2 TaskManagers · 0 of 4 slots in use/)
    const logs = await kit.weir('cluster', 'logs', '-n', '1000', '--process', 'jobmanager')
    expect(logs.out).toContain('worker registered')
    expect((await kit.weir('cluster', 'logs', '--process', 'nobody')).code).toBe(4)
    const follow = kit.spawn('cluster', 'logs', '-f')
    await until(
      async () => follow.printed(),
      (printed) => printed !== '',
    )
    process.kill(follow.pid, 'SIGINT')
    expect((await follow.ended).code).toBe(130)
  })

  test('a context names it, for commands that are run elsewhere', async () => {
    await using elsewhere = WeirKit.empty()
    elsewhere.environment = { XDG_CONFIG_HOME: elsewhere.path('config') }
    expect((await elsewhere.weir('job', 'list')).code).toBe(3)
    const token = ['--token-file', kit.path('.weir', 'cluster', 'token')]
    const added = await elsewhere.weir('context', 'add', 'here', kit.address, '--use', ...token)
    expect(added.code, added.err).toBe(0)
    const ids = (await elsewhere.weir('job', 'list', '-o', 'name')).out.trim().split('\n')
    expect(ids).toEqual((await kit.client.list()).map(({ jobId }) => jobId))
    expect((await elsewhere.weir('job', 'list', '--cluster', 'her')).err).toMatch(
      /context "her" \[context\/not-found\]\nhint: Did you mean here\?/,
    )
  })
})
