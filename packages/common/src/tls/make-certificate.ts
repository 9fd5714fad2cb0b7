// Makes X.509 certificates: an authority, and what it signs. Keys and signatures are node:crypto's; this writes the fields
// in their order. It parses nothing, and issues nothing by itself.
//
//   Certificate     SEQUENCE { what is signed, algorithm, signature }
//   what is signed  SEQUENCE { [0] v3, serial, algorithm, issuer, validity, subject, public key, [3] extensions }

import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import * as der from './der.ts'

export interface CertificateWish {
  readonly commonName: string
  /** Host names and addresses. */
  readonly hosts: readonly string[]
  readonly uris: readonly string[]
  /** Milliseconds since 1970; whole seconds count. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Default: of 128 random bits. */
  readonly serial?: Uint8Array
  /** `authority`: signs others and nothing else. `both`: is dialed and dials. `client`: dials only. */
  readonly use: 'authority' | 'both' | 'client'
}

export interface Signer {
  readonly commonName: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const VERSION_3 = Buffer.from([2])
const SERIAL_BYTES = 16
const COMMON_NAME_CHARS_MAX = 64
const OID = {
  commonName: '2.5.4.3',
  subjectKey: '2.5.29.14',
  keyUsage: '2.5.29.15',
  altNames: '2.5.29.17',
  constraints: '2.5.29.19',
  authorityKey: '2.5.29.35',
  extendedUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  ecdsaSha256: '1.2.840.10045.4.3.2',
  ed25519: '1.3.101.112',
} as const
/** First bit of the first byte is the first usage of the standard's list. */
const DIGITAL_SIGNATURE = { byte: 0b1000_0000, unused: 7 }
const SIGN_CERTIFICATES = { byte: 0b0000_0110, unused: 1 }

/** The certificate of `publicKey` as PEM. The signer's key is Ed25519 or of the curve P-256. */
export function makeCertificate(
  wish: CertificateWish,
  publicKey: KeyObject,
  signer: Signer,
): string {
  const isEd25519 = signer.privateKey.asymmetricKeyType === 'ed25519'
  const algorithm = der.sequence(der.objectId(isEd25519 ? OID.ed25519 : OID.ecdsaSha256))
  const signed = der.sequence(
    der.explicit(0, der.integer(VERSION_3)),
    der.integer(wish.serial ?? randomBytes(SERIAL_BYTES)),
    algorithm,
    nameOf(signer.commonName),
    der.sequence(der.time(wish.notBeforeMs), der.time(wish.notAfterMs)),
    nameOf(wish.commonName),
    spki(publicKey),
    der.explicit(3, der.sequence(...extensionsOf(wish, publicKey, signer))),
  )
  const signature = sign(isEd25519 ? null : 'sha256', signed, signer.privateKey)
  return pem(der.sequence(signed, algorithm, der.bits(signature)))
}

function extensionsOf(
  { use, hosts, uris }: CertificateWish,
  publicKey: KeyObject,
  signer: Signer,
): readonly Buffer[] {
  const isAuthority = use === 'authority'
  const { byte, unused } = isAuthority ? SIGN_CERTIFICATES : DIGITAL_SIGNATURE
  const names = [...hosts.map(hostName), ...uris.map((uri) => der.implicit(6, Buffer.from(uri)))]
  const purposes = [...(use === 'both' ? [OID.serverAuth] : []), OID.clientAuth].map(der.objectId)
  const constraints = isAuthority ? der.sequence(der.boolean(true)) : der.sequence()
  return [
    extension(OID.constraints, constraints, true),
    extension(OID.keyUsage, der.bits(Buffer.from([byte]), unused), true),
    extension(OID.subjectKey, der.octets(keyId(publicKey))),
    extension(OID.authorityKey, der.sequence(der.implicit(0, keyId(signer.publicKey)))),
    ...(isAuthority ? [] : [extension(OID.extendedUsage, der.sequence(...purposes))]),
    ...(names.length === 0 ? [] : [extension(OID.altNames, der.sequence(...names))]),
  ]
}

const extension = (oid: string, content: Buffer, isCritical = false): Buffer =>
  der.sequence(der.objectId(oid), ...(isCritical ? [der.boolean(true)] : []), der.octets(content))

const nameOf = (commonName: string): Buffer =>
  der.sequence(
    der.set(
      der.sequence(
        der.objectId(OID.commonName),
        der.utf8(commonName.slice(0, COMMON_NAME_CHARS_MAX)),
      ),
    ),
  )

function hostName(host: string): Buffer {
  const plain = host.replace(/^\[(.*)\]$/, '$1')
  if (isIP(plain) === 0) return der.implicit(2, Buffer.from(plain))
  return der.implicit(7, addressBytes(plain))
}

/** Four bytes or sixteen. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  // The URL parser writes every address in one form: groups in hexadecimal, one run of zeros left out.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'))
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const all = [...before, ...zeros, ...after]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })
const keyId = (key: KeyObject): Buffer => createHash('sha1').update(spki(key)).digest()

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
