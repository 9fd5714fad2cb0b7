import { workerId } from '@weirjs/common/core/ids'
import { Prng } from '@weirjs/common/core/prng'
import { describe, expect, it } from 'vitest'
import type { JobEffect } from '../events.ts'
import { countingGraph, parallelPipelines } from '../plan/graph-samples.ts'
import { failure, JobBench } from './job-bench.ts'

const SEEDS = 100
const STEPS = 60

/** What must hold of all effects ever asked for, whatever happened. */
class Judge {
  readonly #completed: number[] = []
  #attempts = 0
  #finishing = false

  judge(effect: JobEffect): void {
    if (effect.type === 'allocate') {
      expect(effect.fence.attempt).toBeGreaterThanOrEqual(this.#attempts)
      this.#attempts = effect.fence.attempt
    } else if (effect.type === 'log-completion') {
      expect(effect.completed.checkpointId).toBeGreaterThan(this.#completed.at(-1) ?? 0)
      this.#completed.push(effect.completed.checkpointId)
      if (effect.completed.kind === 'final') this.#finishing = true
    } else if (effect.type === 'load-restore') {
      const { source } = effect
      expect(source.kind === 'own' && source.completed.checkpointId).toBe(this.#completed.at(-1))
    } else if (effect.type === 'notify-complete') {
      expect(this.#completed).toContain(effect.notice.checkpointId)
    } else if (effect.type === 'deploy') {
      const restores = effect.request.tasks.map(({ restore }) => restore?.checkpointId ?? 0)
      expect(new Set(restores)).toEqual(new Set([this.#completed.at(-1) ?? 0]))
      const commitOnly = effect.request.tasks.every(({ restore }) => restore?.commitOnly === true)
      expect(commitOnly).toBe(this.#finishing)
    } else if (effect.type === 'trigger') {
      expect(this.#finishing).toBe(false)
    }
  }
}

/** One random blow. Habits that are switched off are switched on again by later blows, and at the end. */
function blow(bench: JobBench, prng: Prng, names: string[]): void {
  const tasks = bench.taskKeys
  const worker = prng.pick(names)
  const habit = prng.pick(['allocate', 'deploy', 'cancel', 'acknowledge', 'finish'] as const)
  switch (prng.int(11)) {
    case 0:
      bench.killWorker(worker)
      return
    case 1: {
      const name = `w${names.length + 1}`
      names.push(name)
      bench.addWorker(name, prng.between(1, 3))
      return
    }
    case 2:
      bench.failTask(prng.pick(tasks))
      return
    case 3:
      bench.habits[habit] = bench.habits[habit] === 'do' ? 'never' : 'do'
      return
    case 4:
      bench.habits.restore = prng.chance(0.5) ? failure('storage/io', 'backoff') : 'do'
      return
    case 5:
      bench.report(prng.pick(tasks), { state: 'end-of-data' })
      return
    case 6: {
      const { attempt } = bench.machine.view
      const old = bench.fence(prng.between(1, Math.max(1, attempt)))
      const lost = failure('job/process-died', 'backoff')
      bench.happen({
        type: 'slots-lost',
        workerId: workerId(worker),
        fence: old,
        slots: [0, 1],
        failure: lost,
      })
      return
    }
    case 7:
      bench.acknowledge(
        prng.between(1, 12),
        prng.between(1, Math.max(1, bench.machine.view.attempt)),
      )
      return
    case 8: {
      const { attempt } = bench.fence(prng.between(1, Math.max(1, bench.machine.view.attempt)))
      const late = failure('rpc/deadline', 'backoff')
      bench.happen({ type: 'deploy-failed', attempt, workerId: workerId(worker), failure: late })
      return
    }
    case 9:
      if (prng.chance(0.3)) bench.allEndOfData()
      return
    default:
      bench.pass(prng.between(1, 15_000))
  }
}

/** The faults are over: everything works, and there is room. */
function heal(bench: JobBench): void {
  for (const habit of ['allocate', 'deploy', 'cancel', 'acknowledge', 'finish'] as const)
    bench.habits[habit] = 'do'
  bench.habits.restore = 'do'
  bench.addWorker('w-heal-1', 3).addWorker('w-heal-2', 3)
  bench.pass(200_000)
  // Tasks that were deployed to the deaf would have been found by their worker; here they are given up.
  if (bench.state !== 'RUNNING' && bench.state !== 'FINISHING') {
    for (const name of ['w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8', 'w9'])
      bench.killWorker(name)
    bench.pass(200_000)
  }
}

describe('whatever happens', () => {
  it.each([
    ['one region', countingGraph()],
    ['three regions', parallelPipelines(3)],
  ])('a job of %s keeps its promises, and finishes when it is let be', (_name, graph) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const prng = new Prng(seed)
      const bench = new JobBench({ graph })
      const judge = new Judge()
      const names = ['w1', 'w2']
      try {
        bench.start()
        for (let step = 0; step < STEPS; step++) {
          blow(bench, prng, names)
          for (const effect of bench.effects.splice(0)) judge.judge(effect)
        }
        heal(bench)
        for (const effect of bench.effects.splice(0)) judge.judge(effect)
        for (let tries = 0; tries < 5 && bench.state !== 'FINISHED'; tries++) {
          bench.allEndOfData().pass(100_000)
        }
        expect(bench.state).toBe('FINISHED')
        expect(bench.registry.freeCount).toBe(bench.registry.slotCount)
      } catch (error) {
        throw new Error(
          `seed ${seed} (${bench.state}): ${bench.transcript.slice(-25).join('\n')}`,
          { cause: error },
        )
      }
    }
  })

  it('a canceled job ends, whatever it was doing', () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const prng = new Prng(seed)
      const bench = new JobBench({ graph: parallelPipelines(2) }).start()
      const names = ['w1', 'w2']
      for (let step = 0; step < prng.int(STEPS); step++) blow(bench, prng, names)
      bench.happen({ type: 'cancel' }).pass(31_000)
      expect(['CANCELED', 'FINISHED'], `seed ${seed}`).toContain(bench.state)
    }
  })
})
