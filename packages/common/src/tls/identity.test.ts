import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { type LoggedEvent, MemoryLog } from '../core/memory-log.ts'
import { fromNow, identityOf, makeAuthority, writeFiles } from './certificates.fixture.ts'
import { FileIdentity, REMIND_INTERVAL_MS } from './file-identity.ts'
import { checkOwnName, type Identity, type IdentityFiles, readCredentials } from './identity.ts'
import { roleUri } from './roles.ts'

const root = mkdtempSync(join(tmpdir(), 'weir-tls-'))
afterAll(() => rmSync(root, { recursive: true }))
const authority = makeAuthority()
const stranger = makeAuthority('somebody else')
const lasting = makeAuthority('lasting', { notAfterMs: fromNow(400) })
const ended = makeAuthority('ended', { notAfterMs: fromNow(-1) })
const fresh = (pair = authority.issue(), believed = authority.certificate): IdentityFiles =>
  writeFiles(mkdtempSync(join(root, 'a')), pair, believed)

const refused = (code: string, message: RegExp): unknown =>
  expect.objectContaining({ code, domain: 'user', message: expect.stringMatching(message) })

describe('certificates in files', () => {
  it('are taken when they fit together', () => {
    const { options, certificate } = readCredentials(fresh(), 'client', Date.now())
    expect(options.minVersion).toBe('TLSv1.3')
    expect(certificate.subject).toBe('CN=somebody')
  })

  it('may be of any of several authorities', () => {
    const both = stranger.certificate + authority.certificate
    expect(() =>
      readCredentials(fresh(authority.issue(), both), 'client', Date.now()),
    ).not.toThrow()
  })

  it.each([
    [
      'the key may be read by others',
      () => {
        const files = fresh()
        chmodSync(files.key, 0o640)
        return files
      },
      refused('config/key-exposed', /own\.key may be read by others \(mode 640\)/),
    ],
    [
      'a file is missing',
      () => ({ ...fresh(), ca: join(root, 'nowhere.crt') }),
      refused('config/tls-file-missing', /nowhere\.crt/),
    ],
    [
      'a file holds something else',
      () => {
        const files = fresh()
        writeFileSync(files.certificate, 'hello')
        return files
      },
      refused('config/tls-file-bad', /own\.crt holds no certificate/),
    ],
    [
      'a certificate is damaged',
      () => {
        const files = fresh()
        const block = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
        writeFileSync(files.certificate, block)
        return files
      },
      refused('config/tls-file-bad', /own\.crt holds a certificate that cannot be read/),
    ],
    [
      'the key is none',
      () => {
        const files = fresh()
        writeFileSync(files.key, 'hello')
        return files
      },
      refused('config/tls-file-bad', /own\.key holds no private key/),
    ],
    [
      'a file is too large',
      () => {
        const files = fresh()
        writeFileSync(files.ca, 'x'.repeat(300_000))
        return files
      },
      refused('config/tls-file-bad', /ca\.crt has 300000 bytes/),
    ],
    [
      'the key is of another certificate',
      () => fresh({ ...authority.issue(), key: authority.issue().key }),
      refused('config/tls-mismatch', /own\.key is not the key of/),
    ],
    [
      'another authority signed it',
      () => fresh(stranger.issue()),
      refused('config/tls-mismatch', /not signed by an authority in/),
    ],
    [
      'it has expired',
      () => fresh(authority.issue({ notAfterMs: fromNow(-1) })),
      refused('config/tls-expired', /has expired at 2/),
    ],
    [
      'it is not valid yet',
      () => fresh(authority.issue({ notBeforeMs: fromNow(1) })),
      refused('config/tls-expired', /is not valid before 2/),
    ],
    [
      'its authority has expired',
      () => fresh(ended.issue(), ended.certificate),
      refused('config/tls-expired', /the authority in .*ca\.crt has expired at 2/),
    ],
    [
      'what stands between it and the authority has expired',
      () => {
        const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
        const between = { commonName: 'between', use: 'authority', uris: [], hosts: [] } as const
        const signed = authority.issue({ ...between, notAfterMs: fromNow(-1) }, keys)
        const own = makeAuthority('between', {}, keys).issue()
        return fresh({ ...own, certificate: own.certificate + signed.certificate })
      },
      refused('config/tls-expired', /the authority in .*own\.crt has expired at 2/),
    ],
    [
      'OpenSSL does not take the key',
      () => fresh(authority.issue({}, generateKeyPairSync('rsa', { modulusLength: 512 }))),
      refused('config/tls-file-bad', /own\.crt cannot be used: .*key too small/),
    ],
    [
      'it is for another role',
      () => fresh(authority.issue({ uris: [roleUri('taskmanager')] })),
      refused('config/tls-wrong-role', /is for the role taskmanager, but a client needs its own/),
    ],
    [
      'it names no role',
      () => fresh(authority.issue({ uris: [] })),
      refused('config/tls-wrong-role', /names no role/),
    ],
  ])('are refused when %s', (_what, files, error) => {
    expect(() => readCredentials(files(), 'client', Date.now())).toThrow(error as Error)
  })
})

