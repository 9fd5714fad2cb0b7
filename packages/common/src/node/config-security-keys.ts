// Keys of transport security. Names are Flink's where the meaning is equal; certificates are PEM files here.

import { type KeyDefinition, ofProcess } from './config-definition.ts'
import { boolean, duration, orWord, text, type ValueSchema } from './config-values.ts'

/** Durations are milliseconds; null is "none" or "not said". */
export interface SecurityValues {
  readonly 'security.token-file': string | null
  readonly 'security.insecure': boolean
  readonly 'security.ssl.internal.enabled': boolean
  readonly 'security.ssl.rest.enabled': boolean
  readonly 'security.ssl.directory': string | null
  readonly 'security.ssl.ca-file': string | null
  readonly 'security.ssl.certificate-file': string | null
  readonly 'security.ssl.key-file': string | null
  readonly 'security.ssl.verify-hostname': boolean
  readonly 'security.ssl.reload-interval': number | null
}

const path: ValueSchema<string | null> = text

export const SECURITY_KEYS: {
  readonly [K in keyof SecurityValues]: KeyDefinition<SecurityValues[K]>
} = {
  'security.token-file': ofProcess(
    path,
    null,
    'File with the cluster token, mode 0600; default: token in data.dir.',
    ['cluster.token.file'],
  ),
  'security.insecure': ofProcess(
    boolean,
    false,
    'Listen to other addresses than loopback without encryption: that network is trusted.',
  ),
  'security.ssl.internal.enabled': ofProcess(
    boolean,
    false,
    'TLS 1.3 with certificates of both sides on every gRPC connection: control, data, commands.',
    ['security.ssl.enabled'],
  ),
  'security.ssl.rest.enabled': ofProcess(
    boolean,
    false,
    "HTTPS, with the process's own certificate, on rest.port and health.port.",
  ),
  'security.ssl.directory': ofProcess(
    path,
    null,
    'Where `weir certs create` wrote: ca.crt, and for each role a certificate and a key; default: tls in data.dir.',
  ),
  'security.ssl.ca-file': ofProcess(
    path,
    null,
    'Certificates of the authorities that are believed; default: ca.crt in security.ssl.directory.',
  ),
  'security.ssl.certificate-file': ofProcess(
    path,
    null,
    "The process's certificate; default: jobmanager.crt or taskmanager.crt in security.ssl.directory.",
  ),
  'security.ssl.key-file': ofProcess(
    path,
    null,
    'Its key, mode 0600; default: jobmanager.key or taskmanager.key in security.ssl.directory.',
  ),
  'security.ssl.verify-hostname': ofProcess(
    boolean,
    true,
    'The name that is dialed must be in the certificate of who answers. Authority and role are checked always.',
  ),
  'security.ssl.reload-interval': ofProcess(
    orWord('off', duration(100)),
    10_000,
    'How often the files are looked at; new ones serve new connections.',
  ),
}
