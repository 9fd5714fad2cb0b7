import { describe, expect, it } from 'vitest'
import { systemUser } from './config-values.ts'

describe('systemUser', () => {
  it('is a user and a group by number; one number is both', () => {
    expect(systemUser.parse('20000:30000')).toEqual({ uid: 20_000, gid: 30_000 })
    expect(systemUser.parse('1')).toEqual({ uid: 1, gid: 1 })
    expect(systemUser.parse('2147483647:1')).toEqual({ uid: 2_147_483_647, gid: 1 })
  })

  it.each([
    '0',
    '0:5',
    '5:0',
    '2147483648',
    '99999999999',
    'nobody',
    '1:',
    ':1',
    '-1',
    '1:2:3',
    '',
  ])('refuses %j', (text) => {
    const { error } = systemUser.safeParse(text)
    expect(error?.issues[0]?.message).toMatch(/^must be a user's number, .* neither of them 0$/)
  })
})
