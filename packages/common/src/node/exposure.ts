// Who may reach a port of ours. Loopback is always fine. Any other address is reachable by others, who could read what
// travels, the token included, unless it is encrypted: then somebody has to say that this network is trusted, and the log
// says that somebody did.

import { isIPv4, isIPv6 } from 'node:net'
import { hostname } from 'node:os'
import { WeirError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'

export interface Exposure {
  readonly bindHost: string
  /** The key that it comes from. */
  readonly key: string
  /** What travels is encrypted. */
  readonly secured: boolean
  /** The setting that would encrypt it. */
  readonly securedBy: string
  /** `security.insecure`: somebody vouches for the network. */
  readonly insecure: boolean
  readonly log: Log
}

/** Throws `config/insecure-bind`. */
export function checkExposure(exposure: Exposure): void {
  const { bindHost, key, secured, securedBy, insecure, log } = exposure
  if (secured || isLoopback(bindHost)) return
  if (insecure) {
    const fields = { bindHost, key }
    log.warn(fields, 'listens to others without encryption, as security.insecure allows')
    return
  }
  throw new WeirError(
    'config/insecure-bind',
    `${key} is ${bindHost}, where others can reach it, and connections are not encrypted`,
    {
      domain: 'user',
      hint: `Set ${securedBy}; or bind 127.0.0.1; or say --insecure when you trust that network.`,
    },
  )
}

export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (isIPv4(plain)) return plain.startsWith('127.')
  return plain === 'localhost' || (isIPv6(plain) && /^(?:0*:)*:?0*1$/.test(plain))
}

/** Listens on every address of the machine: no name that others could dial. */
export function isWildcard(host: string): boolean {
  const plain = host.replace(/^\[(.*)\]$/, '$1')
  return plain === '0.0.0.0' || (isIPv6(plain) && /^[0:]+$/.test(plain))
}

/** What others dial. In a network of containers the name of the machine is what they know it by. */
export function advertisedHost(said: string | null, bindHost: string): string {
  return said ?? (isWildcard(bindHost) ? hostname() : bindHost)
}
