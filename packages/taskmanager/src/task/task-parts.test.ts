// The small parts of a task, one by one.

import { AssertionFailed } from '@weirjs/common/core/assert'
import { WeirError } from '@weirjs/common/core/errors'
import { checkpointId, operatorUid } from '@weirjs/common/core/ids'
import { describe, expect, test } from 'vitest'
import { blame, failureOf } from '../operators/blame.ts'
import { BATCH_RECORDS_MAX, BatchSize } from './batch-size.ts'
import { BusyMeter } from './busy-meter.ts'
import { deepFreeze } from './freeze.ts'
import { MAILS_MAX, Mailbox } from './mailbox.ts'
import { dataPlaneSizes } from './task-environment.ts'

describe('mailbox', () => {
  test('keeps the order, wakes for each mail, and is empty afterwards', () => {
    let woken = 0
    const box = new Mailbox(() => (woken += 1))
    box.post({ type: 'start' })
    box.post({ type: 'aborted', checkpointId: checkpointId(3) })
    expect(woken).toBe(2)
    expect(box.takeAll().map(({ type }) => type)).toEqual(['start', 'aborted'])
    expect(box.empty).toBe(true)
    expect(box.takeAll()).toEqual([])
  })

  test('merges equal hints', () => {
    const box = new Mailbox(() => {})
    for (const subtask of [1, 2, 1]) box.post({ type: 'hint', operator: 0, subtask })
    expect(box.takeAll().length).toBe(2)
  })

  test('is bounded', () => {
    const box = new Mailbox(() => {})
    for (let i = 0; i < MAILS_MAX; i++) box.post({ type: 'start' })
    expect(() => box.post({ type: 'start' })).toThrow(AssertionFailed)
  })
})

describe('blame', () => {
  const inner = { uid: operatorUid('parse'), name: 'Parse lines' }
  const outer = { uid: operatorUid('read'), name: 'Read' }

  test('stays with the innermost operator', () => {
    const failure = failureOf(blame(blame(new Error('line 7'), inner), outer))
    expect(failure.message).toBe("operator 'Parse lines' (uid parse): line 7")
    expect(failure).toMatchObject({
      code: 'job/user-code-failed',
      domain: 'user',
      retry: 'backoff',
    })
  })

  test('keeps code, domain and hint of what was known', () => {
    const known = new WeirError('files/missing', 'no such file', {
      domain: 'user',
      hint: 'look again',
    })
    expect(failureOf(blame(known, inner))).toMatchObject({
      code: 'files/missing',
      hint: 'look again',
      retry: 'never',
    })
  })

  test('calls a broken assertion ours', () => {
    expect(failureOf(new AssertionFailed('credits'))).toMatchObject({
      code: 'internal/assertion-failed',
      domain: 'internal',
    })
  })

  test('understands what is no error at all', () => {
    expect(failureOf(blame('just text', inner)).message).toContain('just text')
    expect(failureOf(blame(undefined, inner)).message).toContain('undefined')
  })
})

test('the time of a task is busy, idle or back-pressured, and sums to one', () => {
  const meter = new BusyMeter(0)
  meter.enter('busy', 10)
  meter.enter('back-pressured', 40)
  meter.enter('busy', 90)
  expect(meter.take(100)).toEqual({ busyRatio: 0.4, idleRatio: 0.1, backPressuredRatio: 0.5 })
  expect(meter.take(100)).toEqual({ busyRatio: 1, idleRatio: 0, backPressuredRatio: 0 })
})

test('slow records come in smaller batches, down to one, and fast ones in full batches again', () => {
  const size = new BatchSize()
  for (let i = 0; i < 20; i++) size.adapt(5)
  expect(size.records).toBe(1)
  size.adapt(0.3)
  expect(size.records).toBe(1)
  for (let i = 0; i < 20; i++) size.adapt(0.01)
  expect(size.records).toBe(BATCH_RECORDS_MAX)
})

test('frozen records throw when somebody changes them, whatever is in them', () => {
  const record = { name: 'a', tags: ['x'], deep: { bytes: new Uint8Array(2) }, none: null }
  deepFreeze(record, 10)
  expect(() => record.tags.push('y')).toThrow(TypeError)
  expect(() => {
    record.deep = { bytes: new Uint8Array(0) }
  }).toThrow(TypeError)
  record.deep.bytes[0] = 1
})

test('sizes of the data plane come from the configuration and are checked', () => {
  expect(dataPlaneSizes({})).toEqual({ frameBytesMax: 32_768, creditBytesPerChannel: 131_072 })
  expect(dataPlaneSizes({ 'exchange.frame-bytes': '65536' }).creditBytesPerChannel).toBe(262_144)
  for (const config of [
    { 'exchange.frame-bytes': '12' },
    { 'exchange.frame-bytes': 'big' },
    { 'exchange.credit-bytes': '1' },
  ]) {
    expect(() => dataPlaneSizes(config)).toThrow(WeirError)
  }
})
