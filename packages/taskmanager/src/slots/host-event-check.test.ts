import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { describe, expect, test } from 'vitest'
import { isHostEvent } from './host-event-check.ts'

const failure = toFailure(new WeirError('a/b', 'm', { domain: 'user', hint: 'look' }))
const fence = { jobId: 'a'.repeat(32), epoch: 1, attempt: 1 }
const task = { vertexId: 'v0', subtask: 0 }

describe('a failure that a slot tells', () => {
  test.each([
    ['as we make it', {}, true],
    ['with last output', { lastOutput: ['a', 'b'] }, true],
    ['of no code', { code: '' }, false],
    ['of a domain that the wire does not know', { domain: 'network' }, false],
    ['of a retry hint that the wire does not know', { retry: 'soon' }, false],
    ['with a hint that is no text', { hint: 7 }, false],
    ['with output that is no text', { lastOutput: [7] }, false],
  ])('%s', (_, fields, believed) => {
    const told = { ...failure, ...fields }
    const update = { fence, task, change: { state: 'failed', failure: told } }
    expect(isHostEvent({ type: 'lost', failure: told })).toBe(believed)
    expect(isHostEvent({ type: 'slot', slot: 0, event: { type: 'task-update', update } })).toBe(
      believed,
    )
  })
})
