// The certificates of a process as its configuration names them, for gRPC and for HTTP: read once, followed by both.

import { join } from 'node:path'
import type { Scheduler } from '@weirjs/common/core/clock'
import type { Log } from '@weirjs/common/core/log'
import type { ConfigValues } from '@weirjs/common/node/config-keys'
import { FileIdentity } from '@weirjs/common/tls/file-identity'
import { filesIn, type IdentityFiles } from '@weirjs/common/tls/identity'
import type { Role } from '@weirjs/common/tls/roles'

export interface ProcessIdentity {
  /** null: gRPC is not encrypted. */
  readonly internal: FileIdentity | null
  /** null: HTTP is plain. */
  readonly rest: FileIdentity | null
  close(): void
}

/** The files of `role` by configuration. */
export function identityFiles(
  values: ConfigValues,
  dataDirectory: string,
  role: Role,
): IdentityFiles {
  const named = filesIn(values['security.ssl.directory'] ?? join(dataDirectory, 'tls'), role)
  return {
    ca: values['security.ssl.ca-file'] ?? named.ca,
    certificate: values['security.ssl.certificate-file'] ?? named.certificate,
    key: values['security.ssl.key-file'] ?? named.key,
  }
}

/** Errors: `config/tls-...`, `config/key-exposed`. */
export function openIdentity(
  values: ConfigValues,
  own: {
    readonly role: Role
    /** What others dial it by for gRPC; undefined: that is for them to know. */
    readonly host?: string | undefined
    readonly dataDirectory: string
    readonly scheduler: Scheduler
    readonly log: Log
  },
): ProcessIdentity {
  const internal = values['security.ssl.internal.enabled']
  const rest = values['security.ssl.rest.enabled']
  if (!internal && !rest) return { internal: null, rest: null, close: () => {} }
  const identity = FileIdentity.open({
    files: identityFiles(values, own.dataDirectory, own.role),
    role: own.role,
    verifiesNames: values['security.ssl.verify-hostname'],
    ownHost: internal ? own.host : undefined,
    reloadIntervalMs: values['security.ssl.reload-interval'],
    scheduler: own.scheduler,
    log: own.log,
  })
  return {
    internal: internal ? identity : null,
    rest: rest ? identity : null,
    close: () => identity.close(),
  }
}
