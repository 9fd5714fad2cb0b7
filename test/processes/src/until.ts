// Waiting in tests of real processes: for a condition, never for a time alone, and never without a limit.

import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20

export class NotInTime extends Error {}

export interface UntilOptions {
  readonly withinMs: number
  /** Default 20. */
  readonly everyMs?: number
}

/** Asks `look` again and again until it answers something other than null. Throws NotInTime. */
export async function until<T>(
  what: string,
  { withinMs, everyMs = POLL_MS }: UntilOptions,
  look: () => T | null | Promise<T | null>,
): Promise<T> {
  const dueMs = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== null) return found
    if (performance.now() >= dueMs) throw new NotInTime(`not within ${withinMs} ms: ${what}`)
    await sleep(everyMs)
  }
}

/** Like `until`, for a condition that may not come: answers whether it did. */
export async function cameTrue(
  options: UntilOptions,
  holds: () => boolean | Promise<boolean>,
): Promise<boolean> {
  try {
    return await until('', options, async () => ((await holds()) ? true : null))
  } catch (error) {
    if (error instanceof NotInTime) return false
    throw error
  }
}
