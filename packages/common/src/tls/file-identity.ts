// An identity that follows its files. They are looked at again and again; new ones are taken when all three fit together,
// for connections made from then on. Until they do, and when they never do, the old ones stay: what was refused is tried at
// every look, because what was wrong need not be in the files (their modes, the clock), and the log hears each reason once.

import type { X509Certificate } from 'node:crypto'
import { type BigIntStats, statSync } from 'node:fs'
import type { SecureContext, SecureContextOptions } from 'node:tls'
import type { Scheduler } from '../core/clock.ts'
import { toFailure } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import {
  checkName,
  type Credentials,
  EXPIRES_SOON_MS,
  type Identity,
  type IdentityFiles,
  readCredentials,
} from './identity.ts'
import type { Role } from './roles.ts'

export const RELOAD_INTERVAL_MS = 10_000
/** That a certificate ends soon is said so often. */
export const REMIND_INTERVAL_MS: number = 24 * 3_600_000

export interface FileIdentityOptions {
  readonly files: IdentityFiles
  /** What the certificate must allow. */
  readonly role: Role
  readonly verifiesNames: boolean
  /** What others dial, and so what the certificate must be for where names are verified. Default: that is not known. */
  readonly ownHost?: string | undefined
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
  /** Of the files that are in use. */
  #marks: string
  /** Why those that are there now are not in use; null: they are. */
  #refusal: string | null = null
  #remindedAtMs = Number.NEGATIVE_INFINITY
  #cancelTimer = (): void => {}

  private constructor(options: FileIdentityOptions, marks: string, credentials: Credentials) {
    this.#options = options
    this.verifiesNames = options.verifiesNames
    this.#marks = marks
    this.#credentials = credentials
    this.#remind()
    this.#lookLater()
  }

  /** Errors: those of `readCredentials`, and `config/tls-wrong-name`. */
  static open(options: FileIdentityOptions): FileIdentity {
    const marks = marksOf(options.files)
    return new FileIdentity(options, marks, readAll(options))
  }

  get options(): SecureContextOptions {
    return this.#credentials.options
  }

  get context(): SecureContext {
    return this.#credentials.context
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
      this.#remind()
      this.#lookLater()
    })
  }

  #look(): void {
    // Before they are read: what changes meanwhile is seen the next time.
    const marks = marksOf(this.#options.files)
    if (marks === this.#marks) {
      this.#refusal = null
      return
    }
    try {
      this.#credentials = readAll(this.#options)
    } catch (error) {
      this.#refuse(error)
      return
    }
    this.#marks = marks
    this.#refusal = null
    const { files, log } = this.#options
    log.info({ file: files.certificate, validTo: this.#validTo }, 'new certificates are in use')
    this.#remindedAtMs = Number.NEGATIVE_INFINITY
    for (const listener of this.#listeners) listener()
  }

  /** Half-written, wrong, or too early: the old ones are good. */
  #refuse(error: unknown): void {
    const { code, message: reason } = toFailure(error)
    if (reason === this.#refusal) return
    this.#refusal = reason
    this.#options.log.warn({ code, reason }, 'new certificates are not taken; the old ones stay')
  }

  #remind(): void {
    const { files, scheduler, log } = this.#options
    if (this.#credentials.validTo.getTime() - scheduler.wallMs() > EXPIRES_SOON_MS) return
    if (scheduler.nowMs() - this.#remindedAtMs < REMIND_INTERVAL_MS) return
    this.#remindedAtMs = scheduler.nowMs()
    log.warn({ file: files.certificate, validTo: this.#validTo }, 'the certificate expires soon')
  }

  get #validTo(): string {
    return this.#credentials.validTo.toISOString()
  }
}

function readAll({
  files,
  role,
  verifiesNames,
  ownHost,
  scheduler,
}: FileIdentityOptions): Credentials {
  const credentials = readCredentials(files, role, scheduler.wallMs())
  if (verifiesNames && ownHost !== undefined) checkName(credentials.certificate, ownHost)
  return credentials
}

/** Changes when a file is written or replaced. */
function marksOf({ ca, certificate, key }: IdentityFiles): string {
  return [ca, certificate, key].map(markOf).join(' ')
}

function markOf(file: string): string {
  try {
    const status: BigIntStats = statSync(file, { bigint: true })
    return `${status.ino}/${status.size}/${status.mtimeNs}`
  } catch (error) {
    // It is not there, or cannot be seen just now (rights, a network's file system): reading it says that properly.
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
