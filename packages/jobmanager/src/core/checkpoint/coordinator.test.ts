import { attempt, checkpointId, jobId, leaderEpoch, vertexId } from '@weirjs/common/core/ids'
import type { CheckpointSettings } from '@weirjs/common/core/graph/logical-graph'
import { Prng } from '@weirjs/common/core/prng'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CheckpointCoordinator } from './coordinator.ts'
import type { CoordinatorEffect, CoordinatorEvent } from './events.ts'

const TASKS = ['a', 'b', 'c'].map((name) => ({ vertexId: vertexId(name), subtask: 0 }))
const RUNS = 25
const fence = { jobId: jobId('j'), epoch: leaderEpoch(1), attempt: attempt(1) }
const failure = {
  code: 'checkpoint/failed',
  message: 'no',
  domain: 'external',
  retry: 'backoff',
} as const

/** A world that does what the coordinator asks, late, badly, or not at all, and checks every effect. */
class World {
  readonly #prng: Prng
  readonly #coordinator: CheckpointCoordinator
  readonly #settings: CheckpointSettings
  readonly #acks = new Map<number, Set<string>>()
  readonly #inFlight: CoordinatorEvent[] = []
  readonly #requests = new Map<string, number>()
  readonly completed: number[] = []
  readonly #discarded = new Set<number>()
  readonly #doubtful = new Set<number>()
  #lastId = 0
  #triggered = new Set<number>()
  #attempt = 0
  #running = false
  #ended = false
  #finalComplete = false
  #nowMs = 0

