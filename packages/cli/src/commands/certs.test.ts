import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { filesIn, readCredentials } from '@weirjs/common/tls/identity'
import { makeCertificate } from '@weirjs/common/tls/make-certificate'
import { ROLES } from '@weirjs/common/tls/roles'
import { testCli, type TestRun } from '../test-cli.fixture.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'weir-certs-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const certs = (...argv: readonly string[]): Promise<TestRun> =>
  testCli(null, root).run('certs', ...argv)
const text = (name: string): string => readFileSync(join(root, 'tls', name), 'utf8')

interface Shown {
  readonly certificates: readonly { role: string | null; names: readonly string[] }[]
}

describe('weir certs create', () => {
  it('makes what processes and clients take, with keys that nobody else can read', async () => {
    expect((await certs('create', '--dir', 'tls', '--hosts', 'jm.lan,10.0.0.5')).code).toBe(0)
    for (const role of ROLES) {
      const files = filesIn(join(root, 'tls'), role)
      expect(() => readCredentials(files, role, Date.now())).not.toThrow()
    }
    const modes = readdirSync(join(root, 'tls')).map((name) => {
      const mode = statSync(join(root, 'tls', name)).mode & 0o777
      return `${name} ${mode.toString(8)}`
    })
    expect(
      modes.filter((line) => line.includes('.key')).every((line) => line.endsWith(' 600')),
    ).toBe(true)
    expect(modes).toHaveLength(8)
  })

  it('overwrites nothing; --force renews certificates of the same authority', async () => {
    await certs('create', '--dir', 'tls')
    const before = [text('ca.crt'), text('client.crt')]
    const again = await certs('create', '--dir', 'tls')
    expect(again).toMatchObject({
      code: 1,
      err: [expect.stringContaining('[certs/exists]'), expect.anything()],
    })
    expect([text('ca.crt'), text('client.crt')]).toEqual(before)
    expect((await certs('create', '--dir', 'tls', '--force')).code).toBe(0)
    expect(text('ca.crt')).toBe(before[0])
    expect(text('client.crt')).not.toBe(before[1])
    expect(() =>
      readCredentials(filesIn(join(root, 'tls'), 'client'), 'client', Date.now()),
    ).not.toThrow()
  })

  it('overwrites no key whose certificate is not there', async () => {
    await certs('create', '--dir', 'tls')
    const before = [text('ca.key'), text('client.key')]
    for (const role of ROLES) rmSync(join(root, 'tls', `${role}.crt`))
    expect((await certs('create', '--dir', 'tls')).err[0]).toContain('[certs/exists]')
    rmSync(join(root, 'tls', 'ca.crt'))
    const again = await certs('create', '--dir', 'tls', '--force')
    expect(again.err[0]).toContain('[certs/no-authority]')
    expect([text('ca.key'), text('client.key')]).toEqual(before)
  })

  const DAY_MS = 24 * 3_600_000

  /** An authority of somebody else. */
  function bring(more: { days?: number; isRsa?: boolean; isLeaf?: boolean; otherKey?: boolean }) {
    const pair = () =>
      more.isRsa === true
        ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { privateKey, publicKey } = pair()
    const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const commonName = 'somebody'
    const certificate = makeCertificate(
      {
        commonName,
        hosts: [],
        uris: [],
        notBeforeMs: Date.now() - DAY_MS * 10,
        notAfterMs: Date.now() + DAY_MS * (more.days ?? 5),
        use: more.isLeaf === true ? 'both' : 'authority',
      },
      publicKey,
      { commonName, ...signing },
    )
    mkdirSync(join(root, 'tls'))
    writeFileSync(join(root, 'tls', 'ca.crt'), certificate)
    const key = more.otherKey === true ? pair().privateKey : privateKey
    writeFileSync(join(root, 'tls', 'ca.key'), key.export({ type: 'pkcs8', format: 'pem' }))
  }

  it('makes none that outlives its authority', async () => {
    bring({})
    expect((await certs('create', '--dir', 'tls', '--days', '30')).code).toBe(0)
    const { validToDate } = new X509Certificate(text('client.crt'))
    expect(validToDate).toEqual(new X509Certificate(text('ca.crt')).validToDate)
  })

  it.each([
    ['has ended', { days: -1 }, 'has expired at'],
    ['has a key of another sort', { isRsa: true }, 'needs a key of the curve P-256'],
    ['is none', { isLeaf: true }, 'is no certificate of an authority'],
    ['has another key', { otherKey: true }, 'is not the key of'],
  ])('writes nothing when the authority that is there %s', async (_what, more, reason) => {
    bring(more)
    const { code, err } = await certs('create', '--dir', 'tls')
    expect([code, err[0]]).toEqual([1, expect.stringContaining(reason)])
    expect(err[0]).toContain('[certs/no-authority]')
    expect(readdirSync(join(root, 'tls')).toSorted()).toEqual(['ca.crt', 'ca.key'])
  })

  it('says that it cannot sign without the key of the authority', async () => {
    await certs('create', '--dir', 'tls')
    rmSync(join(root, 'tls', 'ca.key'))
    const { code, err } = await certs('create', '--dir', 'tls', '--force')
    expect([code, err[0]]).toEqual([1, expect.stringContaining('[certs/no-authority]')])
  })

  it.each([
    ['--days', '0'],
    ['--days', 'soon'],
    ['--days', '40000'],
    ['--hosts', 'a b'],
    ['--hosts', 'a,,b'],
    ['--hosts', 'URI:weir://role/jobmanager'],
  ])('refuses %s %s', async (flag, value) => {
    const { code, err } = await certs('create', '--dir', 'tls', flag, value)
    expect([code, err[0]]).toEqual([2, expect.stringContaining(flag)])
    expect(readdirSync(root)).toEqual([])
  })
})

