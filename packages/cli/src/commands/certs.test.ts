import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { filesIn, readCredentials } from '@weirjs/common/tls/identity'
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