  constructor(seed: number, settings: CheckpointSettings) {
    this.#prng = new Prng(seed)
    this.#settings = settings
    this.#coordinator = new CheckpointCoordinator({
      settings,
      tasks: TASKS,
      nextCheckpointId: checkpointId(1),
      retained: [],
    })
  }

  turn(): void {
    this.#nowMs += this.#prng.int(40)
    const event = this.#chooseEvent()
    for (const effect of this.#coordinator.step(event)) this.#check(effect)
    expect(this.#open().length).toBeLessThanOrEqual(this.#settings.maxConcurrent + 2)
  }

  /** Everybody who asked for a checkpoint has one answer, once nothing is under way any more. */
  finish(): void {
    while (this.#inFlight.length > 0) this.turn()
    if (this.#running) this.#stepAll({ type: 'tasks-stopped', failure, ...this.#now() })
    while (this.#inFlight.length > 0) this.#stepAll(this.#inFlight.shift() as CoordinatorEvent)
    for (const [request, answers] of this.#requests) expect(answers, request).toBe(1)
    const { retained } = this.#coordinator
    expect(retained.map((one) => one.checkpointId)).toEqual(
      this.completed.slice(-this.#settings.retained),
    )
    for (const one of retained) expect(this.#discarded.has(one.checkpointId)).toBe(false)
  }

  #stepAll(event: CoordinatorEvent): void {
    for (const effect of this.#coordinator.step(event)) this.#check(effect)
  }

  #now(): { nowMs: number; wallMs: number } {
    return { nowMs: this.#nowMs, wallMs: 1_000 + this.#nowMs }
  }

  #open(): number[] {
    return [...this.#triggered]
  }

  #chooseEvent(): CoordinatorEvent {
    const now = this.#now()
    const dice = this.#prng.int(100)
    if (!this.#running && !this.#coordinator.deciding && dice < 30) {
      this.#running = true
      this.#ended = false
      return { type: 'tasks-running', attempt: attempt(++this.#attempt), ...now }
    }
    if (this.#running && dice < 3) {
      this.#running = false
      return { type: 'tasks-stopped', failure, ...now }
    }
    if (this.#running && !this.#ended && dice < 5) {
      this.#ended = true
      return { type: 'all-end-of-data', ...now }
    }
    if (dice < 12) {
      const requestId = `r${this.#requests.size}`
      this.#requests.set(requestId, 0)
      return { type: 'manual-trigger', requestId, ...now }
    }
    if (dice < 55 && this.#inFlight.length > 0) {
      const at = this.#prng.int(this.#inFlight.length)
      return { ...(this.#inFlight.splice(at, 1)[0] as CoordinatorEvent), ...now }
    }
    if (dice < 90 && this.#lastId > 0) return this.#taskAnswer()
    return { type: 'tick', ...now }
  }

  #taskAnswer(): CoordinatorEvent {
    const id = checkpointId(Math.max(1, this.#lastId - this.#prng.int(4)))
    const task = this.#prng.pick(TASKS)
    if (this.#prng.chance(0.04)) {
      return {
        type: 'declined',
        decline: { fence, task, checkpointId: id, failure },
        ...this.#now(),
      }
    }
    const open = this.#triggered.has(id)
    if (open) this.#acks.set(id, (this.#acks.get(id) ?? new Set()).add(task.vertexId))
    const stats = {
      syncMs: 0,
      asyncMs: 0,
      alignmentMs: 0,
      startDelayMs: 0,
      stallMsMax: 0,
      stateBytes: 1,
    }
    const snapshot = { file: null, operators: [] }
    return {
      type: 'acknowledged',
      ack: { fence, task, checkpointId: id, snapshot, stats },
      ...this.#now(),
    }
  }

  #check(effect: CoordinatorEffect): void {
    const now = this.#now()
    switch (effect.type) {
      case 'trigger':
        expect(this.#running).toBe(true)
        expect(this.#finalComplete).toBe(false)
        expect(effect.kind === 'final').toBe(this.#ended)
        expect(effect.checkpointId).toBe(this.#lastId + 1)
        if (effect.kind !== 'final')
          expect(this.#triggered.size).toBeLessThan(this.#settings.maxConcurrent)
        this.#lastId = effect.checkpointId
        this.#triggered.add(effect.checkpointId)
        return
      case 'write-manifest':
        expect(this.#acks.get(effect.checkpointId)?.size).toBe(TASKS.length)
        expect(effect.content.tasks).toHaveLength(TASKS.length)
        this.#inFlight.push(
          this.#prng.chance(0.1)
            ? { type: 'manifest-failed', checkpointId: effect.checkpointId, failure, ...now }
            : {
                type: 'manifest-written',
                checkpointId: effect.checkpointId,
                path: 'p',
                sha256: 's',
                ...now,
              },
        )
        return
      case 'log-completion': {
        const id = effect.completed.checkpointId
        const failed = this.#prng.chance(0.1)
        if (failed) this.#doubtful.add(id)
        this.#inFlight.push(
          failed
            ? {
                type: 'completion-failed',
                checkpointId: id,
                failure: { ...failure, code: 'log/unavailable' },
                ...now,
              }
            : { type: 'completion-logged', checkpointId: id, ...now },
        )
        return
      }
      case 'notify-complete':
        expect(effect.checkpointId).toBe(this.completed.at(-1))
        return
      case 'record':
        if (effect.record.state === 'IN_PROGRESS') return
        expect(this.#triggered.delete(effect.record.checkpointId)).toBe(true)
        if (effect.record.state !== 'COMPLETED') return
        expect(effect.record.checkpointId).toBeGreaterThan(this.completed.at(-1) ?? 0)
        this.completed.push(effect.record.checkpointId)
        this.#finalComplete ||= effect.record.kind === 'final'
        return
      case 'discard-completed':
        for (const { checkpointId: id } of effect.checkpoints) {
          expect(this.completed.slice(-this.#settings.retained)).not.toContain(id)
          expect(this.completed.includes(id) || this.#doubtful.has(id)).toBe(true)
          expect(this.#discarded.has(id)).toBe(false)
          this.#discarded.add(id)
        }
        return
      case 'discard-aborted':
        expect(this.completed).not.toContain(effect.checkpointId)
        expect(this.#doubtful.has(effect.checkpointId)).toBe(false)
        return
      case 'manual-result':
        this.#requests.set(effect.requestId, (this.#requests.get(effect.requestId) ?? 0) + 1)
        return
      case 'notify-aborted':
      case 'wake-at':
      case 'fail-job':
        return
    }
  }
}

describe('the checkpoint coordinator, whatever happens', () => {
  it.each([1, 2, 3])(
    'keeps ids rising, completes in order, deletes nothing that may be complete, answers everyone once: %d at a time',
    (maxConcurrent) => {
      let completions = 0
      fc.assert(
        fc.property(fc.nat(), fc.integer({ min: 1, max: 3 }), (seed, retained) => {
          const world = new World(seed, {
            intervalMs: 50,
            mode: 'exactly-once',
            minPauseMs: 20,
            timeoutMs: 800,
            maxConcurrent,
            tolerableFailures: 2,
            retained,
            retainOn: 'always',
          })
          for (let i = 0; i < 300; i++) world.turn()
          world.finish()
          completions += world.completed.length
        }),
        { numRuns: RUNS },
      )
      expect(completions).toBeGreaterThan(RUNS) // or the property has shown nothing
    },
  )

  it('refuses more manual requests than its bound', () => {
    const coordinator = new CheckpointCoordinator({
      settings: {
        intervalMs: null,
        mode: 'exactly-once',
        minPauseMs: 0,
        timeoutMs: 1_000,
        maxConcurrent: 1,
        tolerableFailures: null,
        retained: 1,
        retainOn: 'always',
      },
      tasks: TASKS,
      nextCheckpointId: checkpointId(1),
      retained: [],
    })
    const now = { nowMs: 0, wallMs: 0 }
    coordinator.step({ type: 'tasks-running', attempt: attempt(1), ...now })
    const answers: CoordinatorEffect[] = []
    for (let i = 0; i < 1_003; i++) {
      answers.push(
        ...coordinator
          .step({ type: 'manual-trigger', requestId: `r${i}`, ...now })
          .filter((effect) => effect.type === 'manual-result'),
      )
    }
    expect(answers).toHaveLength(2)
    expect(answers[0]).toMatchObject({
      requestId: 'r1001',
      result: { failure: { code: 'checkpoint/failed' } },
    })
  })

  it('refuses settings that contradict themselves', () => {
    const settings = {
      intervalMs: 5,
      mode: 'exactly-once',
      minPauseMs: 0,
      timeoutMs: 1_000,
      maxConcurrent: 1,
      tolerableFailures: null,
      retained: 1,
      retainOn: 'always',
    } as const
    const options = { settings, tasks: TASKS, nextCheckpointId: checkpointId(1), retained: [] }
    expect(() => new CheckpointCoordinator(options)).toThrow('at least 10 ms')
  })
})
