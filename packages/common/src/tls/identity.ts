// What an end of a TLS connection shows and whom it believes. What comes from files is held against itself when it is read:
// whatever a handshake would trip over later is refused now, by file name. `file-identity` follows files that change.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { WeirError } from '../core/errors.ts'
import { type Role, roleOf, roleUri } from './roles.ts'

export const TLS_VERSION_MIN = 'TLSv1.3'
/** A certificate that ends so soon is told of. */
export const EXPIRES_SOON_MS: number = 30 * 24 * 3_600_000
const FILE_BYTES_MAX = 256 * 1_024
const OTHERS = 0o077

export interface Identity {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  /** Whether the name that was dialed must be in the certificate of who answers. */
  readonly verifiesNames: boolean
  /** Calls back whenever `options` and `context` are new. Answers how to stop that. */
  onRenewed(callback: () => void): () => void
}

export interface IdentityFiles {
  /** Certificates of the authorities that are believed, PEM. */
  readonly ca: string
  /** Ours, first, and what stands between it and the authority, PEM. */
  readonly certificate: string
  /** Mode 0600, PEM. */
  readonly key: string
}

/** As `weir certs create` names them. */
export const filesIn = (directory: string, role: Role): IdentityFiles => ({
  ca: join(directory, 'ca.crt'),
  certificate: join(directory, `${role}.crt`),
  key: join(directory, `${role}.key`),
})

/** What was read, and found to fit. */
export interface Credentials {
  readonly options: SecureContextOptions
  readonly context: SecureContext
  readonly certificate: X509Certificate
  /** It is good until then: the first end of the certificate, of what stands between, and of the authority. */
  readonly validTo: Date
}

/**
 * Errors: `config/tls-file-missing`, `config/key-exposed`, `config/tls-file-bad`, `config/tls-mismatch`,
 * `config/tls-expired`, `config/tls-wrong-role`.
 */
export function readCredentials(files: IdentityFiles, role: Role, nowMs: number): Credentials {
  const [ca, cert, keyText] = [read(files.ca), read(files.certificate), readKey(files.key)]
  const authorities = certificatesOf(ca, files.ca)
  const shown = certificatesOf(cert, files.certificate)
  const certificate = shown[0] as X509Certificate
  checkKey(certificate, keyOf(keyText, files.key), files)
  const { chain, authority } = chainOf(shown, authorities, files, nowMs)
  for (const one of chain) checkValidity(one, files.certificate, nowMs)
  checkValidity(authority, files.ca, nowMs)
  checkRole(certificate, files.certificate, role)
  const options = { ca, cert, key: keyText, minVersion: TLS_VERSION_MIN } as const
  const ends = [...chain, authority].map(({ validToDate }) => validToDate)
  const validTo = ends.reduce((first, end) => (end < first ? end : first))
  return { certificate, options, context: contextOf(options, files), validTo }
}

function contextOf(options: SecureContextOptions, { certificate }: IdentityFiles): SecureContext {
  try {
    return createSecureContext(options)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw badFile(certificate, `cannot be used: ${why}`, cause)
  }
}

/**
 * Who will be dialed as `host` must have that name in the certificate, or nobody who verifies names will stay connected.
 * Error: `config/tls-wrong-name`.
 */
export function checkOwnName({ options, verifiesNames }: Identity, host: string): void {
  if (!verifiesNames) return
  const [own] = certificatesOf(String(options.cert), 'the certificate') as [X509Certificate]
  checkName(own, host)
}

/** Error: `config/tls-wrong-name`. */
export function checkName(own: X509Certificate, host: string): void {
  const plain = host.replace(/^\[(.*)\]$/, '$1')
  const fits = isIP(plain) === 0 ? own.checkHost(plain) : own.checkIP(plain)
  if (fits !== undefined) return
  const message = `others will dial ${host}, but the certificate is for ${own.subjectAltName ?? 'nobody'}`
  throw new WeirError('config/tls-wrong-name', message, {
    domain: 'user',
    hint: 'Make one for that name (--hosts), set taskmanager.host, or see security.ssl.verify-hostname.',
  })
}

