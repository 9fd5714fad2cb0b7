// Who a slot is on the data plane: its attempt. All slots of an attempt know one secret; each makes the same key and the
// same certificate of it, presents that one and trusts no other (ADR 9). It is good for as long as somebody serves the
// attempt, so it names no end: X.509 has a date for that.

import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { type Identity, TLS_VERSION_MIN } from './identity.ts'
import { makeCertificate } from './make-certificate.ts'

const PURPOSE = 'weir/data-plane/ed25519/1'
const SEED_BYTES = 32
/** An Ed25519 key in PKCS #8 is its 32 bytes behind these. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')
const COMMON_NAME = 'weir slot'
/** 2000-01-01T00:00:00Z. */
const BEGIN_MS = 946_684_800_000
/** 9999-12-31T23:59:59Z. */
const NO_END_MS = 253_402_300_799_000

/** `credential`: of the job and attempt, from SlotRequest. */
export function attemptIdentity(credential: string): Identity {
  const seed = Buffer.from(hkdfSync('sha256', credential, '', PURPOSE, SEED_BYTES))
  const der = Buffer.concat([PKCS8_HEAD, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(privateKey)
  const certificate = makeCertificate(
    {
      commonName: COMMON_NAME,
      hosts: [],
      uris: [],
      notBeforeMs: BEGIN_MS,
      notAfterMs: NO_END_MS,
      serial: Buffer.from([1]),
      use: 'both',
    },
    publicKey,
    { commonName: COMMON_NAME, privateKey, publicKey },
  )
  const options: SecureContextOptions = {
    ca: certificate,
    cert: certificate,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    minVersion: TLS_VERSION_MIN,
  }
  const context = createSecureContext(options)
  return { options, context, verifiesNames: false, onRenewed: () => () => {} }
}
