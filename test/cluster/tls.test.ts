// A cluster whose connections are all encrypted, made and used by commands alone: results stay exact over a kill and over
// new certificates, and whoever has none is told so.

import { spawn } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { CommittedOutput, readRows } from '../processes/src/committed-output.ts'
import { submitCounting } from '../processes/src/counting-run.ts'
import { ProcessCluster } from '../processes/src/process-cluster.ts'
import { until } from '../processes/src/until.ts'
import { EXAMPLES, type Ran, WeirKit } from './weir-kit.ts'

const WEIR = fileURLToPath(new URL('../../weir', import.meta.url))
/** Only ends what hangs. */
const WITHIN = { withinMs: 100_000 }

/** `weir certs create` in a directory of the kit; answers its path. */
async function certificates(
  kit: WeirKit,
  name: string,
  ...more: readonly string[]
): Promise<string> {
  const directory = kit.path(name)
  const { code, err } = await kit.weir('certs', 'create', '--dir', directory, ...more)
  expect(code, err).toBe(0)
  return directory
}

test('a cluster with TLS is one command, counts exactly, and is closed to who has no certificate', async () => {
  await using kit = WeirKit.empty()
  const sizes = ['--port', '0', '--taskmanagers', '2', '--slots', '1']
  const started = await kit.weir('cluster', 'start', '--tls', ...sizes)
  expect(started, started.err).toMatchObject({ code: 0 })
  expect(started.err).toContain('certificates made in ')

  mkdirSync(kit.path('in'))
  const lines = Array.from({ length: 5_000 }, (_, i) => `word${i % 500} other${i % 7}`)
  writeFileSync(kit.path('in', 'a.txt'), `${lines.join('\n')}\n`)
  const job = ['run', join(EXAMPLES, 'wordcount.ts'), '--input', 'in', '--output', 'out', '-p', '2']
  const run = await kit.weir(...job)
  expect(run, kit.logs()).toMatchObject({ code: 0 })
  const rows = kit.rows<{ word: string; count: number }>(kit.path('out'))
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(10_000)
  expect(rows).toHaveLength(507)

  const token = kit.path('.weir', 'cluster', 'token')
  const tls = kit.path('.weir', 'cluster', 'tls')
  // Where no cluster file lends its certificates.
  await using elsewhere = WeirKit.empty()
  const ask = (...more: readonly string[]): Promise<Ran> =>
    elsewhere.weir('job', 'list', '--cluster', kit.address, '--token-file', token, ...more)
  expect((await ask('--tls-dir', tls)).code).toBe(0)
  const plain = await ask()
  expect(plain).toMatchObject({ code: 2, out: '' })
  expect(plain.err).toMatch(
    /^error: 127\.0\.0\.1:\d+ wants TLS, and here none is set up \[tls\/required\]\n/,
  )
  // Its own authority, but one that believes the cluster's.
  const other = await certificates(kit, 'other')
  const trusting = [join(tls, 'ca.crt'), join(other, 'ca.crt')].map((one) =>
    readFileSync(one, 'utf8'),
  )
  writeFileSync(join(other, 'ca.crt'), trusting.join(''))
  const stranger = await ask('--tls-dir', other)
  expect(stranger).toMatchObject({ code: 2, out: '' })
  expect(stranger.err).toContain('[tls/not-accepted]')
  const worker = kit.path('worker')
  mkdirSync(worker)
  copyFileSync(join(tls, 'ca.crt'), join(worker, 'ca.crt'))
  for (const end of ['crt', 'key'])
    copyFileSync(join(tls, `taskmanager.${end}`), join(worker, `client.${end}`))
  expect((await ask('--tls-dir', worker)).err).toContain('[config/tls-wrong-role]')
  expect(kit.logs()).toContain('"code":"tls/untrusted"')
  expect(kit.logs()).toContain('"code":"tls/plaintext"')
})

