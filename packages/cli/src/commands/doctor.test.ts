// weir doctor on a healthy installation and on broken ones. What it finds on a real cluster, see test/cluster.

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { sealJson } from '@weirjs/common/codec/envelope'
import { makeAuthority } from '@weirjs/common/tls/certificates.fixture'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clusterFilePath, writeClusterFile } from '../context.ts'
import { diskFinding, nodeFinding } from '../doctor/system-checks.ts'
import { testCli } from '../test-cli.fixture.ts'

const TOKEN = '0123456789abcdef'.repeat(4)
const ANY_PORTS = ['jobmanager.rpc.port=0', 'taskmanager.rpc.port=0', 'rest.port=0']
const FLAGS = ANY_PORTS.flatMap((define) => ['-D', define])
const JOB = '7f3a'.padEnd(32, '0')

let root = ''
let data = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-doctor-'))
  data = join(root, '.weir', 'cluster')
  mkdirSync(join(data, 'jobmanager'), { recursive: true, mode: 0o700 })
  mkdirSync(join(data, 'checkpoints'))
  writeFileSync(join(data, 'VERSION'), 'weir data directory 1\n')
  writeFileSync(join(data, 'token'), TOKEN, { mode: 0o600 })
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

interface Examined {
  readonly code: number
  /** Of everything that is not as it should be. */
  readonly findings: readonly { check: string; verdict: string; message: string; hint: string }[]
}

async function examine(...more: readonly string[]): Promise<Examined> {
  const { code, out } = await testCli(null, root).run('doctor', '--json', ...FLAGS, ...more)
  const { findings } = JSON.parse(out[0] ?? '') as Examined
  return { code, findings: findings.filter(({ verdict }) => verdict !== 'ok') }
}

/** A process that has been and is gone. */
const deadPid = (): number =>
  Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }))

describe('a healthy installation', () => {
  test('is well', async () => {
    expect(await examine()).toEqual({ code: 0, findings: [] })
    const { out, err } = await testCli(null, root).run('doctor', ...FLAGS)
    expect(out.every((line) => line.startsWith('ok '))).toBe(true)
    expect(err).toEqual(['all is well'])
  })

  test('is well before anything was started, too', async () => {
    rmSync(join(root, '.weir'), { recursive: true })
    expect(await examine()).toEqual({ code: 0, findings: [] })
  })
})

