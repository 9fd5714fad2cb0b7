// What goes wrong between two ends of TLS, in words of ours. Node tells by codes of OpenSSL, and differently on each side.

import { WeirError } from '../core/errors.ts'

/** Codes by which OpenSSL and node say that what came was no TLS. */
const NO_TLS =
  /^ERR_SSL_(?:WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST|PACKET_LENGTH_TOO_LONG|UNEXPECTED_MESSAGE|RECORD_LAYER_FAILURE|BAD_PACKET_LENGTH)$/
const NOT_ISSUED_BY_OURS =
  /^(?:UNABLE_TO_|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|INVALID_CA|UNSPECIFIED)/
const OUT_OF_DATE = /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID)$/
const ALERT_NO_CERTIFICATE = /CERTIFICATE_REQUIRED|certificate required/

export interface Fault {
  readonly code?: string | undefined
  readonly message: string
}

/** `peer`: who is at the other end, as the reader knows it. */
export function handshakeProblem(fault: Fault, peer: string): WeirError {
  const code = fault.code ?? ''
  if (fault instanceof WeirError) return fault
  if (NO_TLS.test(code)) return notTls(peer)
  if (OUT_OF_DATE.test(code)) {
    const when = code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'
    return new WeirError('tls/expired', `the certificate of ${peer} ${when}`, {
      domain: 'user',
      hint: 'Renew it there, or check the clocks of both machines.',
    })
  }
  if (NOT_ISSUED_BY_OURS.test(code)) {
    return new WeirError(
      'tls/untrusted',
      `the certificate of ${peer} is not from an authority of ours`,
      {
        domain: 'user',
        hint: 'All processes and clients of a cluster need certificates of the same authority.',
      },
    )
  }
  if (ALERT_NO_CERTIFICATE.test(`${code} ${fault.message}`)) return notAccepted(peer)
  return new WeirError('tls/handshake-failed', `no TLS with ${peer}: ${plain(fault.message)}`, {
    domain: 'external',
    retry: 'backoff',
  })
}

export function noHandshake(peer: string, afterMs: number): WeirError {
  const message = `${peer} did not finish the TLS handshake within ${afterMs} ms`
  return new WeirError('tls/handshake-failed', message, { domain: 'external', retry: 'backoff' })
}

/** OpenSSL's `403DE9…:error:0A00010B:SSL routines:…:wrong version number:../deps/…:77:` holds one thing to read. */
function plain(message: string): string {
  const [, reason] = /:error:[^:]*:[^:]*:[^:]*:([^:]+):/.exec(message) ?? []
  return reason ?? message.split('\n')[0] ?? message
}

export function notTls(peer: string): WeirError {
  return new WeirError('tls/plaintext', `${peer} speaks without TLS, and here it is wanted`, {
    domain: 'user',
    hint: 'Set security.ssl.internal.enabled, or --tls-dir, alike on both sides.',
  })
}

export function tlsRequired(peer: string): WeirError {
  return new WeirError('tls/required', `${peer} wants TLS, and here none is set up`, {
    domain: 'user',
    hint: 'Name a directory with certificates: --tls-dir, WEIR_TLS_DIR, or security.ssl.directory.',
  })
}

export function noCertificate(peer: string): WeirError {
  return new WeirError('tls/no-certificate', `${peer} presented no certificate`, { domain: 'user' })
}

/** It may also have ended just then: who waits for it tries again. */
export function notAccepted(peer: string): WeirError {
  return new WeirError('tls/not-accepted', `${peer} did not go on after seeing our certificate`, {
    domain: 'user',
    retry: 'backoff',
    hint: 'Is it of an authority that is known there, and valid by that clock? The log there says why.',
  })
}

export function wrongName(peer: string, reason: string): WeirError {
  return new WeirError('tls/wrong-name', `the certificate of ${peer} is for others: ${reason}`, {
    domain: 'user',
    hint: 'Make it with --hosts for every name that is dialed, or see security.ssl.verify-hostname.',
  })
}

export function wrongRole(who: string, has: string | null, wanted: readonly string[]): WeirError {
  const role = has === null ? 'no role' : `the role ${has}`
  return new WeirError(
    'tls/wrong-role',
    `${who} has ${role} in its certificate, not ${wanted.join(' or ')}`,
    {
      domain: 'user',
      hint: 'Each kind of process, and clients, need a certificate of their own: `weir certs show FILE`.',
    },
  )
}
