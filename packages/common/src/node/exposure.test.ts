import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../core/memory-log.ts'
import { checkExposure, isLoopback, isWildcard } from './exposure.ts'

const KEYS = { key: 'jobmanager.bind-host', securedBy: 'security.ssl.internal.enabled' }
const check = (bindHost: string, insecure = false, secured = false): MemoryLog => {
  const log = new MemoryLog()
  checkExposure({ ...KEYS, bindHost, secured, insecure, log })
  return log
}

describe('the reach of a port', () => {
  it.each(['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]', '0:0:0:0:0:0:0:1'])(
    'may be loopback: %s',
    (host) => {
      expect(isLoopback(host)).toBe(true)
      expect(check(host).events).toEqual([])
    },
  )

  it.each(['0.0.0.0', '::', '10.0.0.5', 'weir.example.org', '1::1', '::ffff:10.0.0.1', '::11'])(
    'is not others without somebody saying so: %s',
    (host) => {
      expect(isLoopback(host)).toBe(false)
      expect(() => check(host)).toThrow(
        expect.objectContaining({
          code: 'config/insecure-bind',
          message: expect.stringContaining(`jobmanager.bind-host is ${host}`),
        }),
      )
    },
  )

  it('may be all of the world when what travels is encrypted, and nobody has to vouch for it', () => {
    expect(check('0.0.0.0', false, true).events).toEqual([])
    expect(check('0.0.0.0', true, true).events).toEqual([])
  })

  it('is logged, once, when somebody has said so', () => {
    const { events } = check('0.0.0.0', true)
    expect(events).toMatchObject([{ level: 'warn', fields: { bindHost: '0.0.0.0' } }])
  })

  it('knows addresses that nobody can dial', () => {
    expect(['0.0.0.0', '::', '[::]', '0:0:0:0:0:0:0:0'].every(isWildcard)).toBe(true)
    expect(['127.0.0.1', '::1', '10.0.0.0', 'host'].some(isWildcard)).toBe(false)
  })
})
