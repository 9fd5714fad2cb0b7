// Which cluster a command talks to: what a flag or the environment says, else the cluster file that `weir cluster start`
// wrote in `.weir/` of this directory or one above it, else the context in use, else the cluster file in `~/.weir/`. All
// of them name the address and the token's file; the token itself is never in them.
//
// A cluster file that nobody named may come from somebody else: it was put above a directory that many may write to, or came
// along with something that was unpacked. So one of another user is refused, and what was only found leads no token away from
// this machine.

import {
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { WeirError } from '@weirjs/common/core/errors'
import { refuseToken } from '@weirjs/common/node/config-sources'
import { quoted } from '@weirjs/common/node/config-values'
import { isLoopback } from '@weirjs/common/node/exposure'
import { clusterFileForm, isAddress, readKept } from './kept-files.ts'
import { namedCluster, readContexts } from './named-clusters.ts'

export interface ClusterProcess {
  readonly role: 'jobmanager' | 'taskmanager'
  readonly pid: number
  /** What the system says about when it began, so that a reused pid is not taken for it; null where it says nothing. */
  readonly birth: string | null
  readonly log: string
  /** Of the command `weir`: how it was started, and is started again. */
  readonly args: readonly string[]
  /** `host:port` of its probes and measures; absent: it has none, or an older Weir started it. */
  readonly health?: string
}

/** `.weir/cluster.json`. */
export interface ClusterFile {
  readonly version: 1
  readonly address: string
  readonly tokenFile: string
  /** Directory with the certificates of a client; absent: the cluster speaks without TLS. */
  readonly tlsDirectory?: string
  readonly dataDirectory: string
  readonly startedAtMs: number
  readonly processes: readonly ClusterProcess[]
}

export interface ClusterChoice {
  /** `file`: a cluster file of this machine tells of its processes; `address`: it was named, and may run anywhere. */
  readonly kind: 'file' | 'address'
  readonly address: string
  /** null: no token is known. */
  readonly tokenFile: string | null
  /** Directory with ca.crt, client.crt and client.key; null: without TLS. */
  readonly tlsDirectory: string | null
  /** Where this was read, for messages. */
  readonly origin: string
}

export interface ContextOptions {
  /** `--cluster`: `host:port`, the name of a context, or the path of a cluster file or its directory. */
  readonly cluster?: string | undefined
  readonly tokenFile?: string | undefined
  readonly tlsDir?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

const FILE = join('.weir', 'cluster.json')
const OTHERS_WRITE = 0o022
const ROOT_UID = 0
/** No colon, so no address; no dot or slash, so no path. */
const CONTEXT = /^[a-z][\w-]*$/i

/** What flags and environment say, whatever cluster is meant. */
interface Said {
  readonly tokenFile: string | null
  readonly tlsDirectory: string | null
}

/**
 * Errors: `cli/no-cluster` when nothing names one, `config/token-in-environment`, `config/cluster-file-...` of one that was
 * found.
 */
export function chooseCluster(options: ContextOptions): ClusterChoice {
  refuseToken(options.env)
  const named = options.cluster ?? nonEmpty(options.env['WEIR_CLUSTER'])
  const said: Said = {
    tokenFile: options.tokenFile ?? nonEmpty(options.env['WEIR_TOKEN_FILE']) ?? null,
    tlsDirectory: options.tlsDir ?? nonEmpty(options.env['WEIR_TLS_DIR']) ?? null,
  }
  if (named?.includes('://') === true) checkAddress(named)
  if (named !== undefined && !looksLikePath(named)) {
    return CONTEXT.test(named) ? ofContext(options, named, said) : ofAddress(options, named, said)
  }
  if (named !== undefined) return ofFile(readNamed(resolve(options.cwd, named)), said)
  const nearest = findClusterFile(options, false)
  const { current } = nearest === null ? readContexts(options.env) : { current: null }
  if (current !== null) return ofContext(options, current, said)
  const found = nearest ?? findClusterFile(options)
  if (found === null) {
    throw new WeirError('cli/no-cluster', 'no cluster is known here', {
      domain: 'user',
      hint: 'start one with `weir cluster start`, or name one with --cluster host:port',
    })
  }
  checkNear(found)
  return ofFile(found, said)
}

const ofFile = ({ path, file }: FoundClusterFile, said: Said): ClusterChoice =>
  choice(file, said, { kind: 'file', origin: path })

/**
 * Without a token file the cluster file nearby lends its own, and its certificates with it: what was made for an encrypted
 * connection goes over no other one, however the address is spelled. Of that very address it lends them in any case.
 */
function ofAddress(options: ContextOptions, address: string, said: Said): ClusterChoice {
  checkAddress(address)
  const near = lender(options, said)?.file
  const known = said.tokenFile === null || near?.address === address ? near : undefined
  const { tokenFile = null, tlsDirectory = null } = known ?? {}
  return choice({ address, tokenFile, tlsDirectory }, said, {
    kind: 'address',
    origin: '--cluster',
  })
}

/** Whoever says which token is meant need not hear of a file that is none of theirs. */
function lender(options: ContextOptions, said: Said): FoundClusterFile | null {
  try {
    return findClusterFile(options)
  } catch (error) {
    const isForeign = error instanceof WeirError && error.code === 'config/cluster-file-foreign'
    if (isForeign && said.tokenFile !== null) return null
    throw error
  }
}

function ofContext(options: ContextOptions, name: string, said: Said): ClusterChoice {
  return choice(namedCluster(readContexts(options.env), name), said, {
    kind: 'address',
    origin: `context ${name}`,
  })
}

function choice(
  found: {
    readonly address: string
    readonly tokenFile: string | null
    readonly tlsDirectory?: string | null | undefined
  },
  said: Said,
  how: Pick<ClusterChoice, 'kind' | 'origin'>,
): ClusterChoice {
  return {
    ...how,
    address: found.address,
    tokenFile: said.tokenFile ?? found.tokenFile,
    tlsDirectory: said.tlsDirectory ?? found.tlsDirectory ?? null,
  }
}

/** Error: `config/bad-address`. */
export function checkAddress(said: string): void {
  if (isAddress(said)) return
  throw new WeirError('config/bad-address', `${quoted(said)} is no address of a cluster`, {
    domain: 'user',
    hint: 'write host:port, for instance 127.0.0.1:6123',
  })
}

export interface FoundClusterFile {
  readonly path: string
  readonly file: ClusterFile
}

/**
 * The nearest cluster file: here, above, or (unless `home` is false) at home. Errors: `config/cluster-file-damaged`,
 * `config/cluster-file-foreign`.
 */
export function findClusterFile(
  options: Pick<ContextOptions, 'env' | 'cwd'>,
  home = true,
): FoundClusterFile | null {
  for (const path of candidates(options, home)) {
    if (existsSync(path)) return { path, file: readClusterFile(path) }
  }
  return null
}

/** The cluster that `weir cluster start` left running. Error: `cluster/not-found`. */
export function localCluster(options: Pick<ContextOptions, 'env' | 'cwd'>): FoundClusterFile {
  const found = findClusterFile(options)
  if (found !== null) return found
  throw new WeirError('cluster/not-found', 'no cluster was started here', {
    domain: 'user',
    hint: '`weir cluster start` starts one; of a cluster that runs elsewhere its own tools tell (docker compose logs, journalctl)',
  })
}

function* candidates(
  options: Pick<ContextOptions, 'env' | 'cwd'>,
  withHome: boolean,
): Generator<string> {
  let directory = resolve(options.cwd)
  for (;;) {
    yield join(directory, FILE)
    if (directory === dirname(directory)) break
    directory = dirname(directory)
  }
  const home = nonEmpty(options.env['HOME'])
  if (withHome && home !== undefined) yield join(home, FILE)
}

function readNamed(path: string): FoundClusterFile {
  for (const candidate of [path, join(path, 'cluster.json'), join(path, FILE)]) {
    if (candidate.endsWith('.json') && existsSync(candidate))
      return { path: candidate, file: read(candidate) }
  }
  throw new WeirError('cli/no-cluster', `there is no cluster file at ${path}`, { domain: 'user' })
}

/** Of a file that nobody named. Errors: `config/cluster-file-damaged`, `config/cluster-file-foreign`. */
export function readClusterFile(path: string): ClusterFile {
  refuseForeign(path)
  return read(path)
}

const read = (path: string): ClusterFile =>
  readKept(path, clusterFileForm, (where, cause) => damaged(path, where, cause))

/** What root leaves somewhere is meant for all who come by. A link is as good as whoever made it. */
function refuseForeign(path: string): void {
  const own = process.getuid?.()
  if (own === undefined) return
  const file = statSync(path, { throwIfNoEntry: false })
  const name = lstatSync(path, { throwIfNoEntry: false })
  // Gone meanwhile: who reads it says so.
  if (file === undefined || name === undefined) return
  for (const { uid } of [file, name]) {
    if (uid !== own && uid !== ROOT_UID) throw foreign(path, `belongs to another user (uid ${uid})`)
  }
  if ((file.mode & OTHERS_WRITE) === 0) return
  throw foreign(path, `may be written by others (mode ${(file.mode & 0o777).toString(8)})`)
}

function foreign(path: string, why: string): WeirError {
  return new WeirError('config/cluster-file-foreign', `the cluster file ${path} ${why}`, {
    domain: 'user',
    hint: `nobody named it: if you trust it, say --cluster ${path}; if not, work in a directory of your own`,
  })
}

/** `weir cluster start` writes no other address. */
function checkNear({ path, file: { address } }: FoundClusterFile): void {
  if (isLoopback(address.replace(/:\d+$/, ''))) return
  throw new WeirError(
    'config/cluster-file-elsewhere',
    `the cluster file ${path} was found there, and leads to ${address}, another machine`,
    {
      domain: 'user',
      hint: `if you trust it, say --cluster ${path}; or name that cluster with \`weir context add\``,
    },
  )
}

function damaged(path: string, where: string, cause: unknown): WeirError {
  return new WeirError('config/cluster-file-damaged', `${path} is not a cluster file${where}`, {
    domain: 'user',
    hint: 'end what still runs of that cluster (`ps` shows its `weir jobmanager` and `weir taskmanager`), then remove it',
    cause,
  })
}

/** Path of the cluster file of a directory. */
export const clusterFilePath = (directory: string): string => join(directory, FILE)

/** The directory in which the cluster of a cluster file was started, and its processes run. */
export const clusterDirectory = (path: string): string => dirname(dirname(path))

/** Error: `config/cluster-file`. */
export function writeClusterFile(path: string, file: ClusterFile): void {
  const staged = `${path}.${process.pid}`
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    writeFileSync(staged, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 })
    renameSync(staged, path)
  } catch (cause) {
    if (existsSync(staged)) rmSync(staged)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new WeirError('config/cluster-file', `cannot write ${path}: ${reason}`, {
      domain: 'user',
      cause,
      hint: 'a cluster is written down in .weir of the directory that it is started in',
    })
  }
}

export function removeClusterFile(path: string): void {
  rmSync(path, { force: true })
}

const nonEmpty = (text: string | undefined): string | undefined =>
  text === undefined || text === '' ? undefined : text
const looksLikePath = (text: string): boolean =>
  text.includes('/') || text.endsWith('.json') || text.startsWith('.')
