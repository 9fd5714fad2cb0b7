// What the code of a job can do on its machine, tried out by a job: as the user of its TaskManager, and as one of its own.
// docs/operations/isolation.md has the table; it must say what happens here. Needs root, which alone may start processes
// of others.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobFile } from './good-neighbour.ts'
import { until, WeirKit } from './weir-kit.ts'

const PAGE = fileURLToPath(new URL('../../docs/operations/isolation.md', import.meta.url))
const WEIR = fileURLToPath(new URL('../../weir', import.meta.url))
/** Of the same sort as that of clouds, which must go on answering where this runs in one. */
const METADATA = '169.254.17.17'
const USER = { uid: 20_017, gid: 20_018 }
const SLOTS = 3

const canTry = process.getuid?.() === 0 && hasIp() && isOpen(PAGE)
if (!canTry)
  console.warn(
    'SKIPPED: what a job may reach is tried as root, with the command ip, in a checkout that other users can read',
  )

/** Not below a home directory, say. */
function isOpen(path: string): boolean {
  const reads = `require('node:fs').readFileSync(${JSON.stringify(path)})`
  return spawnSync(process.execPath, ['-e', reads], USER).status === 0
}

function hasIp(): boolean {
  try {
    execFileSync('ip', ['-V'])
    return true
  } catch {
    return false // it is not installed
  }
}

const ip = (...args: readonly string[]): Buffer => execFileSync('ip', args)

/** The service that clouds have at this address. */
async function serveMetadata(): Promise<Server> {
  ip('address', 'replace', `${METADATA}/32`, 'dev', 'lo')
  const server = createServer((_request, response) => response.end('role'))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(80, METADATA, resolve)
  })
  return server
}

/** What the job has tried, and whether it could. */
type Tried = readonly [what: string, could: string, why?: string]

/** A cluster in a directory that every user can pass through, one TaskManager, jobs of `user`. */
async function startCluster(kit: WeirKit, user: string): Promise<void> {
  chmodSync(kit.directory, 0o711)
  mkdirSync(kit.path('.weir'), { mode: 0o711 })
  mkdirSync(kit.path('secrets'), { mode: 0o700 })
  writeFileSync(kit.path('secrets', 'db-password'), 'tr0ub4dor', { mode: 0o600 })
  mkdirSync(kit.path('out'))
  chownSync(kit.path('out'), USER.uid, USER.gid)
  kit.environment = { PRIED_FOR: 'this' }
  const defines = [
    `taskmanager.job-process.user=${user}`,
    // Else who kills the processes of this user may meet one that is about to be the next of its job.
    'taskmanager.job-process.prepared=false',
    `taskmanager.secrets.directory=${kit.path('secrets')}`,
  ]
  await kit.startCluster({ taskManagers: 1, slots: SLOTS, defines })
}

async function hasCheckpoint(kit: WeirKit, job: string): Promise<void> {
  await until(
    () => kit.client.checkpoints(job),
    (checkpoints) => checkpoints.some(({ state }) => state === 'COMPLETED'),
  )
}

async function runPrying(kit: WeirKit): Promise<readonly Tried[]> {
  const endless = ['--output', 'out', '--records', '100000000', '--perSecond', '200']
  const other = await kit.json<{ jobId: string }>('run', '-d', jobFile('tally.ts'), ...endless)
  await hasCheckpoint(kit, other.jobId)
  const { page } = await kit.json<{ page: string }>('cluster', 'status')
  const places = {
    token: kit.path('.weir', 'cluster', 'token'),
    secret: kit.path('secrets', 'db-password'),
    checkpoints: kit.path('.weir', 'cluster', 'checkpoints'),
    other: other.jobId,
    rest: new URL(page).origin,
    metadata: `http://${METADATA}/latest/meta-data`,
  }
  const flags = Object.entries(places).flatMap(([name, value]) => [`--${name}`, value])
  const { jobId } = await kit.json<{ jobId: string }>('run', '-d', jobFile('prying.ts'), ...flags)
  const { out } = await until(
    () => kit.weir('job', 'logs', jobId),
    ({ out: said }) => said.includes('tried all'),
  )
  return out
    .split('\n')
    .flatMap((line) => /tried: (\[.*\])/.exec(line)?.[1] ?? [])
    .map((text) => JSON.parse(text) as Tried)
}

