// weir certs …: certificates for TLS between processes and from commands: makes them for development, and says what one is.

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { X509Certificate } from 'node:crypto'
import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import { quoted } from '@weirjs/common/node/config-values'
import { certificatesOf } from '@weirjs/common/tls/identity'
import { namesOf, roleOf } from '@weirjs/common/tls/roles'
import type { Cli, GlobalOptions } from '../cli.ts'
import { CERTIFICATE_DAYS, createCertificates, DAYS_MAX } from '../development-certificates.ts'
import { show } from '../output/show.ts'
import { facts } from '../output/table.ts'
import { wholeNumber } from '../whole-number.ts'

interface CreateOptions extends GlobalOptions {
  readonly dir: string
  readonly hosts?: string
  readonly days: string
  readonly force?: boolean
}

const HOST = /^(?:\*\.)?[\w.-]{1,253}$|^\[?[\da-f:.]+\]?$/i
const HOSTS_MAX = 1_000

export function addCertsCommands(program: Command, cli: Cli): void {
  const certs = program.command('certs').description('certificates for TLS')
  certs
    .command('create')
    .description('make an authority, and a certificate for each role, for development')
    .requiredOption('--dir <directory>', 'where to')
    .option('--hosts <hosts>', 'names and addresses that processes are dialed by, with commas')
    .option('--days <n>', 'how long they are good', `${CERTIFICATE_DAYS}`)
    .option('--force', 'make new certificates of the authority that is there')
    .action((_own: object, command: Command) => create(cli, command.optsWithGlobals()))
  certs
    .command('show')
    .argument('<file>', 'a certificate in PEM form')
    .description('whose it is, what it allows, and until when')
    .action((file: string, _own: object, command: Command) =>
      showFile(cli, file, command.optsWithGlobals()),
    )
}

/** Where a process on this machine can be dialed. */
export const localHosts = (): readonly string[] => [
  'localhost',
  '127.0.0.1',
  '::1',
  ...(hostname() === 'localhost' ? [] : [hostname()]),
]

function create(cli: Cli, options: CreateOptions): void {
  const directory = resolve(cli.cwd, options.dir)
  const hosts = [...new Set([...localHosts(), ...hostsOf(options.hosts)])]
  const { files, validTo } = createCertificates({
    directory,
    hosts,
    days: wholeNumber(options.days, '--days', { least: 1, most: DAYS_MAX }),
    force: options.force === true,
    nowMs: cli.scheduler.wallMs(),
  })
  show(cli.terminal(options), options, {
    json: { directory, hosts, files, validTo: validTo.toISOString() },
    names: files,
    lines: files,
  })
  cli.terminal(options).note(`dialed as ${hosts.join(', ')}`)
  cli.terminal(options).note(`good until ${validTo.toISOString()}`)
  cli.terminal(options).note('keep ca.key away from the machines of the cluster')
}

function hostsOf(text: string | undefined): readonly string[] {
  if (text === undefined) return []
  const hosts = text.split(',').map((host) => host.trim())
  const wrong = hosts.find((host) => !HOST.test(host))
  if (wrong === undefined && hosts.length <= HOSTS_MAX) return hosts
  const what = wrong === undefined ? `${hosts.length} names` : quoted(wrong)
  throw new WeirError('cli/usage', `--hosts: ${what} cannot be`, {
    domain: 'user',
    hint: 'names and addresses with commas between them: jm.example.org,10.0.0.5',
  })
}

interface Shown {
  readonly subject: string
  readonly issuer: string
  readonly role: string | null
  readonly names: readonly string[]
  readonly validFrom: string
  readonly validTo: string
  readonly fingerprint: string
}

const shownOf = (one: X509Certificate): Shown => ({
  subject: one.subject,
  issuer: one.issuer,
  role: roleOf(one),
  names: namesOf(one.subjectAltName ?? ''),
  validFrom: one.validFromDate.toISOString(),
  validTo: one.validToDate.toISOString(),
  fingerprint: one.fingerprint256,
})

function showFile(cli: Cli, file: string, options: GlobalOptions): void {
  const path = resolve(cli.cwd, file)
  const certificates = certificatesOf(textOf(path), path).map(shownOf)
  show(cli.terminal(options), options, {
    json: { file: path, certificates },
    names: certificates.map(({ fingerprint }) => fingerprint),
    lines: certificates.flatMap((one) =>
      facts([
        ['Subject', one.subject],
        ['Issuer', one.issuer],
        ['Role', one.role ?? 'none'],
        ['Names', one.names.join(', ') || '-'],
        ['Valid from', one.validFrom],
        ['Valid to', one.validTo],
        ['SHA-256', one.fingerprint],
      ]),
    ),
  })
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const message = `cannot read ${path}`
    throw new WeirError('config/tls-file-missing', message, { domain: 'user', cause })
  }
}
