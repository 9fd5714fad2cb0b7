// Secrets that open doors: the cluster token (who may speak to a JobManager or worker at all) and the per-job
// credentials of the data plane. Both travel as `authorization: Bearer ...`. Comparing takes the same time for every
// guess. A token file that others may read is refused: a warning in a log has never protected anybody.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

import { WeirError } from '../core/errors.ts'

export const TOKEN_BYTES_MIN = 32
const TOKEN_FILE_BYTES_MAX = 4_096
const OTHERS = 0o077

/** A fresh token of 256 random bits, as 64 hex digits. */
export function makeToken(): string {
  return randomBytes(TOKEN_BYTES_MIN).toString('hex')
}

/**
 * The token in `file` (one line of hex or base64url, white space around it is ignored).
 * Errors: `config/token-missing`, `config/token-exposed` (mode wider than 0600), `config/token-weak` (< 256 bit).
 */
export function readToken(file: string): string {
  const content = readPrivate(file)
  const token = content.trim()
  const bytes = /^[0-9a-fA-F]+$/.test(token)
    ? Math.floor(token.length / 2)
    : /^[A-Za-z0-9_-]+$/.test(token)
      ? Math.floor((token.length * 6) / 8)
      : 0
  if (bytes < TOKEN_BYTES_MIN || new Set(token).size < 8) {
    throw new WeirError('config/token-weak', `the token in ${file} has less than 256 bits`, {
      domain: 'user',
      hint: 'Make one with: openssl rand -hex 32',
    })
  }
  return token
}

function readPrivate(file: string): string {
  try {
    const status = statSync(file)
    if ((status.mode & OTHERS) !== 0) {
      const mode = (status.mode & 0o777).toString(8)
      throw new WeirError('config/token-exposed', `${file} may be read by others (mode ${mode})`, {
        domain: 'user',
        hint: `Run: chmod 600 ${file}`,
      })
    }
    if (status.size > TOKEN_FILE_BYTES_MAX) {
      throw new WeirError('config/token-weak', `${file} is no token: it has ${status.size} bytes`, {
        domain: 'user',
      })
    }
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof WeirError) throw error
    throw new WeirError('config/token-missing', `cannot read the cluster token ${file}`, {
      domain: 'user',
      cause: error,
      hint: 'Start the JobManager first: it makes the token; or copy it from there, and name the copy with --token-file or security.token-file.',
    })
  }
}

/** A check that knows only the digest of the secret and takes the same time for every guess. */
export interface SecretCheck {
  /** `presented`: the value of an `authorization` header, or undefined. */
  accepts(presented: string | undefined): boolean
}

export function secretCheck(secret: string): SecretCheck {
  const expected = digest(bearer(secret))
  return {
    accepts: (presented) => timingSafeEqual(expected, digest(presented ?? '')),
  }
}

/** The value of the `authorization` header. */
export function bearer(secret: string): string {
  return `Bearer ${secret}`
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
