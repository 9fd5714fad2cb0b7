// Drives a ManualScheduler for code that continues behind promises: between two events every promise callback that can
// run has run. The real event loop is used only to drain them; no real time is waited for.

import { AssertionFailed } from '../core/assert.ts'
import { IDLE_EVENTS_MAX, type ManualScheduler } from '../core/manual-scheduler.ts'

/** Resolves when all promise callbacks that were able to run have run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Lets `ms` of virtual time pass. */
export async function advance(time: ManualScheduler, ms: number): Promise<void> {
  const target = time.nowMs() + ms
  await settle()
  while (time.step(target)) await settle()
  time.moveTo(target)
}

/** Runs events until none waits. */
export async function runUntilIdle(time: ManualScheduler): Promise<void> {
  await settle()
  for (let ran = 0; time.step(); ran++) {
    if (ran >= IDLE_EVENTS_MAX) throw new AssertionFailed('events without end: never idle')
    await settle()
  }
}

/** Runs events until `work` has settled, and answers as it does. Fails when nothing is left to run before that. */
export async function drive<T>(time: ManualScheduler, work: Promise<T>): Promise<T> {
  let settled = false
  // Cannot reject: the outcome is not looked at here; the caller gets it from `work` itself.
  void Promise.allSettled([work]).then(() => {
    settled = true
  })
  await settle()
  for (let ran = 0; !settled; ran++) {
    if (ran >= IDLE_EVENTS_MAX)
      throw new AssertionFailed('events without end: the work never settles')
    if (!time.step())
      throw new AssertionFailed('nothing is left to run, and the work has not settled')
    await settle()
  }
  return work
}
