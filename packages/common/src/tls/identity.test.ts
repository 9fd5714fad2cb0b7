import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { ManualScheduler } from '../core/manual-scheduler.ts'
import { MemoryLog } from '../core/memory-log.ts'
import { fromNow, identityOf, makeAuthority, writeFiles } from './certificates.fixture.ts'
import {
  checkOwnName,
  FileIdentity,
  type Identity,
  type IdentityFiles,
  readCredentials,
} from './identity.ts'
import { roleUri } from './roles.ts'

const root = mkdtempSync(join(tmpdir(), 'weir-tls-'))
afterAll(() => rmSync(root, { recursive: true }))
const authority = makeAuthority()
const stranger = makeAuthority('somebody else')
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
  const follow = (files: IdentityFiles) => {
    const scheduler = new ManualScheduler({ wallMs: Date.now() })
    const log = new MemoryLog()
    const more = { role: 'client', verifiesNames: true, reloadIntervalMs: 1_000 } as const
    const identity = FileIdentity.open({ files, ...more, scheduler, log })
    let renewals = 0
    identity.onRenewed(() => {
      renewals += 1
    })
    return { identity, scheduler, log, renewals: () => renewals }
  }
  const serial = ({ identity }: ReturnType<typeof follow>): string =>
    identity.certificate.serialNumber
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
    const told = followed.log.events.filter(({ event }) => event.includes('not taken'))
    expect(told).toMatchObject([{ level: 'warn', fields: { code: 'config/tls-mismatch' } }])
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

  it('says when it will soon be over', () => {
    const { log } = follow(fresh(authority.issue({ notAfterMs: fromNow(29) })))
    expect(log.events).toMatchObject([{ level: 'warn', event: 'the certificate expires soon' }])
    expect(follow(fresh(authority.issue({ notAfterMs: fromNow(40) }))).log.events).toEqual([])
  })

  it('looks no more once it is closed', () => {
    const { identity, scheduler } = follow(fresh())
    identity.close()
    expect(scheduler.pending).toBe(0)
  })
})
