import { describe, expect, test } from 'vitest'
import { FAILURE_CAUSES_MAX, toFailure, WeirError } from './errors.ts'

describe('toFailure', () => {
  const good = { code: 'mine/broken', domain: 'external', retry: 'never' }
  const user = { code: 'job/user-code-failed', domain: 'user', retry: 'backoff' }

  test.each([
    ['all of it known', good, good],
    ['a domain of another version', { ...good, domain: 'network' }, { ...good, domain: 'user' }],
    ['a retry hint of another version', { ...good, retry: true }, { ...good, retry: 'backoff' }],
    ['an empty code', { ...good, code: '' }, { ...good, code: user.code }],
    ['nothing of it', {}, user],
    ['texts that are none', { ...good, hint: 7, location: '', peer: {}, stack: 1 }, good],
  ])('takes from an error that is named WeirError what can travel: %s', (_, fields, expected) => {
    const stranger = Object.assign(new Error('boom'), { name: 'WeirError' }, fields)
    const { stack, ...failure } = toFailure(stranger)
    expect(failure).toEqual({ message: 'boom', ...expected })
    expect(stack).toContain('boom')
  })

  test('gives way to the fallback of whoever asks', () => {
    const fallback = { code: 'rpc/failed', domain: 'internal', retry: 'immediate' } as const
    const stranger = { name: 'WeirError', message: 'boom', code: 'x', domain: 'y', retry: 'z' }
    expect(toFailure(stranger, fallback)).toMatchObject({ ...fallback, code: 'x' })
  })

  test('keeps the texts of a WeirError', () => {
    const texts = { hint: 'look', location: 'a.ts:1', peer: 'w2' }
    const error = new WeirError('a/b', 'm', { domain: 'internal', ...texts })
    expect(toFailure(error)).toMatchObject({ code: 'a/b', retry: 'never', ...texts })
  })

  test('tells of causes that lead round in a circle, and of many, a bounded number', () => {
    const circle = new Error('a')
    circle.cause = new Error('b', { cause: circle })
    let chain = new Error('deepest')
    for (let i = 0; i < 20_000; i++) chain = new Error('above', { cause: chain })
    for (const error of [circle, chain]) {
      error.stack = 'here'
      const causes = toFailure(error).stack?.split('caused by: ') ?? []
      expect(causes[0]).toBe('here\n')
      expect(causes.length).toBeLessThanOrEqual(FAILURE_CAUSES_MAX + 1)
    }
    expect(toFailure(circle).stack).toContain('caused by: Error: b')
  })

  test('tells what cannot be made a text of', () => {
    expect(toFailure(Object.create(null))).toEqual({ message: '[object Object]', ...user })
  })
})
