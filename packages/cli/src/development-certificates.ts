// A directory of certificates for trying things out, and for clusters that have no authority of their own: one authority,
// and a certificate for each role. Nothing that is there is ever overwritten unless that was asked for; then the authority
// stays, so that certificates made before go on being believed.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  X509Certificate,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { WeirError } from '@weirjs/common/core/errors'
import { isSignedBy } from '@weirjs/common/tls/identity'
import { makeCertificate, type Signer } from '@weirjs/common/tls/make-certificate'
import { type Role, ROLES, roleUri } from '@weirjs/common/tls/roles'

export const AUTHORITY_DAYS = 3_650
export const CERTIFICATE_DAYS = 365
export const DAYS_MAX = 36_500
const DAY_MS = 24 * 3_600_000
/** Clocks of machines that are a little behind take it all the same. */
const BEFORE_MS = 5 * 60_000
const AUTHORITY = 'Weir development authority'

export interface CertificatesWish {
  readonly directory: string
  /** By which processes are dialed. */
  readonly hosts: readonly string[]
  readonly days: number
  /** Certificates of roles are made anew; the authority stays. */
  readonly force: boolean
  readonly nowMs: number
}

export interface CreatedCertificates {
  /** Paths of what was written. */
  readonly files: readonly string[]
  /** All are good until then. */
  readonly validTo: Date
}

/** Errors: `certs/exists`, `certs/unwritable`, `certs/no-authority`. */
export function createCertificates(wish: CertificatesWish): CreatedCertificates {
  const { directory, force } = wish
  const there = ROLES.flatMap((role) => [
    join(directory, `${role}.crt`),
    join(directory, `${role}.key`),
  ]).filter((one) => existsSync(one))
  if (there.length > 0 && !force) {
    throw new WeirError('certs/exists', `${there[0]} is there already`, {
      domain: 'user',
      hint: 'say --force to make new ones of the same authority, or choose another --dir',
    })
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const authority = authorityOf(wish)
    const issued = ROLES.map((role) => issue(wish, role, authority))
    const files = [...authority.files, ...issued.flatMap(({ files: own }) => own)]
    const validTo = issued[0]?.certificate.validToDate ?? authority.certificate.validToDate
    return { files: files.map(write), validTo }
  } catch (cause) {
    if (cause instanceof WeirError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new WeirError('certs/unwritable', `cannot write to ${directory}: ${why}`, {
      domain: 'user',
      cause,
    })
  }
}

interface File {
  readonly path: string
  readonly content: string
  readonly mode: number
}

interface Authority extends Signer {
  readonly certificate: X509Certificate
  /** What is to be written of it. */
  readonly files: readonly File[]
}

/** The one that is there, or a new one. */
function authorityOf(wish: CertificatesWish): Authority {
  const paths = {
    certificate: join(wish.directory, 'ca.crt'),
    key: join(wish.directory, 'ca.key'),
  }
  const isThere = existsSync(paths.certificate) || existsSync(paths.key)
  return isThere ? readAuthority(paths, wish.nowMs) : newAuthority(paths, wish)
}

interface Paths {
  readonly certificate: string
  readonly key: string
}

function newAuthority(paths: Paths, { nowMs, days }: CertificatesWish): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer: Signer = { commonName: AUTHORITY, privateKey, publicKey }
  const validity = {
    notBeforeMs: nowMs - BEFORE_MS,
    notAfterMs: afterDays(nowMs, Math.max(days, AUTHORITY_DAYS)),
  }
  const certificate = makeCertificate(
    { commonName: AUTHORITY, hosts: [], uris: [], ...validity, use: 'authority' },
    publicKey,
    signer,
  )
  return {
    ...signer,
    certificate: new X509Certificate(certificate),
    files: [
      { path: paths.key, content: pemOf(privateKey), mode: 0o600 },
      { path: paths.certificate, content: certificate, mode: 0o644 },
    ],
  }
}

function readAuthority(paths: Paths, nowMs: number): Authority {
  for (const path of [paths.certificate, paths.key]) {
    if (!existsSync(path))
      throw noAuthority(`${path} is not there`, 'bring it back, or start anew in another --dir')
  }
  const { privateKey, certificate } = parsed(paths)
  if (certificate.validToDate.getTime() <= nowMs) {
    const ended = `${paths.certificate} has expired at ${certificate.validToDate.toISOString()}`
    throw noAuthority(ended, 'make another authority in another --dir')
  }
  const commonName = certificate.subject.replace(/^CN=/, '')
  return { commonName, privateKey, publicKey: createPublicKey(privateKey), certificate, files: [] }
}

function parsed(paths: Paths): Pick<Authority, 'privateKey' | 'certificate'> {
  try {
    return {
      privateKey: createPrivateKey(readFileSync(paths.key)),
      certificate: new X509Certificate(readFileSync(paths.certificate)),
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw noAuthority(`${paths.certificate} and its key cannot be read: ${why}`, OTHER, cause)
  }
}

const OTHER =
  'this signs for authorities that it made itself; let whoever made that one sign, or start anew in another --dir'

function noAuthority(message: string, hint: string, cause?: unknown): WeirError {
  return new WeirError('certs/no-authority', message, { domain: 'user', hint, cause })
}

interface Issued {
  readonly certificate: X509Certificate
  readonly files: readonly File[]
}

/** No longer than the authority: nobody would take it after that. */
function issue(wish: CertificatesWish, role: Role, authority: Authority): Issued {
  const { directory, hosts, days, nowMs } = wish
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const isClient = role === 'client'
  const content = makeCertificate(
    {
      commonName: `weir ${role}`,
      hosts: isClient ? [] : hosts,
      uris: [roleUri(role)],
      notBeforeMs: nowMs - BEFORE_MS,
      notAfterMs: Math.min(afterDays(nowMs, days), authority.certificate.validToDate.getTime()),
      use: isClient ? 'client' : 'both',
    },
    publicKey,
    authority,
  )
  const certificate = new X509Certificate(content)
  if (!authority.certificate.ca || !isSignedBy(certificate, authority.certificate)) {
    const what = `what the authority in ${directory} signs here would be believed by nobody`
    throw noAuthority(`${what}: ${misfit(authority)}`, OTHER)
  }
  const files = [
    { path: join(directory, `${role}.key`), content: pemOf(privateKey), mode: 0o600 },
    { path: join(directory, `${role}.crt`), content, mode: 0o644 },
  ]
  return { certificate, files }
}

function misfit({ certificate, privateKey }: Authority): string {
  if (!certificate.ca) return 'ca.crt is no certificate of an authority'
  if (!certificate.checkPrivateKey(privateKey)) return 'ca.key is not the key of ca.crt'
  return 'it needs a key of the curve P-256 or Ed25519, and a common name and nothing else as its name'
}

const afterDays = (nowMs: number, days: number): number => nowMs + days * DAY_MS
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** Whole or not at all: somebody may be reading. */
function write({ path, content, mode }: File): string {
  const staged = `${path}.${process.pid}`
  writeFileSync(staged, content, { mode, flag: 'wx' })
  renameSync(staged, path)
  return path
}
