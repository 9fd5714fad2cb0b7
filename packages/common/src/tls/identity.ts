// What an end of a TLS connection shows and whom it believes. The one from files is read and held against itself at start:
// whatever a handshake would trip over later is refused now, by file name. Then the files are looked at again and again;
// new ones are taken when all three fit together, for connections made from then on. Until they do, and when they never
// do, the old ones stay.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { type BigIntStats, readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import type { Scheduler } from '../core/clock.ts'
import { toFailure, WeirError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { type Role, roleOf, roleUri } from './roles.ts'

export const TLS_VERSION_MIN = 'TLSv1.3'
export const RELOAD_INTERVAL_MS = 10_000
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
  readonly certificate: X509Certificate
}

/**
 * Errors: `config/tls-file-missing`, `config/key-exposed`, `config/tls-file-bad`, `config/tls-mismatch`,
 * `config/tls-expired`, `config/tls-wrong-role`.
 */
export function readCredentials(files: IdentityFiles, role: Role, nowMs: number): Credentials {
  const [ca, cert, keyText] = [read(files.ca), read(files.certificate), readKey(files.key)]
  const authorities = certificatesOf(ca, files.ca)
  const certificate = certificatesOf(cert, files.certificate)[0] as X509Certificate
  checkKey(certificate, keyOf(keyText, files.key), files)
  checkChain(certificatesOf(cert, files.certificate), authorities, files)
  checkValidity(certificate, files.certificate, nowMs)
  checkRole(certificate, files.certificate, role)
  return { certificate, options: { ca, cert, key: keyText, minVersion: TLS_VERSION_MIN } }
}

/**
 * Who will be dialed as `host` must have that name in the certificate, or nobody who verifies names will stay connected.
 * Error: `config/tls-wrong-name`.
 */
export function checkOwnName({ options, verifiesNames }: Identity, host: string): void {
  if (!verifiesNames) return
  const [own] = certificatesOf(String(options.cert), 'the certificate') as [X509Certificate]
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

/** Each is signed by the next one, or by an authority. */
function checkChain(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  files: IdentityFiles,
): void {
  for (const [i, certificate] of chain.entries()) {
    const isSignedBy = (other: X509Certificate): boolean =>
      certificate.checkIssued(other) && certificate.verify(other.publicKey)
    if (authorities.some(isSignedBy)) return
    const next = chain[i + 1]
    if (next === undefined || !isSignedBy(next)) break
  }
  throw new WeirError(
    'config/tls-mismatch',
    `${files.certificate} was not signed by an authority in ${files.ca}`,
    { domain: 'user', hint: 'All certificates of a cluster come from authorities that all know.' },
  )
}

function checkValidity(certificate: X509Certificate, file: string, nowMs: number): void {
  const { validFromDate, validToDate } = certificate
  if (nowMs < validFromDate.getTime())
    throw outOfDate(file, `is not valid before ${validFromDate.toISOString()}`)
  if (nowMs > validToDate.getTime())
    throw outOfDate(file, `has expired at ${validToDate.toISOString()}`)
}

function outOfDate(file: string, what: string): WeirError {
  return new WeirError('config/tls-expired', `the certificate ${file} ${what}`, {
    domain: 'user',
    hint: 'Make new ones with `weir certs create --force`, or check the clock of this machine.',
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
  try {
    const { size } = statSync(file)
    if (size > FILE_BYTES_MAX) throw badFile(file, `has ${size} bytes and is no such file`)
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (cause instanceof WeirError) throw cause
    throw new WeirError('config/tls-file-missing', `cannot read ${file}`, {
      domain: 'user',
      cause,
      hint: '`weir certs create` makes certificates for trying things out.',
    })
  }
}

function readKey(file: string): string {
  const text = read(file)
  const mode = statSync(file).mode & 0o777
  if ((mode & OTHERS) === 0) return text
  throw new WeirError(
    'config/key-exposed',
    `${file} may be read by others (mode ${mode.toString(8)})`,
    { domain: 'user', hint: `Run: chmod 600 ${file}` },
  )
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

// ---- an identity that follows its files ----

export interface FileIdentityOptions {
  readonly files: IdentityFiles
  /** What the certificate must allow. */
  readonly role: Role
  readonly verifiesNames: boolean
  /** How often the files are looked at; null: never again. */
  readonly reloadIntervalMs: number | null
  readonly scheduler: Scheduler
  readonly log: Log
}

export class FileIdentity implements Identity {
  readonly verifiesNames: boolean
  readonly #options: FileIdentityOptions
  readonly #listeners = new Set<() => void>()
  #credentials: Credentials
  #context: SecureContext
  #seen: string
  #cancelTimer = (): void => {}

  private constructor(options: FileIdentityOptions, seen: string, credentials: Credentials) {
    this.#options = options
    this.verifiesNames = options.verifiesNames
    this.#seen = seen
    this.#credentials = credentials
    this.#context = createSecureContext(credentials.options)
    this.#tellOfItsEnd()
    this.#lookLater()
  }

  /** Errors: those of `readCredentials`. */
  static open(options: FileIdentityOptions): FileIdentity {
    const seen = marksOf(options.files)
    const credentials = readCredentials(options.files, options.role, options.scheduler.wallMs())
    return new FileIdentity(options, seen, credentials)
  }

  get options(): SecureContextOptions {
    return this.#credentials.options
  }

  get context(): SecureContext {
    return this.#context
  }

  get certificate(): X509Certificate {
    return this.#credentials.certificate
  }

  onRenewed(callback: () => void): () => void {
    this.#listeners.add(callback)
    return () => this.#listeners.delete(callback)
  }

  /** The files are not looked at any more. */
  close(): void {
    this.#cancelTimer()
    this.#listeners.clear()
  }

  #lookLater(): void {
    const { reloadIntervalMs, scheduler } = this.#options
    if (reloadIntervalMs === null) return
    this.#cancelTimer = scheduler.timer(reloadIntervalMs, () => {
      this.#look()
      this.#lookLater()
    })
  }

  #look(): void {
    const { files, role, scheduler, log } = this.#options
    const seen = marksOf(files)
    if (seen === this.#seen) return
    this.#seen = seen
    try {
      this.#credentials = readCredentials(files, role, scheduler.wallMs())
      this.#context = createSecureContext(this.#credentials.options)
    } catch (error) {
      // Half-written, or wrong: the old ones are good, and the next change is looked at again.
      const { code, message } = toFailure(error)
      log.warn({ code, reason: message }, 'new certificates are not taken; the old ones stay')
      return
    }
    const { certificate } = this.#credentials
    const fields = { file: files.certificate, validTo: certificate.validToDate.toISOString() }
    log.info(fields, 'new certificates are in use')
    this.#tellOfItsEnd()
    for (const listener of this.#listeners) listener()
  }

  #tellOfItsEnd(): void {
    const { files, scheduler, log } = this.#options
    const { validToDate } = this.#credentials.certificate
    if (validToDate.getTime() - scheduler.wallMs() > EXPIRES_SOON_MS) return
    const fields = { file: files.certificate, validTo: validToDate.toISOString() }
    log.warn(fields, 'the certificate expires soon')
  }
}

/** Changes when a file is written or replaced. */
function marksOf({ ca, certificate, key }: IdentityFiles): string {
  return [ca, certificate, key].map(markOf).join(' ')
}

function markOf(file: string): string {
  const status: BigIntStats | undefined = statSync(file, { bigint: true, throwIfNoEntry: false })
  return status === undefined ? '-' : `${status.ino}/${status.size}/${status.mtimeNs}`
}
