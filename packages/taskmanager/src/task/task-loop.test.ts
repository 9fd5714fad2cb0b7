import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { describe, expect, test } from 'vitest'
import { RUNS_PER_TURN_MAX, SlotLoop } from './task-loop.ts'
import type { LoopTask } from './task-loop.ts'

/** Time that passes while tasks work, and not otherwise. */
class WorkingScheduler extends ManualScheduler {
  workedMs = 0

  override nowMs(): number {
    return super.nowMs() + this.workedMs
  }
}

class FakeTask implements LoopTask {
  readonly runs: { readonly turn: number; readonly deadlineMs: number }[] = []
  dirty = false
  flushed = 0
  left: number
  onRun: () => void = () => {}

  constructor(left: number) {
    this.left = left
  }

  run(deadlineMs: number): boolean {
    this.runs.push({ turn: turns, deadlineMs })
    this.onRun()
    if (this.left > 0) this.left -= 1
    return this.left > 0
  }

  flush(): void {
    this.flushed += 1
    this.dirty = false
  }
}

let turns = 0

function loopOf(scheduler: ManualScheduler): SlotLoop {
  turns = 0
  return new SlotLoop({ scheduler, onTurn: () => (turns += 1) })
}

describe('the loop of a slot', () => {
  test('sleeps until a task is woken, and again when nothing is left', () => {
    const time = new ManualScheduler()
    const task = new FakeTask(3)
    const wake = loopOf(time).add(task)
    expect(time.pending).toBe(0)
    wake()
    wake()
    expect(time.pending).toBe(1)
    time.runUntilIdle()
    expect(task.runs.length).toBe(3)
    expect(time.pending).toBe(0)
  })

  test('lets the event loop have its turn after a millisecond of work', () => {
    const time = new WorkingScheduler()
    const task = new FakeTask(10)
    task.onRun = () => (time.workedMs += 0.4)
    const wake = loopOf(time).add(task)
    wake()
    while (time.step()) expect(time.pending).toBeLessThanOrEqual(1)
    expect(task.runs.map(({ turn }) => turn)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3, 4])
  })

  test('runs ready tasks in turn', () => {
    const time = new ManualScheduler()
    const order: string[] = []
    const loop = loopOf(time)
    const wakes = ['a', 'b', 'c'].map((name) => {
      const task = new FakeTask(2)
      task.onRun = () => order.push(name)
      return loop.add(task)
    })
    for (const wake of wakes) wake()
    time.runUntilIdle()
    expect(order.join('')).toBe('abcabc')
  })

  test('a task that always has work does not keep the others out, and not the event loop when time stands', () => {
    const time = new ManualScheduler()
    const loop = loopOf(time)
    const greedy = new FakeTask(Number.POSITIVE_INFINITY)
    const modest = new FakeTask(1)
    loop.add(greedy)()
    loop.add(modest)()
    time.step()
    expect(modest.runs.length).toBe(1)
    expect(greedy.runs.length).toBe(RUNS_PER_TURN_MAX - 1)
    expect(time.pending).toBe(1)
  })

  test('sends open frames when a second turn found nothing to do, not before', () => {
    const time = new ManualScheduler()
    const loop = loopOf(time)
    const task = new FakeTask(1)
    const wake = loop.add(task)
    task.dirty = true
    wake()
    time.step()
    expect(task.flushed).toBe(0)
    wake()
    time.step()
    expect(task.flushed).toBe(0)
    time.step()
    expect(task.flushed).toBe(1)
    expect(time.pending).toBe(0)
  })

  test('a task that is gone is not run', () => {
    const time = new ManualScheduler()
    const loop = loopOf(time)
    const gone = new FakeTask(5)
    const stays = new FakeTask(1)
    const wakeGone = loop.add(gone)
    loop.add(stays)()
    wakeGone()
    loop.remove(gone)
    time.runUntilIdle()
    expect(gone.runs).toEqual([])
    expect(stays.runs.length).toBe(1)
  })
})