describe('a broken installation', () => {
  const one = (check: string, message: RegExp, hint: RegExp, verdict = 'broken'): object => ({
    code: verdict === 'broken' ? 1 : 0,
    findings: [
      {
        check,
        verdict,
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(hint) as string,
      },
    ],
  })

  test('has a Node that is too old', () => {
    expect(nodeFinding('22.22.1')).toMatchObject({ verdict: 'broken' })
    expect(nodeFinding('24.10.0')).toMatchObject({ verdict: 'broken' })
    expect(nodeFinding('24.11.0')).toMatchObject({ verdict: 'ok' })
    expect(nodeFinding('26.0.0')).toMatchObject({ verdict: 'ok' })
  })

  test('has a disk without room, or without inodes', () => {
    const roomy = { bavail: 2 ** 20, bsize: 4_096, files: 1_000, ffree: 500 }
    expect(diskFinding('/data', roomy)).toMatchObject({ verdict: 'ok' })
    expect(diskFinding('/data', { ...roomy, bavail: 100_000 })).toMatchObject({
      verdict: 'warning',
      hint: expect.stringMatching(/make room/) as string,
    })
    expect(diskFinding('/data', { ...roomy, bavail: 10 })).toMatchObject({ verdict: 'broken' })
    expect(diskFinding('/data', { ...roomy, ffree: 49 })).toMatchObject({
      verdict: 'warning',
      message: 'only 49 of 1,000 inodes free for /data',
      hint: expect.stringMatching(/inodes/) as string,
    })
    expect(diskFinding('/data', { ...roomy, ffree: 0 })).toMatchObject({ verdict: 'broken' })
    // Made as they are wanted.
    expect(diskFinding('/data', { ...roomy, files: 0, ffree: 0 })).toMatchObject({ verdict: 'ok' })
  })

  test('has a token that others may read', async () => {
    chmodSync(join(data, 'token'), 0o644)
    expect(await examine()).toEqual(one('token', /mode 644.*token-exposed/, /chmod 600/))
  })

  test('has a token that anybody can guess', async () => {
    writeFileSync(join(data, 'token'), 'secret')
    expect(await examine()).toEqual(one('token', /less than 256 bits/, /openssl/))
  })

  test.each(['jobmanager.rpc.port', 'health.port'])(
    'has a %s that somebody else has',
    async (key) => {
      const server = createServer()
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve)
      })
      const { port } = server.address() as { port: number }
      const examined = await examine('-D', `${key}=${port}`)
      server.close()
      expect(examined).toEqual(
        one('ports', new RegExp(`${key} ${port} .*EADDRINUSE`), /another port/),
      )
    },
  )

  test('has a data directory where none can be made', async () => {
    writeFileSync(join(root, 'file'), '')
    expect(await examine('--data-dir', join(root, 'file', 'data'))).toEqual(
      one('data directory', /cannot be made: .*file is not writable/, /data\.dir/),
    )
  })

  test.each([
    ['cannot be made', () => join(root, 'file', 'chk'), /cannot be made: .*file is not writable/],
    ['takes no files', () => '/proc', /\/proc cannot be used: /],
  ])('has a storage for checkpoints that %s', async (_what, directory, says) => {
    writeFileSync(join(root, 'file'), '')
    const examined = await examine('-D', `execution.checkpointing.dir=${directory()}`)
    const found = examined.findings.find(({ check }) => check === 'checkpoints')
    expect(found).toMatchObject({ verdict: 'broken', message: expect.stringMatching(says) })
    expect(found?.hint).toContain('execution.checkpointing.dir')
    expect(examined.code).toBe(1)
  })

  test('has the data directory of another release', async () => {
    writeFileSync(join(data, 'VERSION'), 'weir data directory 9\n')
    expect(await examine()).toEqual(one('data directory', /another release/, /Choose another/))
  })

  test('has a data directory whose version a power cut has emptied', async () => {
    writeFileSync(join(data, 'VERSION'), '')
    const warned = one('data directory', /VERSION is empty/, /next process .*writes it/, 'warning')
    expect(await examine()).toEqual(warned)
  })

  test('has the lock of a dead process', async () => {
    const pid = deadPid()
    writeFileSync(join(data, 'jobmanager', 'pid'), `${pid} 1 ${hostname()}\n`)
    const lock = one('lock', new RegExp(`left by pid ${pid}, which is gone`), /takes it/, 'warning')
    expect(await examine()).toEqual(lock)
    // It only looks.
    expect(readFileSync(join(data, 'jobmanager', 'pid'), 'utf8')).toContain(`${pid}`)
  })

  test('has a place for the output of jobs that is none', async () => {
    writeFileSync(join(data, 'output'), '')
    expect(await examine()).toEqual(one('output', /is no directory/, /jobs go on/, 'warning'))
    expect(await examine('-D', 'taskmanager.output.total-size=off')).toEqual({
      code: 0,
      findings: [],
    })
  })

  test('has a cluster whose processes died, and that does not answer', async () => {
    const pid = deadPid()
    const log = join(data, 'logs', 'jobmanager.log')
    writeClusterFile(clusterFilePath(root), {
      version: 1,
      address: '127.0.0.1:1',
      tokenFile: join(data, 'token'),
      dataDirectory: data,
      startedAtMs: 0,
      processes: [{ role: 'jobmanager', pid, birth: '1', log, args: [] }],
    })
    const { code, findings } = await examine()
    expect(code).toBe(1)
    expect(findings.map(({ check, verdict }) => [check, verdict])).toEqual([
      ['processes', 'warning'],
      ['cluster', 'broken'],
    ])
    expect(findings[0]?.message).toContain(`jobmanager ${pid}`)
    expect(findings[1]?.message).toContain('[rpc/unavailable]')
  })

  test('has a manifest that was changed, and a state file that is gone', async () => {
    const checkpoint = join(data, 'checkpoints', JOB, 'chk-1')
    mkdirSync(checkpoint, { recursive: true })
    const file = { path: 'chk-1/v0-0-1-1.state', bytes: 3, sha256: '0'.repeat(64) }
    const manifest = Buffer.from(sealJson('manifest', 1, { tasks: [{ snapshot: { file } }] }))
    writeFileSync(join(checkpoint, 'manifest'), manifest)
    expect((await examine()).findings[0]?.message).toMatch(/v0-0-1-1\.state: 7f3a\d+ has lost it/)
    writeFileSync(join(checkpoint, 'v0-0-1-1.state'), 'ab')
    expect((await examine()).findings[0]?.message).toMatch(/2 bytes instead of 3/)
    writeFileSync(join(checkpoint, 'v0-0-1-1.state'), 'abc')
    expect((await examine()).findings[0]?.message).toMatch(/checksum does not fit/)
    manifest[60] = (manifest[60] ?? 0) ^ 1
    writeFileSync(join(checkpoint, 'manifest'), manifest)
    expect(await examine()).toEqual(one('checkpoints', /manifest.*checksum/, /-s PATH/))
  })

  test('has a setting that nobody understands', async () => {
    expect(await examine('-D', 'heartbeat.intervall=1s')).toEqual(
      one('configuration', /heartbeat\.intervall.*unknown-key/, /heartbeat\.interval/),
    )
  })
})

