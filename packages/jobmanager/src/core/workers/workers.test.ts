import { WeirError } from '@weirjs/common/core/errors'
import type { WorkerRegistration } from '@weirjs/common/core/gateways'
import { jobId, workerId } from '@weirjs/common/core/ids'
import { describe, expect, it } from 'vitest'
import type { Seat, SeatsWanted } from '../plan/slot-allocator.ts'
import { FailureDetector } from './failure-detector.ts'
import { WorkerRegistry } from './worker-registry.ts'

const A = workerId('a')
const B = workerId('b')
const settings = { heartbeatIntervalMs: 1_000, heartbeatTimeoutMs: 10_000 }

describe('FailureDetector', () => {
  it('suspects a worker whose heartbeat is late by the time-out, and only that one', () => {
    const detector = new FailureDetector(settings)
    detector.heard(A, 0)
    detector.heard(B, 0)
    for (let now = 0; now < 10_000; now += 1_000) {
      detector.heard(B, now)
      expect(detector.suspects(now)).toEqual([])
    }
    expect(detector.suspects(10_000)).toEqual([A])
  })

  it('does not hold its own pause against anyone', () => {
    const detector = new FailureDetector(settings)
    detector.heard(A, 0)
    expect(detector.suspects(500)).toEqual([])
    expect(detector.suspects(60_500)).toEqual([])
    expect(detector.suspects(61_500)).toEqual([])
    for (let now = 62_500; now < 70_000; now += 1_000) detector.suspects(now)
    expect(detector.suspects(70_500)).toEqual([A])
  })

  it('forgets a worker that was given up', () => {
    const detector = new FailureDetector(settings)
    detector.heard(A, 0)
    detector.forget(A)
    expect(detector.silentMs(A, 1)).toBeNull()
    expect(detector.suspects(1_000_000)).toEqual([])
  })
})

function registration(name: string, slots = 2): WorkerRegistration {
  return { workerId: workerId(name), controlAddress: `${name}:1`, slots, pid: 1, version: '0' }
}

function seats(...indexes: number[]): SeatsWanted {
  const list = indexes.map((index): Seat => ({ name: `default#${index}`, group: 'default', index }))
  return { batches: [list], kept: new Map(), previous: new Map() }
}

describe('WorkerRegistry', () => {
  const job1 = jobId('1'.repeat(32))
  const job2 = jobId('2'.repeat(32))

  it('gives a job all seats or none, and takes them back', () => {
    const registry = new WorkerRegistry(settings)
    registry.register(registration('a'), 0)
    expect(registry.reserve(job1, seats(0, 1, 2))).toBeNull()
    expect(registry.freeCount).toBe(2)
    registry.register(registration('b'), 0)
    expect(registry.reserve(job1, seats(0, 1, 2))?.seats.size).toBe(3)
    expect(registry.reserve(job2, seats(0, 1))).toBeNull()
    registry.free(job1)
    expect(registry.reserve(job2, seats(0, 1))?.seats.size).toBe(2)
    expect([registry.slotCount, registry.freeCount]).toEqual([4, 2])
  })

  it('frees what a job does not keep before it looks for room', () => {
    const registry = new WorkerRegistry(settings)
    registry.register(registration('a', 3), 0)
    const first = registry.reserve(job1, seats(0, 1, 2))
    const kept = new Map([
      ['default#0', first?.seats.get('default#0') ?? { workerId: A, index: 0 }],
    ])
    const again = registry.reserve(job1, { ...seats(1, 2), kept })
    expect(again?.seats.size).toBe(2)
    expect(registry.freeCount).toBe(0)
  })

  it('has no slots of a worker that was given up, and does not know its heartbeats', () => {
    const registry = new WorkerRegistry(settings)
    registry.register(registration('a'), 0)
    registry.reserve(job1, seats(0))
    expect(registry.remove(A)?.holders).toEqual([job1, null])
    const beat = { workerId: A, coordinatorId: 'x', tasks: [], rssBytes: 0 }
    expect(registry.heartbeat(beat, 1)).toBe('unknown-worker')
    expect(registry.slotCount).toBe(0)
  })

  it('starts anew for a worker that registers again', () => {
    const registry = new WorkerRegistry(settings)
    expect(registry.register(registration('a'), 0)).toBe('new')
    registry.reserve(job1, seats(0, 1))
    expect(registry.register(registration('a', 3), 5)).toBe('again')
    expect(registry.freeCount).toBe(3)
  })

  it('goes on draining a worker that connects anew, and no longer than asked', () => {
    const registry = new WorkerRegistry(settings)
    registry.register(registration('a'), 0)
    expect(registry.drain(A, true)).toBe(true)
    registry.remove(A)
    registry.register(registration('a'), 5)
    expect([registry.get(A)?.draining, registry.freeCount]).toEqual([true, 0])
    registry.register(registration('b'), 5)
    expect(registry.get(B)?.draining).toBe(false)
    registry.drain(A, false)
    registry.register(registration('a'), 9)
    expect(registry.get(A)?.draining).toBe(false)
  })

  it('refuses nonsense', () => {
    const registry = new WorkerRegistry(settings)
    for (const bad of [
      registration('', 1),
      registration('x'.repeat(300)),
      registration('a', 0),
      registration('a', 1.5),
    ]) {
      expect(() => registry.register(bad, 0)).toThrow(WeirError)
    }
  })
})
