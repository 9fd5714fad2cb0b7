import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { describe, expect, test } from 'vitest'
import { isHostEvent, isProbeResult, isStartResult, plainReport } from './host-event-check.ts'

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

describe('an answer', () => {
  const memory = { heapBytes: 1, externalBytes: 2 }
  test.each([
    ['as we make it', { rssBytes: 1, slotLoopAgesMs: [0], slotMemory: [memory] }, true],
    ['that is nothing', null, false],
    ['without memory', { rssBytes: 1, slotLoopAgesMs: [0] }, false],
    ['with a hole', { rssBytes: 1, slotLoopAgesMs: new Array(1), slotMemory: [] }, false],
  ])('to a probe, %s', (_, answer, believed) => {
    expect(isProbeResult(answer)).toBe(believed)
  })

  test.each([
    ['of the slots that were asked for', [3, 5], true],
    ['of another slot', [3, 6], false],
    ['of too few', [3], false],
  ])('to a start, %s', (_, slots, believed) => {
    const endpoints = slots.map((slot) => ({ slot, workerId: 'w', dataAddress: 'a:1' }))
    expect(isStartResult({ endpoints }, [3, 5])).toBe(believed)
  })
})

describe('what a slot reports', () => {
  const report = {
    fence,
    task,
    progressTick: 1,
    busyRatio: 0,
    idleRatio: 1,
    backPressuredRatio: 0,
    recordsIn: 1,
    recordsOut: 1,
    bytesIn: 1,
    bytesOut: 1,
    watermark: 1,
    workLeft: null,
  }
  const event = (tasks: readonly unknown[]): unknown => ({
    type: 'slot',
    slot: 0,
    event: { type: 'report', tasks },
  })

  test('is believed as we make it, without holes and long names', () => {
    expect(isHostEvent(event([report]))).toBe(true)
    expect(isHostEvent(event(new Array(1)))).toBe(false)
    const named = { vertexId: 'v'.repeat(1_000), subtask: 0 }
    expect(isHostEvent(event([{ ...report, task: named }]))).toBe(false)
  })

  test('is kept without what came with it', () => {
    const given = { ...report, more: 1, fence: { ...fence, more: 1 }, task: { ...task, more: 1 } }
    expect(plainReport(given as unknown as Parameters<typeof plainReport>[0])).toEqual(report)
  })
})
