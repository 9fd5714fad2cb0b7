import { describe, expect, test } from 'vitest'
import { toFailure, WeirError } from './errors.ts'
import { userLocation, withUserLocation } from './user-location.ts'

const stack = `TypeError: x is undefined
    at Object.parse (node:internal/json:1:2)
    at check (/app/node_modules/zod/index.js:4:5)
    at Chain.process (/opt/weir/packages/taskmanager/src/task/operator-chain.ts:10:3)
    at map (file:///home/me/my%20jobs/flights.ts:12:7)
    at async Promise.all (index 0)
    at main (/home/me/other.ts:1:1)`

describe('userLocation', () => {
  test('finds the first frame of the user', () => {
    expect(userLocation(stack, ['/opt/weir/packages/'])).toBe('/home/me/my jobs/flights.ts:12:7')
  })

  test('parentheses are part of a path', () => {
    const frame = 'at map (file:///home/me/copy%20(2)/(app)/job.ts:12:7)'
    expect(userLocation(`Error: x\n    ${frame}`, [])).toBe('/home/me/copy (2)/(app)/job.ts:12:7')
  })

  test('finds nothing where nothing is the user’s', () => {
    expect(userLocation(stack, ['/opt/', '/home/'])).toBeUndefined()
    expect(userLocation('no stack', [])).toBeUndefined()
  })

  test('keeps a location that is known better', () => {
    const known = toFailure(new WeirError('a/b', 'm', { domain: 'user', location: 'job.ts:3' }))
    expect(withUserLocation(known, []).location).toBe('job.ts:3')
    const unknown = { ...toFailure(new Error('m')), stack }
    expect(withUserLocation(unknown, ['/opt/']).location).toBe('/home/me/my jobs/flights.ts:12:7')
  })
})
