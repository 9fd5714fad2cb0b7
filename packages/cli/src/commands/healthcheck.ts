// weir healthcheck: asks the process of this machine, over loopback, whether it is of use, as a container engine wants to
// know every few seconds. It needs no cluster, no token and no network: only the port that `health.port` says.

import { type IncomingMessage, request } from 'node:http'
import { request as secureRequest, type RequestOptions } from 'node:https'
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { WeirError } from '@weirjs/common/core/errors'
import { loadConfig } from '@weirjs/common/node/config'
import { quoted } from '@weirjs/common/node/config-values'
import type { ConfigValues } from '@weirjs/common/node/config-keys'
import { isWildcard } from '@weirjs/common/node/exposure'
import type { HealthAnswer } from '@weirjs/common/node/health-server'
import type { Role } from '@weirjs/common/tls/roles'
import type { Cli, GlobalOptions } from '../cli.ts'
import { show } from '../output/show.ts'
import { configFile } from './config.ts'
import { identityFiles } from '../process-identity.ts'
import { gather } from './run.ts'

const ROLES: readonly Role[] = ['jobmanager', 'taskmanager']
const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text)
const ANSWER_MS_MAX = 3_000
const ANSWER_BYTES_MAX = 64 * 1_024

interface HealthCheckOptions extends GlobalOptions {
  readonly config?: string
  readonly define: readonly string[]
}

export function addHealthCheck(program: Command, cli: Cli): void {
  program
    .command('healthcheck')
    .argument('[role]', 'jobmanager or taskmanager: who must be there')
    .description(
      'whether the process behind health.port of this machine is ready: exit code 0 or 1',
    )
    .option('--config <file>', 'YAML file with configuration keys')
    .option('-D, --define <key=value>', 'set a configuration key; may be repeated', gather, [])
    .action(async (role: string | undefined, _own: object, command: Command) =>
      healthCheck(cli, role, command.optsWithGlobals()),
    )
}

async function healthCheck(
  cli: Cli,
  role: string | undefined,
  options: HealthCheckOptions,
): Promise<void> {
  if (role !== undefined && !isRole(role)) {
    const message = `${quoted(role)} is none of ${ROLES.join(', ')}`
    throw new WeirError('cli/usage', message, { domain: 'user' })
  }
  const sources = { file: configFile(cli, options.config), env: cli.env, defines: options.define }
  const { values } = loadConfig(sources)
  const port = values['health.port']
  if (port === null || port === 0) {
    throw new WeirError('config/no-health-port', 'no health.port is set', {
      domain: 'user',
      hint: 'Set WEIR_HEALTH_PORT for the process and for this command; `weir cluster status` shows the ports of processes that `weir cluster start` started.',
    })
  }
  const bound = values['health.bind-host']
  const host = isWildcard(bound) ? '127.0.0.1' : bound
  const health = await ask(host, port, secureOptions(values, role ?? null))
  const isOther = role !== undefined && health.role !== role
  const reason = isOther ? `a ${health.role} is there` : health.reason
  if (reason !== null) throw unhealthy(role ?? health.role, reason)
  show(cli.terminal(options), options, {
    json: health,
    names: [health.role],
    lines: [`${health.role} is ready`],
  })
}

function unhealthy(who: string, reason: string, cause?: unknown): WeirError {
  const message = `the ${who} is not ready: ${reason}`
  return new WeirError('process/not-ready', message, { domain: 'external', cause })
}

/**
 * null: plain HTTP. Loopback is not asked for its name: the certificate has those that others dial. Error:
 * `config/tls-file-missing`.
 */
function secureOptions(values: ConfigValues, role: Role | null): RequestOptions | null {
  if (!values['security.ssl.rest.enabled']) return null
  const { ca } = identityFiles(values, values['data.dir'], role ?? 'jobmanager')
  try {
    const verified = { rejectUnauthorized: true, checkServerIdentity: () => undefined }
    return { ca: readFileSync(ca), ...verified }
  } catch (cause) {
    const message = `cannot read ${ca}`
    throw new WeirError('config/tls-file-missing', message, { domain: 'user', cause })
  }
}

function ask(host: string, port: number, secure: RequestOptions | null): Promise<HealthAnswer> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const why =
        cause.name === 'TimeoutError' ? `within ${ANSWER_MS_MAX} ms` : `(${cause.message})`
      reject(unhealthy('process', `nobody answers at ${host}:${port} ${why}`, cause))
    }
    const where = { host, port, path: '/readyz', signal, agent: false } as const
    const heard = (response: IncomingMessage): void => {
      let text = ''
      response.on('error', fail)
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (text.length > ANSWER_BYTES_MAX) response.destroy(new Error('it says too much'))
      })
      response.on('end', () => {
        const answer = parse(text)
        if (answer !== null) return resolve(answer)
        reject(unhealthy('process', `what answers at ${host}:${port} is no process of Weir`))
      })
    }
    const asked =
      secure === null ? request(where, heard) : secureRequest({ ...where, ...secure }, heard)
    asked.on('error', (error) => fail(signal.aborted ? (signal.reason as Error) : error))
    asked.end()
  })
}

function parse(text: string): HealthAnswer | null {
  try {
    const { role, status, reason } = JSON.parse(text) as HealthAnswer
    const isAnswer = isRole(role) && (reason === null || typeof reason === 'string')
    return isAnswer ? { role, status, reason } : null
  } catch {
    return null // not JSON
  }
}