describe('certificates', () => {
  test('are looked for where --tls-dir says', async () => {
    const { code, findings } = await examine('--tls-dir', 'nowhere')
    expect(code).toBe(1)
    expect(findings).toMatchObject([
      { check: 'certificates', message: `there are none in ${join(root, 'nowhere')}` },
    ])
  })

  const make = (...more: readonly string[]) =>
    testCli(null, root).run('certs', 'create', '--dir', join(root, 'tls'), ...more)
  const TLS = ['-D', 'security.ssl.internal.enabled=true'] as const
  const examineTls = (): Promise<Examined> =>
    examine(...TLS, '-D', `security.ssl.directory=${join(root, 'tls')}`)

  test('are well for a year', async () => {
    await make()
    expect(await examineTls()).toEqual({ code: 0, findings: [] })
  })

  test('are missed where TLS is set up and nothing is there', async () => {
    const { code, findings } = await examineTls()
    expect(code).toBe(1)
    expect(findings).toMatchObject([
      { check: 'certificates', verdict: 'broken', hint: expect.stringContaining('certs create') },
    ])
  })

  test('are told of a month before they end', async () => {
    await make('--days', '20')
    const { code, findings } = await examineTls()
    expect(code).toBe(0)
    expect(findings).toHaveLength(3)
    expect(findings[0]).toMatchObject({
      verdict: 'warning',
      message: expect.stringContaining('in 20 days'),
    })
  })

  test('are told of when others may read a key, and when one is not of its authority', async () => {
    await make()
    chmodSync(join(root, 'tls', 'client.key'), 0o644)
    writeFileSync(join(root, 'tls', 'ca.crt'), makeAuthority().certificate)
    const { code, findings } = await examineTls()
    expect(code).toBe(1)
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /jobmanager\.crt was not signed by an authority .*\[config\/tls-mismatch\]/,
      ),
      expect.stringMatching(/taskmanager\.crt was not signed by/),
      expect.stringMatching(
        /client\.key may be read by others \(mode 644\) \[config\/key-exposed\]/,
      ),
    ])
  })
})
