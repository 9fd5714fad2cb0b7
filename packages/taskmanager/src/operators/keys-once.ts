// Every key of an operator once, even when it has several states: the walk behind `finishKey`. It can rest between any
// two keys, so that a million of them do not fill the outputs beyond their bounds.

import type { StateRuntime } from '@weirjs/api/functions'
import type { Key } from '@weirjs/common/core/codec'
import type { KeyedStateBackend, KeyVisit } from '../state/state-backend.ts'

export class KeysOnce implements KeyVisit {
  readonly #keyed: KeyedStateBackend
  readonly #states: readonly StateRuntime[]
  /** Keys of the states before; one state alone has each key once. */
  readonly #visited: Set<Key> | null
  #state = -1
  #visit: KeyVisit | null = null

  constructor(keyed: KeyedStateBackend, states: readonly StateRuntime[]) {
    this.#keyed = keyed
    this.#states = states
    this.#visited = states.length > 1 ? new Set() : null
  }

  next(): boolean {
    for (;;) {
      if (this.#visit?.next() === true) {
        if (this.#isNew(this.#keyed.currentKey)) return true
        continue
      }
      this.#state += 1
      const state = this.#states[this.#state]
      if (state === undefined) return false
      this.#visit = this.#keyed.visitKeys(state)
    }
  }

  #isNew(key: Key): boolean {
    const visited = this.#visited
    if (visited === null) return true
    if (visited.has(key)) return false
    visited.add(key)
    return true
  }
}