describe('the name that others dial', () => {
  const of = (hosts: readonly string[], verifiesNames = true): Identity =>
    identityOf(authority.issue({ hosts }), authority, verifiesNames)

  it.each([
    ['tm-1.lan', ['tm-1.lan']],
    ['tm-7.tm.lan', ['*.tm.lan']],
    ['10.0.0.6', ['tm-1.lan', '10.0.0.6']],
    ['[fe80::1]', ['fe80::1']],
  ])('%s is in the certificate', (host, hosts) => {
    expect(() => checkOwnName(of(hosts), host)).not.toThrow()
  })

  it.each([
    ['tm-2.lan', ['tm-1.lan']],
    ['a.b.tm.lan', ['*.tm.lan']],
    ['10.0.0.7', ['10.0.0.6', 'tm-1.lan']],
  ])('%s is not, and that is told before anybody dials', (host, hosts) => {
    const error = refused('config/tls-wrong-name', new RegExp(`others will dial ${host}, but`))
    expect(() => checkOwnName(of(hosts), host)).toThrow(error as Error)
    expect(() => checkOwnName(of(hosts, false), host)).not.toThrow()
  })
})

describe('an identity that follows its files', () => {
  const follow = (files: IdentityFiles, ownHost?: string, reloadIntervalMs = 1_000) => {
    const scheduler = new ManualScheduler({ wallMs: Date.now() })
    const log = new MemoryLog()
    const more = { role: 'client', verifiesNames: true, reloadIntervalMs } as const
    const identity = FileIdentity.open({ files, ...more, ownHost, scheduler, log })
    let renewals = 0
    identity.onRenewed(() => {
      renewals += 1
    })
    return { identity, scheduler, log, renewals: () => renewals }
  }
  const serial = ({ identity }: ReturnType<typeof follow>): string =>
    identity.certificate.serialNumber
  const refusals = ({ log }: ReturnType<typeof follow>): readonly LoggedEvent[] =>
    log.of('new certificates are not taken; the old ones stay')
  const serialOf = (pair: { certificate: string }): string =>
    new X509Certificate(pair.certificate).serialNumber

  it('takes new ones when it looks, and tells whoever serves', () => {
    const files = fresh()
    const followed = follow(files)
    const next = authority.issue({ notAfterMs: fromNow(100) })
    writeFiles(join(files.ca, '..'), next, authority.certificate)
    expect(serial(followed)).not.toBe(serialOf(next))
    followed.scheduler.advance(1_000)
    expect(serial(followed)).toBe(serialOf(next))
    expect(followed.identity.options.cert).toBe(next.certificate)
    expect(followed.renewals()).toBe(1)
    followed.scheduler.advance(10_000)
    expect(followed.renewals()).toBe(1)
  })

  it('stays as it is while only one of the files is new, and says so once', () => {
    const files = fresh()
    const followed = follow(files)
    const before = serial(followed)
    const next = authority.issue()
    writeFileSync(files.certificate, next.certificate)
    followed.scheduler.advance(5_000)
    expect(serial(followed)).toBe(before)
    expect(refusals(followed)).toMatchObject([
      { level: 'warn', fields: { code: 'config/tls-mismatch' } },
    ])
    writeFileSync(files.key, next.key)
    followed.scheduler.advance(1_000)
    expect(serial(followed)).toBe(serialOf(next))
  })

  it('outlives the loss of its files', () => {
    const files = fresh()
    const followed = follow(files)
    const before = serial(followed)
    rmSync(files.key)
    followed.scheduler.advance(2_000)
    expect(serial(followed)).toBe(before)
    expect(followed.renewals()).toBe(0)
  })

  it('outlives files that cannot be looked at, and takes them when they can', () => {
    const files = fresh()
    const followed = follow(files)
    rmSync(files.ca)
    symlinkSync(files.ca, files.ca)
    followed.scheduler.advance(3_000)
    expect(refusals(followed)).toMatchObject([
      { fields: { code: 'config/tls-file-missing', reason: expect.stringContaining('ELOOP') } },
    ])
    rmSync(files.ca)
    const next = authority.issue()
    writeFiles(join(files.ca, '..'), next, authority.certificate)
    followed.scheduler.advance(1_000)
    expect(serial(followed)).toBe(serialOf(next))
  })

  it('tries again what it refused, also when not a byte is changed', () => {
    const files = fresh()
    const followed = follow(files)
    const next = authority.issue()
    writeFiles(join(files.ca, '..'), next, authority.certificate)
    chmodSync(files.key, 0o644)
    followed.scheduler.advance(3_000)
    expect(refusals(followed)).toMatchObject([{ fields: { code: 'config/key-exposed' } }])
    chmodSync(files.key, 0o600)
    followed.scheduler.advance(1_000)
    expect(serial(followed)).toBe(serialOf(next))
    expect(followed.renewals()).toBe(1)
  })

  it('takes one that was made for later when its time has come', () => {
    const files = fresh()
    const followed = follow(files)
    const next = authority.issue({ notBeforeMs: Date.now() + 60_000 })
    writeFiles(join(files.ca, '..'), next, authority.certificate)
    followed.scheduler.advance(30_000)
    expect(refusals(followed)).toMatchObject([{ fields: { code: 'config/tls-expired' } }])
    followed.scheduler.advance(40_000)
    expect(serial(followed)).toBe(serialOf(next))
  })

  it('does not take one under whose name nobody dials us', () => {
    const files = fresh(authority.issue({ hosts: ['tm-1.lan'] }))
    const followed = follow(files, 'tm-1.lan')
    const before = serial(followed)
    writeFiles(join(files.ca, '..'), authority.issue(), authority.certificate)
    followed.scheduler.advance(1_000)
    expect(serial(followed)).toBe(before)
    expect(refusals(followed)).toMatchObject([{ fields: { code: 'config/tls-wrong-name' } }])
    expect(() => follow(files, 'tm-2.lan')).toThrow(
      expect.objectContaining({ code: 'config/tls-wrong-name' }),
    )
  })

  it('says every day that it will soon be over, also when that is its authority', () => {
    const soon = (days: number) =>
      fresh(lasting.issue({ notAfterMs: fromNow(days) }), lasting.certificate)
    const reminders = (log: MemoryLog) => log.of('the certificate expires soon')
    const { log, scheduler } = follow(soon(31), undefined, 60_000)
    scheduler.advance(REMIND_INTERVAL_MS - 60_000)
    expect(reminders(log)).toEqual([])
    scheduler.advance(120_000)
    expect(reminders(log)).toHaveLength(1)
    scheduler.advance(3 * REMIND_INTERVAL_MS)
    expect(reminders(log)).toHaveLength(4)
    const ofAuthority = follow(fresh(authority.issue({ notAfterMs: fromNow(300) })))
    expect(reminders(ofAuthority.log)).toMatchObject([{ level: 'warn' }])
  })

  it('looks no more once it is closed', () => {
    const { identity, scheduler } = follow(fresh())
    identity.close()
    expect(scheduler.pending).toBe(0)
  })
})