describe.runIf(canTry)('what the code of a job can do', () => {
  let metadata: Server | undefined
  beforeAll(async () => {
    metadata = await serveMetadata()
  })
  afterAll(async () => {
    metadata?.close()
    ip('address', 'del', `${METADATA}/32`, 'dev', 'lo')
  })

  async function tryAs(user: string): Promise<readonly Tried[]> {
    await using kit = WeirKit.empty()
    await startCluster(kit, user)
    return await runPrying(kit)
  }

  test('is what the table says', async () => {
    const own = await tryAs('own')
    const another = await tryAs(`${USER.uid}:${USER.gid}`)
    const measured = own.map(([what, could], i) => [what, could, another[i]?.[1]])
    const unasked = another.find(([what]) => what === 'asks the JobManager without a token')
    expect(unasked?.[2]).toMatch(/401/)
    expect(measured, JSON.stringify(another)).toEqual(tableOf(readFileSync(PAGE, 'utf8')))
  })
})

describe.runIf(canTry)('a job of a user of its own', () => {
  test('is restored when its process was killed, and by a job that takes over its state', async () => {
    await using kit = WeirKit.empty()
    await startCluster(kit, `${USER.uid}:${USER.gid}`)
    const tally = [jobFile('tally.ts'), '--output', 'out', '--records', '120000']
    const restarts = ['-D', 'restart-strategy.type=fixed-delay']
    const { jobId } = await kit.json<{ jobId: string }>('run', '-d', ...restarts, ...tally)
    await hasCheckpoint(kit, jobId)
    for (const pid of processesOf(USER.uid)) process.kill(pid, 'SIGKILL')
    await until(
      () => kit.client.describe(jobId),
      ({ state, restarts: count }) => state === 'RUNNING' && count === 1,
    )
    const { path } = await kit.json<{ path: string }>('job', 'stop', jobId)
    const { state } = await kit.json<{ state: string }>(
      'run',
      '--from',
      path,
      ...tally,
      '--perSecond',
      '100000',
    )
    expect(state).toBe('FINISHED')
    const rows = kit.rows<{ count: number }>(kit.path('out'))
    expect(rows.map(({ count }) => count)).toEqual(Array.from({ length: 20 }, () => 6_000))
    expect(readdirSync(kit.path('out')).map((name) => statSync(kit.path('out', name)).uid)).toEqual(
      readdirSync(kit.path('out')).map(() => USER.uid),
    )
  })

  test('takes a TaskManager that runs as root', async () => {
    await using kit = WeirKit.empty()
    await startCluster(kit, 'own')
    const { uid, gid } = USER
    const flags = [
      '--data-dir',
      kit.path('out', 'data'),
      '-D',
      `taskmanager.job-process.user=${uid}`,
    ]
    const token = kit.path('out', 'token')
    writeFileSync(token, readFileSync(kit.path('.weir', 'cluster', 'token')), { mode: 0o600 })
    chownSync(token, uid, gid)
    const ran = spawnSync(
      WEIR,
      ['taskmanager', '--jobmanager', kit.address, '--token-file', token, ...flags],
      { ...USER, encoding: 'utf8', timeout: 60_000 },
    )
    expect(ran).toMatchObject({ status: 2 })
    expect(ran.stderr).toMatch(
      /does not run as root.*\[config\/bad-value\]\nhint: Start it as root/,
    )
  })

  test('is not started when that user cannot reach what it needs: the place and the way out are named', async () => {
    await using kit = WeirKit.empty()
    await expect(startClosed(kit)).rejects.toThrow(
      /taskmanager\.job-process\.user: 20017:20018 cannot pass .*\/\.weir \(EACCES\)[^]*chmod o\+x/,
    )
  })
})

function startClosed(kit: WeirKit): Promise<void> {
  chmodSync(kit.directory, 0o711)
  mkdirSync(kit.path('.weir'), { mode: 0o700 })
  const defines = [`taskmanager.job-process.user=${USER.uid}:${USER.gid}`]
  return kit.startCluster({ taskManagers: 1, slots: SLOTS, defines })
}

function processesOf(uid: number): readonly number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(
      (pid) =>
        Number.isInteger(pid) && statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === uid,
    )
}

/** The rows below `| the code of a job |`. */
function tableOf(page: string): readonly (readonly string[])[] {
  const [, table = ''] = page.split(/^\| the code of a job .*\n\|[-| ]+\n/m)
  const [rows = ''] = table.split('\n\n')
  return rows
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}
