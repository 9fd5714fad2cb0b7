import { describe, expect, it } from 'vitest'
import { bearer, makeToken } from '../rpc/token.ts'
import { HttpAccess, readKeyOf } from './http-access.ts'

const TOKEN = makeToken()
const KEY = readKeyOf(TOKEN)
const access = new HttpAccess(TOKEN)

describe('access over HTTP', () => {
  it('takes the token and the read key in the header, and nothing else', () => {
    const says = (authorization?: string): boolean =>
      access.allows(authorization === undefined ? {} : { authorization })
    expect(says(bearer(TOKEN))).toBe(true)
    expect(says(bearer(KEY))).toBe(true)
    for (const wrong of [
      undefined,
      '',
      TOKEN,
      KEY,
      bearer(''),
      bearer(makeToken()),
      `Basic ${KEY}`,
    ])
      expect(says(wrong), wrong).toBe(false)
  })

  it('takes the read key as the cookie of that name, where one is asked for', () => {
    const headers = { cookie: `a=1; weir-8081=${KEY}; b=2` }
    expect(access.allows(headers, 'weir-8081')).toBe(true)
    expect(access.allows(headers, 'weir-8082')).toBe(false)
    expect(access.allows(headers)).toBe(false)
    expect(access.allows({ cookie: `weir-8081=${TOKEN}` }, 'weir-8081')).toBe(false)
  })

  it('lets a wrong header not be mended by a cookie', () => {
    const headers = { authorization: bearer(makeToken()), cookie: `weir-1=${KEY}` }
    expect(access.allows(headers, 'weir-1')).toBe(false)
  })

  it('refuses the token where a URL carries it', () => {
    expect(access.allowsKey(KEY)).toBe(true)
    expect(access.allowsKey(TOKEN)).toBe(false)
  })

  it('gives a browser a cookie that scripts do not see and other sites do not send', () => {
    const cookie = access.setCookie('weir-8081', false)
    expect(cookie).toMatch(/^weir-8081=[0-9a-f]{32}; .*HttpOnly; SameSite=Strict$/)
    expect(cookie).not.toContain(TOKEN)
  })

  it('has a read key that is the same in every process with the token, and says nothing of it', () => {
    expect(readKeyOf(TOKEN)).toBe(KEY)
    expect(readKeyOf(makeToken())).not.toBe(KEY)
    expect(TOKEN).not.toContain(KEY)
  })
})
