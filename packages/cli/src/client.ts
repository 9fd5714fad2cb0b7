// Opens the connection to a cluster. The gRPC library is loaded only here: commands that stay at home start faster.

import type { Scheduler } from '@weirjs/common/core/clock'
import { silentLog } from '@weirjs/common/core/log'
import { fromFailure, toFailure, WeirError } from '@weirjs/common/core/errors'
import type { Identity } from '@weirjs/common/tls/identity'
import type { GlobalOptions, Session } from './cli.ts'
import { type ClusterChoice, chooseCluster, clusterDirectory, clusterFilePath } from './context.ts'

export interface ConnectOptions {
  readonly options: GlobalOptions
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly scheduler: Scheduler
}

/** Errors: `cli/no-cluster`, `config/token-...`. Nothing is sent yet. */
export async function connectCluster(how: ConnectOptions): Promise<Session> {
  const { cluster, tokenFile, tlsDir } = how.options
  const choice = chooseCluster({ cluster, tokenFile, tlsDir, env: how.env, cwd: how.cwd })
  return openSession(choice, how.scheduler)
}

export async function openSession(choice: ClusterChoice, scheduler: Scheduler): Promise<Session> {
  if (choice.tokenFile === null) {
    throw new WeirError(
      'config/token-missing',
      `no token is known for the cluster at ${choice.address}`,
      {
        domain: 'user',
        hint: 'name its file with --token-file or WEIR_TOKEN_FILE',
      },
    )
  }
  const [{ connectJobManager }, { readToken }, { readKeyOf }] = await Promise.all([
    import('@weirjs/common/rpc/job-client'),
    import('@weirjs/common/rpc/token'),
    import('@weirjs/common/node/http-access'),
  ])
  const token = readToken(choice.tokenFile)
  const connection = connectJobManager({
    address: choice.address,
    token,
    sender: `cli-${process.pid}`,
    scheduler,
    tls: await clientIdentity(choice, scheduler),
  })
  return {
    client: explained(connection.client, choice),
    address: choice.address,
    readKey: readKeyOf(token),
    close: () => connection.close(),
  }
}

/** A command is short: its files are read once. Errors: those of `readCredentials`. */
async function clientIdentity(
  { tlsDirectory }: ClusterChoice,
  scheduler: Scheduler,
): Promise<Identity | undefined> {
  if (tlsDirectory === null) return undefined
  const [{ FileIdentity }, { filesIn }] = await Promise.all([
    import('@weirjs/common/tls/file-identity'),
    import('@weirjs/common/tls/identity'),
  ])
  return FileIdentity.open({
    files: filesIn(tlsDirectory, 'client'),
    role: 'client',
    verifiesNames: true,
    reloadIntervalMs: null,
    scheduler,
    log: silentLog,
  })
}

/** The client, with errors of a cluster that is not there saying which one was meant and what to do. */
function explained<Client extends object>(client: Client, choice: ClusterChoice): Client {
  return new Proxy(client, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args)
        return result instanceof Promise
          ? result.catch((error: unknown) => Promise.reject(explain(error, choice)))
          : result
      }
    },
  })
}

/** `weir cluster start` looks in its own directory and in those above; a cluster file that was named lies anywhere. */
function hintFor({ kind, origin }: ClusterChoice): string {
  if (kind === 'address')
    return 'does its JobManager run there? Commands talk to its control port (jobmanager.rpc.port, 6123 by default), not to that of the page'
  const directory = clusterDirectory(origin)
  const where = origin === clusterFilePath(directory) ? ` in ${directory}` : ''
  return `\`weir cluster start\`${where} starts what is missing; \`weir cluster logs\` has what it said last`
}

function explain(error: unknown, choice: ClusterChoice): unknown {
  if (!(error instanceof WeirError) || error.code !== 'rpc/unavailable') return error
  return fromFailure({
    ...toFailure(error),
    message: `no JobManager answers at ${choice.address} (named by ${choice.origin})`,
    hint: hintFor(choice),
  })
}