/** All certificates of a PEM text, at least one. Error: `config/tls-file-bad`. */
export function certificatesOf(text: string, file: string): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block))
  } catch (cause) {
    throw badFile(file, 'holds a certificate that cannot be read', cause)
  }
  throw badFile(file, 'holds no certificate in PEM form')
}

// ---- checks ----

function checkKey(certificate: X509Certificate, key: KeyObject, files: IdentityFiles): void {
  if (certificate.checkPrivateKey(key)) return
  throw new WeirError(
    'config/tls-mismatch',
    `${files.key} is not the key of ${files.certificate}`,
    {
      domain: 'user',
      hint: 'Both come from one call of `weir certs create`, or of whoever signs for you.',
    },
  )
}

/** Each is signed by the next one, or by an authority; answers them as far as that goes. */
function chainOf(
  shown: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  files: IdentityFiles,
  nowMs: number,
): { readonly chain: readonly X509Certificate[]; readonly authority: X509Certificate } {
  for (const [i, certificate] of shown.entries()) {
    const signers = authorities.filter((one) => isSignedBy(certificate, one))
    // One that was renewed with its key stands there twice for a while.
    const authority = signers.find((one) => isValid(one, nowMs)) ?? signers[0]
    if (authority !== undefined) return { chain: shown.slice(0, i + 1), authority }
    const next = shown[i + 1]
    if (next === undefined || !isSignedBy(certificate, next)) break
  }
  throw new WeirError(
    'config/tls-mismatch',
    `${files.certificate} was not signed by an authority in ${files.ca}`,
    { domain: 'user', hint: 'All certificates of a cluster come from authorities that all know.' },
  )
}

export const isSignedBy = (certificate: X509Certificate, signer: X509Certificate): boolean =>
  certificate.checkIssued(signer) && certificate.verify(signer.publicKey)

const isValid = ({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean =>
  validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime()

function checkValidity(certificate: X509Certificate, file: string, nowMs: number): void {
  if (isValid(certificate, nowMs)) return
  const { validFromDate, validToDate, ca } = certificate
  const what =
    nowMs < validFromDate.getTime()
      ? `is not valid before ${validFromDate.toISOString()}`
      : `has expired at ${validToDate.toISOString()}`
  const remedy = ca ? 'Replace the authority' : 'Make new ones with `weir certs create --force`'
  const message = `the ${ca ? 'authority in' : 'certificate'} ${file} ${what}`
  throw new WeirError('config/tls-expired', message, {
    domain: 'user',
    hint: `${remedy}, or check the clock of this machine.`,
  })
}

function checkRole(certificate: X509Certificate, file: string, role: Role): void {
  const found = roleOf(certificate)
  if (found === role) return
  const what = found === null ? 'names no role' : `is for the role ${found}`
  throw new WeirError('config/tls-wrong-role', `${file} ${what}, but a ${role} needs its own`, {
    domain: 'user',
    hint: `Its alternative names must have URI:${roleUri(role)}, and no other role.`,
  })
}

// ---- files ----

function read(file: string): string {
  return onDisk(file, () => {
    const { size } = statSync(file)
    if (size > FILE_BYTES_MAX) throw badFile(file, `has ${size} bytes and is no such file`)
    return readFileSync(file, 'utf8')
  })
}

function readKey(file: string): string {
  const text = read(file)
  const mode = onDisk(file, () => statSync(file).mode & 0o777)
  if ((mode & OTHERS) === 0) return text
  throw new WeirError(
    'config/key-exposed',
    `${file} may be read by others (mode ${mode.toString(8)})`,
    { domain: 'user', hint: `Run: chmod 600 ${file}` },
  )
}

function onDisk<T>(file: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof WeirError) throw cause
    const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new WeirError('config/tls-file-missing', `cannot read ${file}${why}`, {
      domain: 'user',
      cause,
      hint: '`weir certs create` makes certificates for trying things out.',
    })
  }
}

function keyOf(text: string, file: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (cause) {
    throw badFile(file, 'holds no private key in PEM form, or one with a passphrase', cause)
  }
}

function badFile(file: string, what: string, cause?: unknown): WeirError {
  return new WeirError('config/tls-file-bad', `${file} ${what}`, { domain: 'user', cause })
}
