// What the command line answers when things are not as they should be: one line, a code, a hint, an exit code.

import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isAlive, kill9, lifeOf } from '../processes/src/proc.ts'
import { EXAMPLES, until, WeirKit } from './weir-kit.ts'

const WORDCOUNT = join(EXAMPLES, 'wordcount.ts')
const COUNTING = fileURLToPath(new URL('./jobs/count-lines.ts', import.meta.url))
const MISBEHAVING = fileURLToPath(new URL('./jobs/misbehaving.ts', import.meta.url))

interface Started {
  readonly clusterFile: string
  readonly dataDirectory: string
  readonly processes: readonly { readonly pid: number; readonly args: readonly string[] }[]
}

const argsOf = ({ processes }: Started): readonly (readonly string[])[] =>
  processes.map(({ args }) => args)

async function kill(processes: Started['processes']): Promise<void> {
  const lives = processes.flatMap(({ pid }) => lifeOf(pid) ?? [])
  expect(lives).toHaveLength(processes.length)
  for (const life of lives) kill9(life)
  await until(
    async () => lives.filter(isAlive),
    (left) => left.length === 0,
  )
}

describe('without a cluster', () => {
  test.each([
    [['job', 'list'], 3, /no cluster is known here \[cli\/no-cluster\]/],
    [['cluster', 'stop'], 4, /no cluster was started here/],
    [['job', 'list', '--cluster', '127.0.0.1:1', '--token-file', 'token'], 2, /token-missing/],
    [['cluster', 'start', '--port', 'x'], 2, /--port is "x"/],
    [['cluster', 'start', '--slots', '0'], 2, /--slots is "0"/],
    [['cluster', 'start', '--data-dir', 'file'], 2, /cannot write to .*file/],
    [['taskmanager', '-D', 'taskmanager.numberOfTaskSlot=2'], 2, /Did you mean/],
    [['taskmanager', '-D', 'heartbeat.interval=soon'], 2, /heartbeat\.interval is "soon"/],
    [['jobmanager', '--config', 'nowhere.yaml'], 2, /nowhere\.yaml cannot be read/],
  ])('weir %j', async (argv, code, message) => {
    await using kit = WeirKit.empty()
    writeFileSync(kit.path('file'), '')
    const ran = await kit.weir(...argv)
    expect(ran.err).toMatch(message)
    expect(ran.err).not.toContain('    at ')
    expect(ran).toMatchObject({ code, out: '' })
  })

  test.each([
    [['-D', 'heartbeat.intervall=3s'], {}, /"heartbeat\.intervall" \(flag -D\)/],
    [['--config', 'weir.yaml'], {}, /"heartbeat\.intervall" \(file .*weir\.yaml:2\)/],
    [[], { WEIR_HEARTBEAT_INTERVALL: '3s' }, /environment WEIR_HEARTBEAT_INTERVALL/],
    [['--config', 'directory'], {}, /configuration file .*directory cannot be read/],
    [['--config', 'broken.yaml'], {}, /broken\.yaml/],
  ])(
    'a setting that is wrong is refused before anything is started: %j %j',
    async (flags, env, says) => {
      await using kit = WeirKit.empty()
      kit.environment = env
      writeFileSync(kit.path('weir.yaml'), 'heartbeat:\n  intervall: 3s\n')
      writeFileSync(kit.path('broken.yaml'), 'heartbeat: [\n')
      mkdirSync(kit.path('directory'))
      const ran = await kit.weir('cluster', 'start', ...flags)
      expect(ran.err).toMatch(/^error: /)
      expect(ran.err).toMatch(says)
      expect(ran.err).toMatch(/\[config\/(unknown-key|bad-file)\]/)
      if (ran.err.includes('unknown-key'))
        expect(ran.err).toMatch(/hint: Did you mean .*interval"\?/i)
      expect(ran).toMatchObject({ code: 2, out: '' })
      expect(existsSync(kit.path('.weir'))).toBe(false)
    },
  )

  test('a port in use is named, before anything is started', async () => {
    await using kit = WeirKit.empty()
    const server = createServer()
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
    const ran = await kit.weir('cluster', 'start', '--port', `${port}`)
    server.close()
    expect(ran.err).toMatch(new RegExp(`port ${port} .*\\[net/port-in-use\\]`))
    expect(ran.code).toBe(5)
  })

  test('cluster start takes port, slots and place from settings, too', async () => {
    await using kit = WeirKit.empty()
    const settings = ['jobmanager.rpc.port=0', 'taskmanager.numberOfTaskSlots=3', 'data.dir=mine']
    const ran = await kit.weir('cluster', 'start', ...settings.flatMap((one) => ['-D', one]))
    expect(ran.code, ran.err).toBe(0)
    const { address, cluster } = await kit.json<{
      address: string
      cluster: { slots: number; checkpointDirectory: string }
    }>('cluster', 'status')
    await kit.weir('cluster', 'stop')
    expect(address).not.toBe('127.0.0.1:6123')
    expect(cluster.slots).toBe(3)
    expect(cluster.checkpointDirectory).toBe(kit.path('mine', 'checkpoints'))
  })

  test('a cluster goes on as it was started: from a directory below, and when all of it is dead', async () => {
    await using kit = WeirKit.empty()
    mkdirSync(kit.path('below'))
    const flags = ['--slots', '1', '--data-dir', 'mine', '-D', 'heartbeat.interval=250ms']
    const first = await kit.json<Started>('cluster', 'start', '--port', '0', ...flags)
    kit.below = 'below'
    await kill(first.processes.slice(0, 1))
    const healed = await kit.json<Started>('cluster', 'start')
    expect(healed.processes.slice(1)).toEqual(first.processes.slice(1))
    await kill(healed.processes)
    const again = await kit.json<Started>('cluster', 'start')
    expect(again.clusterFile).toBe(kit.path('.weir', 'cluster.json'))
    expect(again.dataDirectory).toBe(kit.path('mine'))
    expect(argsOf(again)).toEqual(argsOf(first))
    expect(existsSync(kit.path('below', '.weir'))).toBe(false)
  })

  test('weir dev runs a job without one', async () => {
    await using kit = WeirKit.empty()
    writeFileSync(kit.path('in.txt'), 'to be or not to be\n')
    const ran = await kit.weir('dev', WORDCOUNT, '--input', 'in.txt', '--output', 'out')
    expect(ran.code, ran.err).toBe(0)
    const rows = kit.rows<{ word: string; count: number }>(kit.path('out'))
    expect(Object.fromEntries(rows.map(({ word, count }) => [word, count]))).toEqual({
      to: 2,
      be: 2,
      or: 1,
      not: 1,
    })
  })
})

test('weir dev ends its job properly when it gets SIGTERM, and says where its state is', async () => {
  await using kit = WeirKit.empty()
  const often = ['-D', 'execution.checkpointing.interval=100ms']
  const dev = kit.spawn('dev', MISBEHAVING, '--how', 'nothing', ...often)
  await until(
    async () => globSync('.weir/dev/run-*/checkpoints/*/chk-*/manifest', { cwd: kit.path() }),
    (manifests) => manifests.length > 0,
  )
  process.kill(dev.pid, 'SIGTERM')
  const { code, err } = await dev.ended
  expect(err).toContain('ended by SIGTERM')
  expect(err).toContain('CANCELED')
  expect(err).toMatch(/checkpoints are kept in .*run-/)
  expect(code).toBe(130)
})

describe('on a cluster', () => {
  let kit: WeirKit
  beforeAll(async () => {
    kit = await WeirKit.start({ taskManagers: 1, slots: 2 })
    mkdirSync(kit.path('empty'))
  })
  afterAll(() => kit[Symbol.asyncDispose]())

  const NO_RESTART = ['-D', 'restart-strategy.type=none']

  test('an input that is not there fails the job, by name', async () => {
    const ran = await kit.weir(
      'run',
      WORDCOUNT,
      '--input',
      'nowhere',
      '--output',
      'a',
      ...NO_RESTART,
    )
    expect(ran.err).toMatch(/error: .*there is no .*nowhere.*\[files\/not-found\]/)
    expect(ran.code).toBe(1)
  })

  test('an empty input is refused, and how to allow it is said', async () => {
    const ran = await kit.weir('run', WORDCOUNT, '--input', 'empty', '--output', 'b', ...NO_RESTART)
    expect(ran.err).toMatch(/no file to read in .*empty.*\[files\/empty-input\]/)
    expect(ran.err).toContain('allowEmpty')
    expect(ran.code).toBe(1)
  })

  test.each([
    [['job', 'describe', 'ffff'], 4, /job\/not-found/],
    [['job', 'cancel', 'ffff'], 4, /job\/not-found/],
    [['run', WORDCOUNT, '--input', 'empty', '--output', 'c', '-s', 'nowhere'], 4, /nowhere/],
    [['run', WORDCOUNT, '--input', 'empty', '--output', 'c', '-p', 'two'], 2, /parallelism/],
    [['run', WORDCOUNT, '--input', 'empty'], 2, /argument --output is missing/],
    [['run', 'nowhere.ts'], 2, /there is no job file nowhere\.ts/],
  ])('weir %j', async (argv, code, message) => {
    const ran = await kit.weir(...argv)
    expect(ran.err).toMatch(message)
    expect(ran.code).toBe(code)
  })

  test.each([
    ['jobmanager', '--port'],
    ['taskmanager', '-D'],
  ])('weir %s names a port that is taken', async (role, flag) => {
    const { port } = new URL(`http://${kit.address}`)
    const said = flag === '-D' ? `taskmanager.rpc.port=${port}` : port
    const place = ['--data-dir', role === 'taskmanager' ? join('.weir', 'cluster') : 'another']
    const ran = await kit.weir(role, flag, said, ...place)
    expect(ran.err).toMatch(new RegExp(`error: port ${port} .* in use \\[net/port-in-use\\]`))
    expect(ran.err).toMatch(/hint: .*(jobmanager|taskmanager)\.rpc\.port/)
    expect(ran.code).toBe(5)
  })

  test('a data directory in use is refused, and by whom it is used', async () => {
    const ran = await kit.weir('jobmanager', '--port', '0', '--data-dir', join('.weir', 'cluster'))
    const { pid } = await kit.client.cluster()
    expect(ran.err).toMatch(new RegExp(`pid ${pid} uses .*\\[config/data-directory-in-use\\]`))
    expect(ran.code).toBe(5)
  })

  test('a second cluster in the same place is refused', async () => {
    const ran = await kit.weir('cluster', 'start')
    expect(ran.err).toContain('[cli/already-running]')
    expect(ran.code).toBe(5)
  })

  test('a cluster heals, and who follows a job outlives the JobManager', async () => {
    const args = ['--output', 'd', '--records', '75000', '--per-second', '5000', '-p', '2']
    const run = kit.spawn('run', COUNTING, ...args)
    await until(
      () => kit.client.list(),
      (jobs) => jobs.some((one) => one.state === 'RUNNING' && one.lastCheckpointId !== null),
    )
    process.kill((await kit.client.cluster()).pid, 'SIGKILL')
    const healed = await kit.weir('cluster', 'start')
    expect(healed.err).toMatch(/restarted: jobmanager \d+/)
    const { code, err } = await run.ended
    expect(err).toContain('lost the JobManager; waiting for it')
    expect(err).toContain('FINISHED')
    expect(code).toBe(0)
    expect(kit.rows(kit.path('d'))).toHaveLength(75_000)
  })
})
