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

/** Answers the paths of what was written. Errors: `certs/exists`, `certs/unwritable`, `certs/no-authority`. */
export function createCertificates(wish: CertificatesWish): readonly string[] {
  const { directory, force } = wish
  const there = ROLES.map((role) => join(directory, `${role}.crt`)).filter((one) => existsSync(one))
  if (there.length > 0 && !force) {
    throw new WeirError('certs/exists', `${there[0]} is there already`, {
      domain: 'user',
      hint: 'say --force to make new ones of the same authority, or choose another --dir',
    })
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const written: string[] = []
    const signer = authority(wish, written)
    for (const role of ROLES) written.push(...issue(wish, role, signer))
    return written
  } catch (cause) {
    if (cause instanceof WeirError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new WeirError('certs/unwritable', `cannot write to ${directory}: ${why}`, {
      domain: 'user',
      cause,
    })
  }
}

/** The one that is there, or a new one. */
function authority({ directory, nowMs }: CertificatesWish, written: string[]): Signer {
  const files = { certificate: join(directory, 'ca.crt'), key: join(directory, 'ca.key') }
  if (existsSync(files.certificate)) return readAuthority(files)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer: Signer = { commonName: AUTHORITY, privateKey, publicKey }
  const validity = {
    notBeforeMs: nowMs - BEFORE_MS,
    notAfterMs: afterDays(nowMs, AUTHORITY_DAYS),
  }
  const certificate = makeCertificate(
    { commonName: AUTHORITY, hosts: [], uris: [], ...validity, use: 'authority' },
    publicKey,
    signer,
  )
  written.push(
    write(files.key, pemOf(privateKey), 0o600),
    write(files.certificate, certificate, 0o644),
  )
  return signer
}

function readAuthority(files: { readonly certificate: string; readonly key: string }): Signer {
  if (!existsSync(files.key)) {
    throw new WeirError('certs/no-authority', `${files.key} is not there`, {
      domain: 'user',
      hint: 'bring the key of the authority back, or start anew in another --dir',
    })
  }
  const privateKey = createPrivateKey(readFileSync(files.key))
  const { subject } = new X509Certificate(readFileSync(files.certificate))
  const commonName = subject.replace(/^CN=/, '')
  return { commonName, privateKey, publicKey: createPublicKey(privateKey) }
}

function issue(wish: CertificatesWish, role: Role, signer: Signer): readonly string[] {
  const { directory, hosts, days, nowMs } = wish
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const isClient = role === 'client'
  const certificate = makeCertificate(
    {
      commonName: `weir ${role}`,
      hosts: isClient ? [] : hosts,
      uris: [roleUri(role)],
      notBeforeMs: nowMs - BEFORE_MS,
      notAfterMs: afterDays(nowMs, days),
      use: isClient ? 'client' : 'both',
    },
    publicKey,
    signer,
  )
  return [
    write(join(directory, `${role}.key`), pemOf(privateKey), 0o600),
    write(join(directory, `${role}.crt`), certificate, 0o644),
  ]
}

const afterDays = (nowMs: number, days: number): number => nowMs + days * DAY_MS
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** Whole or not at all: somebody may be reading. */
function write(path: string, content: string, mode: number): string {
  const staged = `${path}.${process.pid}`
  writeFileSync(staged, content, { mode, flag: 'wx' })
  renameSync(staged, path)
  return path
}