describe('weir certs show', () => {
  it('says whose it is, by which names, and what it allows', async () => {
    await certs('create', '--dir', 'tls', '--hosts', 'jm.lan')
    const { out } = await certs('show', 'tls/jobmanager.crt', '--json')
    const [shown] = (JSON.parse(out[0] ?? '') as Shown).certificates
    expect(shown).toMatchObject({ role: 'jobmanager', subject: 'CN=weir jobmanager' })
    expect(shown?.names).toContain('DNS:jm.lan')
    const lines = (await certs('show', 'tls/client.crt')).out
    expect(lines).toContainEqual(expect.stringMatching(/^Role +client$/))
  })

  it('refuses what is no certificate, and what is not there', async () => {
    await certs('create', '--dir', 'tls')
    expect((await certs('show', 'tls/client.key')).err[0]).toContain('[config/tls-file-bad]')
    expect((await certs('show', 'tls/nothing.crt')).err[0]).toContain('[config/tls-file-missing]')
  })
})

describe('--tls-dir', () => {
  it.each(['jobmanager', 'taskmanager'])('turns TLS on in a %s', async (command) => {
    const cli = testCli(null, root)
    const address = ['--jobmanager', '127.0.0.1:1']
    const more = command === 'taskmanager' ? address : ['--port', '0', '-D', 'rest.port=off']
    const { err } = await cli.run(
      command,
      '--data-dir',
      join(root, 'd'),
      '--tls-dir',
      'tls',
      ...more,
    )
    expect(err[0]).toContain('[config/tls-file-missing]')
    expect(err[0]).toContain(join(root, 'tls', 'ca.crt'))
  })

  it('turns it on in a cluster that is started', async () => {
    writeFileSync(join(root, 'file'), '')
    const start = ['cluster', 'start', '--port', '0', '--taskmanagers', '0']
    const { err } = await testCli(null, root).run(...start, '--tls-dir', 'file/tls')
    expect(err[0]).toContain('[certs/unwritable]')
  })

  it('is wanted for commands where the certificates of processes are named by file', async () => {
    const named = ['-D', `security.ssl.ca-file=${join(root, 'ca.crt')}`]
    const start = ['cluster', 'start', '--tls', '--port', '0', '--taskmanagers', '0', ...named]
    const { code, err } = await testCli(null, root).run(...start)
    expect([code, err[0]]).toEqual([2, expect.stringContaining('none for commands')])
  })
})
