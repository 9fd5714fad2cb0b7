// Records are immutable by contract: tasks of one slot share them by reference. While developing, the contract is
// enforced: every record that an operator emits is frozen to its depth, so that who changes one later throws at the
// very line, in strict mode. In production nothing is frozen: it costs as much as all the rest.

import type { CountingOutput } from './task-output.ts'

/** Nesting that is followed; deeper parts stay as they are. */
const DEPTH_MAX = 64

/** Freezes what goes through. */
export class FreezingOutput implements CountingOutput {
  readonly #next: CountingOutput

  constructor(next: CountingOutput) {
    this.#next = next
  }

  get count(): number {
    return this.#next.count
  }

  emit(value: unknown, timestamp: number): void {
    deepFreeze(value, DEPTH_MAX)
    this.#next.emit(value, timestamp)
  }
}

/** Freezes plain data; memory of buffers cannot be frozen, and what is frozen already was so to its depth. */
export function deepFreeze(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null || depth === 0) return
  if (ArrayBuffer.isView(value) || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part, depth - 1)
}
