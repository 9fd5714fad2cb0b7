// Checks of certificates: of every role whose files are here, whether they would be taken, and for how long still.

import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  certificatesOf,
  EXPIRES_SOON_MS,
  filesIn,
  type IdentityFiles,
  readCredentials,
} from '@weirjs/common/tls/identity'
import { type Role, roleOf, ROLES } from '@weirjs/common/tls/roles'
import { findClusterFile } from '../context.ts'
import { identityFiles } from '../process-identity.ts'
import { broken, brokenBy, type Check, type Finding, ok, type Patient, warning } from './check.ts'

const CHECK = 'certificates'
const DAY_MS = 24 * 3_600_000

export const checkCertificates: Check = (patient) => {
  const { values } = patient.config
  const started = findClusterFile(patient.cli)?.file.tlsDirectory
  const wanted = values['security.ssl.internal.enabled'] || values['security.ssl.rest.enabled']
  if (!wanted && started === undefined) return [ok(CHECK, 'TLS is not set up')]
  const said = values['security.ssl.directory'] ?? started ?? join(patient.dataDirectory, 'tls')
  const directory = resolve(patient.cli.cwd, said)
  const found = [...ownFiles(patient), ...filesOfRoles(directory)]
  if (found.length > 0) return found.map(([role, files]) => finding(patient, role, files))
  const hint =
    'make some with `weir certs create --dir`, or name others with security.ssl.directory'
  return [broken(CHECK, `there are none in ${directory}`, hint)]
}

type Found = readonly [Role, IdentityFiles]

const filesOfRoles = (directory: string): readonly Found[] =>
  ROLES.map((role): Found => [role, filesIn(directory, role)]).filter(([, files]) =>
    existsSync(files.certificate),
  )

/** What is named file by file, for whatever process it is. */
function ownFiles({ config, dataDirectory }: Patient): readonly Found[] {
  if (config.values['security.ssl.certificate-file'] === null) return []
  const files = identityFiles(config.values, dataDirectory, 'jobmanager')
  const [first] = certificatesOf(readFileSync(files.certificate, 'utf8'), files.certificate)
  return [[(first && roleOf(first)) ?? 'jobmanager', files]]
}

function finding({ cli }: Patient, role: Role, files: IdentityFiles): Finding {
  const nowMs = cli.scheduler.wallMs()
  try {
    const { certificate, validTo } = readCredentials(files, role, nowMs)
    const leftMs = validTo.getTime() - nowMs
    const withWhom = validTo < certificate.validToDate ? ', with its authority' : ''
    const message = `${files.certificate} is for the ${role}, and ends in ${Math.ceil(leftMs / DAY_MS)} days${withWhom}`
    if (leftMs > EXPIRES_SOON_MS) return ok(CHECK, message)
    return warning(CHECK, message, 'renew it: running processes take the new one by themselves')
  } catch (error) {
    return brokenBy(CHECK, error)
  }
}
