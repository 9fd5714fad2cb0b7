// Certificates of a cluster with TLS, and those with which strangers come to it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Authority, fromNow, makeAuthority } from '@weirjs/common/tls/certificates.fixture'
import { filesIn } from '@weirjs/common/tls/identity'
import type { CertificateWish } from '@weirjs/common/tls/make-certificate'
import { ROLES, roleUri } from '@weirjs/common/tls/roles'

export interface Paper {
  readonly cert: string
  readonly key: string
}

const REFUSED = ['of another authority', 'signed by itself', 'expired', 'not valid yet'] as const
const BELIEVED = [...ROLES, 'nobody', 'everybody'] as const

export interface Papers {
  readonly ca: string
  /** Not to be believed by any process. */
  readonly refused: Readonly<Record<(typeof REFUSED)[number], Paper>>
  /** To be believed, by role: `nobody` has none, `everybody` all three. */
  readonly believed: Readonly<Record<(typeof BELIEVED)[number], Paper>>
}

export const REFUSED_PAPERS: readonly (keyof Papers['refused'])[] = REFUSED

export function makePapers(): Papers {
  const authority = makeAuthority()
  const of = (uris: readonly string[]): Paper => issue(authority, { uris })
  const [jobmanager, taskmanager, client] = ROLES.map((role) => of([roleUri(role)])) as [
    Paper,
    Paper,
    Paper,
  ]
  const self = makeAuthority('self')
  return {
    ca: authority.certificate,
    refused: {
      'of another authority': issue(makeAuthority()),
      'signed by itself': issue(self, { commonName: 'self' }),
      expired: issue(authority, { notAfterMs: fromNow(-1) }),
      'not valid yet': issue(authority, { notBeforeMs: fromNow(1) }),
    },
    believed: {
      jobmanager,
      taskmanager,
      client,
      nobody: of([]),
      everybody: of(ROLES.map(roleUri)),
    },
  }
}

function issue(authority: Authority, wish: Partial<CertificateWish> = {}): Paper {
  const { certificate, key } = authority.issue(wish)
  return { cert: certificate, key }
}

/** As `weir certs create` leaves them. */
export function writePapers(directory: string, { ca, believed }: Papers): void {
  for (const role of ROLES) {
    const files = filesIn(directory, role)
    writeFileSync(files.certificate, believed[role].cert)
    writeFileSync(files.key, believed[role].key, { mode: 0o600 })
  }
  writeFileSync(join(directory, 'ca.crt'), ca)
}