test('new certificates under load restart nothing; a killed TaskManager is replaced under them; the result is exact', async () => {
  await using kit = WeirKit.empty()
  const tls = await certificates(kit, 'tls')
  cpSync(tls, kit.path('next'), { recursive: true })
  const next = await certificates(kit, 'next', '--force')
  await using cluster = await ProcessCluster.start({
    taskManagers: 3,
    slots: 2,
    tlsDirectory: tls,
    defines: ['security.ssl.reload-interval=200ms', 'heartbeat.timeout=60s'],
  })
  const [records, keys] = [30_000, 97]
  const id = await submitCounting(cluster, { records, perSecond: 2_000, keys, parallelism: 4 })
  const output = new CommittedOutput({ directory: cluster.path('out'), records, keys })
  await until('output', WITHIN, async () => {
    output.look()
    return output.newestLife.attempt > 0 ? true : null
  })
  const logged = (event: string): number =>
    cluster.processes.filter(({ log }) => readFileSync(log, 'utf8').includes(event)).length

  // One file after the other, as a copy does it.
  for (const name of readdirSync(next)) copyFileSync(join(next, name), join(tls, name))
  await until('renewal everywhere', WITHIN, async () =>
    logged('new certificates are in use') === cluster.processes.length ? true : null,
  )
  const anew = cluster.connect()
  expect(await anew.client.describe(id)).toMatchObject({ state: 'RUNNING', restarts: 0 })
  anew.close()

  const { taskViews } = await cluster.client.describe(id)
  const busy = new Set(taskViews.map(({ worker }) => worker))
  const workers = await cluster.client.workers()
  const pid = workers.find(({ workerId }) => busy.has(workerId))?.pid
  const victim = cluster.taskManagers.find((one) => one.pid === pid)
  if (victim === undefined) throw new Error('no TaskManager is busy')
  expect(await cluster.killWithOrphans(victim)).toEqual([])
  await cluster.json('job', 'wait', id, '--timeout', '60s')
  expect(output.judge()).toEqual([])
  expect(readRows(cluster.path('alerts'))).toEqual([])
  expect(await cluster.json('job', 'describe', id)).toMatchObject({
    state: 'FINISHED',
    restarts: 1,
  })
  expect(cluster.surprises()).toEqual([])
})

// ---- S1: who may listen where ----

interface Start {
  readonly bind: '127.0.0.1' | '0.0.0.0'
  readonly tls: 'off' | 'on' | 'without files'
  readonly insecure: boolean
}

const STARTS: readonly Start[] = (['127.0.0.1', '0.0.0.0'] as const).flatMap((bind) =>
  (['off', 'on', 'without files'] as const).flatMap((tls) =>
    [false, true].map((insecure) => ({ bind, tls, insecure })),
  ),
)

function expected({ bind, tls, insecure }: Start): string {
  if (bind === '0.0.0.0' && tls === 'off')
    return insecure ? 'starts, with a warning' : 'config/insecure-bind'
  return tls === 'without files' ? 'config/tls-file-missing' : 'starts'
}

function jobManager(
  kit: WeirKit,
  data: string,
  flags: readonly string[],
  keys: Readonly<Record<string, string | number | boolean>>,
): readonly string[] {
  const defines = Object.entries(keys).flatMap(([key, value]) => ['-D', `${key}=${value}`])
  return ['jobmanager', '--port', '0', '--data-dir', kit.path(data), ...flags, ...defines]
}

/** What became of it: that it listens, or the code that it was refused with. */
function outcome(kit: WeirKit, args: readonly string[]): Promise<string> {
  const child = spawn(WEIR, args, { cwd: kit.directory, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  const read = (chunk: Buffer): void => {
    text += chunk.toString()
    if (text.includes('JobManager started')) child.kill('SIGTERM')
  }
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      const [, refusal] = /\[([\w-]+\/[\w-]+)\]/.exec(text) ?? []
      const warned = text.includes('as security.insecure allows') ? ', with a warning' : ''
      if (code === 2 && refusal !== undefined) resolve(refusal)
      else resolve(text.includes('JobManager started') ? `starts${warned}` : `${code}: ${text}`)
    })
  })
}

test('the start matrix: other addresses need TLS, or somebody who vouches for the network', async () => {
  await using kit = WeirKit.empty()
  const tls = await certificates(kit, 'tls')
  const argsOf = ({ bind, tls: kind, insecure }: Start, i: number): readonly string[] =>
    jobManager(kit, `data-${i}`, ['--bind', bind, ...(insecure ? ['--insecure'] : [])], {
      'rest.port': 'off',
      'security.ssl.internal.enabled': kind !== 'off',
      'security.ssl.directory': kind === 'on' ? tls : kit.path('nowhere'),
    })
  const found: Record<string, string> = {}
  const wanted: Record<string, string> = {}
  for (const [i, start] of STARTS.entries()) {
    const name = JSON.stringify(start)
    wanted[name] = expected(start)
    found[name] = await outcome(kit, argsOf(start, i))
  }
  expect(found).toEqual(wanted)
  expect(STARTS).toHaveLength(12)
})

test('the page on other addresses needs HTTPS of its own', async () => {
  await using kit = WeirKit.empty()
  const tls = await certificates(kit, 'tls')
  const args = (rest: boolean): readonly string[] =>
    jobManager(kit, `data-${rest}`, [], {
      'rest.port': 0,
      'rest.bind-address': '0.0.0.0',
      'security.ssl.internal.enabled': true,
      'security.ssl.directory': tls,
      'security.ssl.rest.enabled': rest,
    })
  expect(await outcome(kit, args(false))).toBe('config/insecure-bind')
  expect(await outcome(kit, args(true))).toBe('starts')
})
