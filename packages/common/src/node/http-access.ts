// Who may read over HTTP. Two secrets are taken: the cluster token, and the read key, which is made from the token, opens
// nothing but reading, and does not lead back to it. So a scraper or a browser need not hold what could run code. A URL
// may carry the read key only, never the token, because URLs are kept in histories and logs; a browser that came with one
// gets it as a cookie, which scripts cannot see and other sites cannot send.

import type { IncomingHttpHeaders } from 'node:http'
import { createHmac } from 'node:crypto'
import { bearer, secretCheck } from '../rpc/token.ts'

const READ_KEY_PURPOSE = 'weir/http/read/1'
/** 128 bits. */
const READ_KEY_HEX_CHARS = 32
const COOKIE_AGE_SECONDS = 30 * 24 * 3_600

/** The same for every process that has the token, so that it stays good when a process is started again. */
export function readKeyOf(token: string): string {
  const mac = createHmac('sha256', token).update(READ_KEY_PURPOSE).digest('hex')
  return mac.slice(0, READ_KEY_HEX_CHARS)
}

export class HttpAccess {
  readonly #token: ReturnType<typeof secretCheck>
  readonly #key: ReturnType<typeof secretCheck>
  readonly #readKey: string

  constructor(token: string) {
    this.#readKey = readKeyOf(token)
    this.#token = secretCheck(token)
    this.#key = secretCheck(this.#readKey)
  }

  /** `cookie`: name of the cookie that counts; null: none does. */
  allows(headers: IncomingHttpHeaders, cookie: string | null = null): boolean {
    const { authorization } = headers
    if (authorization !== undefined) {
      return this.#token.accepts(authorization) || this.#key.accepts(authorization)
    }
    if (cookie === null) return false
    const found = cookieOf(headers.cookie ?? '', cookie)
    return found !== null && this.allowsKey(found)
  }

  /** For the one place where a URL carries it. */
  allowsKey(key: string): boolean {
    return this.#key.accepts(bearer(key))
  }

  /**
   * What a browser keeps that came with the key. Cookies ignore ports, so the name has it. `secure`: it came encrypted, and
   * goes no other way, whatever else listens on this machine.
   */
  setCookie(cookie: string, secure: boolean): string {
    const flags = secure ? 'HttpOnly; Secure' : 'HttpOnly'
    const rest = `Max-Age=${COOKIE_AGE_SECONDS}; Path=/; ${flags}; SameSite=Strict`
    return `${cookie}=${this.#readKey}; ${rest}`
  }
}

function cookieOf(header: string, name: string): string | null {
  for (const part of header.split(';')) {
    const [found, value] = part.trim().split('=', 2)
    if (found === name && value !== undefined) return value
  }
  return null
}
