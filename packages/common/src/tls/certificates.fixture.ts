// Authorities and certificates for tests, good and bad ones, as identities and as files.

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { systemScheduler } from '../node/system-scheduler.ts'
import type { Identity, IdentityFiles } from './identity.ts'
import { type CertificateWish, makeCertificate, type Signer } from './make-certificate.ts'
import { roleUri } from './roles.ts'

const DAY_MS = 24 * 3_600_000

interface Pair {
  readonly certificate: string
  readonly key: string
}

export interface Authority {
  readonly certificate: string
  issue(wish?: Partial<CertificateWish>, keys?: Keys): Pair
}

interface Keys {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

const keyPair = (): Keys => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const clock = systemScheduler()
export const fromNow = (days: number): number => clock.wallMs() + days * DAY_MS

export function makeAuthority(
  commonName = 'authority of a test',
  more: Partial<CertificateWish> = {},
  keys = keyPair(),
): Authority {
  const signer: Signer = { commonName, ...keys }
  const validity = { notBeforeMs: fromNow(-2), notAfterMs: fromNow(2) }
  const wish: CertificateWish = {
    commonName,
    hosts: [],
    uris: [],
    ...validity,
    use: 'authority',
    ...more,
  }
  return {
    certificate: makeCertificate(wish, signer.publicKey, signer),
    issue: (own = {}, { privateKey, publicKey } = keyPair()) => {
      const whole: CertificateWish = {
        commonName: 'somebody',
        hosts: ['127.0.0.1', 'localhost'],
        uris: [roleUri('client')],
        ...validity,
        use: 'both',
        ...own,
      }
      return { certificate: makeCertificate(whole, publicKey, signer), key: pem(privateKey) }
    },
  }
}

export interface FixedIdentity extends Identity {
  /** Shows another certificate, and believes others, from now on. */
  renew(pair: Pair, believed: Authority): void
}

export function identityOf(pair: Pair, believed: Authority, verifiesNames = true): FixedIdentity {
  const listeners = new Set<() => void>()
  const of = (shown: Pair, ca: Authority): Pick<Identity, 'options' | 'context'> => {
    const options = {
      ca: ca.certificate,
      cert: shown.certificate,
      key: shown.key,
      minVersion: 'TLSv1.3',
    } as const
    return { options, context: createSecureContext(options) }
  }
  let current = of(pair, believed)
  return {
    verifiesNames,
    get options() {
      return current.options
    },
    get context() {
      return current.context
    },
    onRenewed: (callback) => {
      listeners.add(callback)
      return () => listeners.delete(callback)
    },
    renew: (shown, ca) => {
      current = of(shown, ca)
      for (const listener of listeners) listener()
    },
  }
}

export function writeFiles(directory: string, pair: Pair, believed: string): IdentityFiles {
  const files: IdentityFiles = {
    ca: join(directory, 'ca.crt'),
    certificate: join(directory, 'own.crt'),
    key: join(directory, 'own.key'),
  }
  writeFileSync(files.ca, believed)
  writeFileSync(files.certificate, pair.certificate)
  writeFileSync(files.key, pair.key, { mode: 0o600 })
  chmodSync(files.key, 0o600)
  return files
}
