import { Metadata, status, type StatusObject } from '@grpc/grpc-js'
import { describe, expect, it } from 'vitest'

import { WeirError } from '../core/errors.ts'
import { FAILURE_METADATA_BYTES_MAX, FAILURE_METADATA_KEY, fromStatus, toStatus } from './status.ts'

const plain = (code: status, details: string): StatusObject => ({
  code,
  details,
  metadata: new Metadata(),
})

describe('a refused call', () => {
  it('carries the whole failure to the other side', () => {
    const error = new WeirError('restore/incompatible', 'Zustand «größer» \u{1F4A5}', {
      domain: 'user',
      retry: 'never',
      hint: 'pass --allow',
      location: 'job.ts:4',
    })
    const back = fromStatus(toStatus(error), 'x')
    expect(back).toMatchObject({ ...error, message: error.message, stack: error.stack })
  })

  it('is cut, never refused, when it is too long for a trailer', () => {
    const error = new WeirError('a/b', '\u{1F4A5}'.repeat(50_000), {
      domain: 'external',
      hint: 'h'.repeat(50_000),
    })
    error.stack = '\u0001'.repeat(100_000)
    const sent = toStatus(error)
    const bytes = sent.metadata.get(FAILURE_METADATA_KEY)[0] as Buffer
    expect(bytes.length).toBeLessThanOrEqual(FAILURE_METADATA_BYTES_MAX)
    expect(() => encodeURI(sent.details)).not.toThrow()
    const back = fromStatus(sent, 'x')
    expect(back).toMatchObject({ code: 'a/b', domain: 'external', retry: 'backoff' })
    expect(back.message.startsWith('\u{1F4A5}')).toBe(true)
  })

  it.each([
    [plain(status.UNAVAILABLE, 'No connection established'), 'rpc/unavailable', 'backoff'],
    [plain(status.CANCELLED, ''), 'rpc/unavailable', 'backoff'],
    [plain(status.DEADLINE_EXCEEDED, ''), 'rpc/deadline', 'backoff'],
    [plain(status.UNAUTHENTICATED, ''), 'rpc/unauthenticated', 'never'],
    [
      plain(status.RESOURCE_EXHAUSTED, 'Received message larger than max (9 vs 8)'),
      'rpc/message-too-large',
      'never',
    ],
    [plain(status.RESOURCE_EXHAUSTED, 'Bandwidth exhausted'), 'rpc/overloaded', 'backoff'],
    [plain(status.UNIMPLEMENTED, ''), 'rpc/unimplemented', 'never'],
    [plain(status.INTERNAL, 'x'), 'rpc/internal', 'backoff'],
  ])('without a failure of ours is translated by its code: %o', (ended, code, retry) => {
    expect(fromStatus(ended, 'Heartbeat at 127.0.0.1:6123')).toMatchObject({
      code,
      retry,
      message: expect.stringContaining('127.0.0.1:6123'),
    })
  })

  it.each([
    '',
    'no json',
    '[]',
    'null',
    '{"code":1}',
    '{"code":"a","message":"b","domain":"x","retry":"never"}',
  ])('with nonsense in its trailer is translated by its code: %s', (text) => {
    const ended = plain(status.UNAVAILABLE, '')
    ended.metadata.set(FAILURE_METADATA_KEY, Buffer.from(text))
    expect(fromStatus(ended, 'x').code).toBe('rpc/unavailable')
  })
})
