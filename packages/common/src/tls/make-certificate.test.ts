import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptIdentity } from './attempt-identity.ts'
import { makeAuthority } from './certificates.fixture.ts'
import * as der from './der.ts'
import { makeCertificate } from './make-certificate.ts'
import { namesOf, roleOf, roleUri } from './roles.ts'

describe('a certificate', () => {
  const authority = makeAuthority()

  it('says what was wished, and is signed by the authority', () => {
    const [begin, end] = [new Date('2026-01-02T03:04:05Z'), new Date('2051-06-07T08:09:10Z')]
    const hosts = [
      'jm.example.org',
      '*.tm.example.org',
      '10.0.0.5',
      '::1',
      '[fe80::1:2]',
      '1:2:3:4:5:6:7:8',
    ]
    const uris = [roleUri('jobmanager')]
    const { certificate, key } = authority.issue({
      commonName: 'Köln',
      hosts,
      uris,
      notBeforeMs: begin.getTime(),
      notAfterMs: end.getTime(),
    })
    const read = new X509Certificate(certificate)
    const signer = new X509Certificate(authority.certificate)
    expect(read.subject).toBe('CN=Köln')
    expect(read.issuer).toBe('CN=authority of a test')
    expect(read.validFromDate).toEqual(begin)
    expect(read.validToDate).toEqual(end)
    expect(namesOf(read.subjectAltName ?? '')).toEqual([
      'DNS:jm.example.org',
      'DNS:*.tm.example.org',
      'IP Address:10.0.0.5',
      'IP Address:0:0:0:0:0:0:0:1',
      'IP Address:FE80:0:0:0:0:0:1:2',
      'IP Address:1:2:3:4:5:6:7:8',
      'URI:weir://role/jobmanager',
    ])
    expect([read.ca, signer.ca]).toEqual([false, true])
    expect(read.checkIssued(signer) && read.verify(signer.publicKey)).toBe(true)
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true)
    expect(read.verify(createPublicKey(createPrivateKey(key)))).toBe(false)
  })

  it('takes any serial number, and keeps it positive', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const signer = { commonName: 'self', privateKey, publicKey }
    const validity = { notBeforeMs: 0, notAfterMs: 1e12 }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (serial) => {
        const wish = {
          commonName: 'self',
          hosts: [],
          uris: [],
          ...validity,
          serial,
          use: 'both',
        } as const
        const read = new X509Certificate(makeCertificate(wish, publicKey, signer))
        expect(BigInt(`0x${read.serialNumber}`)).toBe(
          BigInt(`0x${Buffer.from(serial).toString('hex')}`),
        )
      }),
      { numRuns: 50 },
    )
  })

  it('writes lengths and object ids in the shortest form', () => {
    expect(der.octets(Buffer.alloc(127)).subarray(0, 2)).toEqual(Buffer.from([4, 127]))
    expect(der.octets(Buffer.alloc(128)).subarray(0, 3)).toEqual(Buffer.from([4, 0x81, 128]))
    expect(der.octets(Buffer.alloc(300)).subarray(0, 4)).toEqual(Buffer.from([4, 0x82, 1, 44]))
    expect(der.objectId('1.2.840.10045.4.3.2').toString('hex')).toBe('06082a8648ce3d040302')
  })
})

describe('a role', () => {
  const role = (...names: readonly string[]): unknown =>
    roleOf({ subjectAltName: names.join(', ') })

  it('is one URI among the names', () => {
    expect(role('DNS:a', 'URI:weir://role/client', 'IP Address:::1')).toBe('client')
    expect(role('URI:spiffe://elsewhere/x', 'URI:weir://role/taskmanager')).toBe('taskmanager')
  })

  it.each([
    ['there is none', ['DNS:a']],
    ['there are two', ['URI:weir://role/client', 'URI:weir://role/jobmanager']],
    ['it is not known', ['URI:weir://role/admin']],
    ['it is only the beginning of one', ['URI:weir://role/clients']],
    ['it stands in the name of a host', ['DNS:"a, URI:weir://role/jobmanager, DNS:b"']],
    ['the names cannot be read', ['URI:weir://role/client', '"']],
    ['there are no names', []],
  ])('is none when %s', (_what, names) => {
    expect(role(...names)).toBeNull()
  })
})

describe('the identity of an attempt', () => {
  it('is the same for whoever knows its credential, and another for every other credential', () => {
    const [a, again, b] = ['credential a', 'credential a', 'credential b'].map(attemptIdentity)
    expect(again?.options.cert).toBe(a?.options.cert)
    expect(again?.options.key).toBe(a?.options.key)
    expect(b?.options.cert).not.toBe(a?.options.cert)
  })

  it('does not lead back to the credential, has no role, and believes itself alone', () => {
    const { options } = attemptIdentity('credential a')
    const read = new X509Certificate(String(options.cert))
    expect(roleOf(read)).toBeNull()
    expect(options.ca).toBe(options.cert)
    expect(JSON.stringify(options)).not.toContain('credential a')
    expect(read.validToDate.getUTCFullYear()).toBe(9_999)
  })
})
