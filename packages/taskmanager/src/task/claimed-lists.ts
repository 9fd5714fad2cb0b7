// Lists of an operator's restored state, and which of them it never asked for. Keyed state is declared in the graph, so
// that the JobManager sees what nobody claims; which lists an operator has (a broadcast map, what a sink has not committed
// yet) only its code knows. So the task looks, when everything has been restored and before anything runs.

import type { OperatorRestore } from '@weirjs/common/core/checkpoint/handles'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import type { RestoredLists } from '../operators/operator.ts'

export class ClaimedLists implements RestoredLists {
  readonly restored = true
  readonly #restore: OperatorRestore
  readonly #lists: RestoredLists
  readonly #asked = new Set<string>()

  constructor(restore: OperatorRestore, lists: RestoredLists) {
    this.#restore = restore
    this.#lists = lists
  }

  list<T>(name: string, codec: Codec<T>): readonly T[] {
    this.#asked.add(name)
    return this.#lists.list(name, codec)
  }

  /** What would be dropped, for people. */
  unclaimed(): readonly string[] {
    const { uid, lists } = this.#restore
    return lists.flatMap(({ name, parts }) => {
      const entries = parts.reduce((sum, { first, end }) => sum + end - first, 0)
      if (entries === 0 || this.#asked.has(name)) return []
      return [
        `list "${name}" of operator ${uid} (${entries} ${entries === 1 ? 'entry' : 'entries'} here)`,
      ]
    })
  }
}

/** Throws `restore/unclaimed-list` when something was not asked for. */
export function refuseUnclaimed(lists: readonly ClaimedLists[]): void {
  const unclaimed = lists.flatMap((one) => one.unclaimed())
  if (unclaimed.length === 0) return
  throw new WeirError('restore/unclaimed-list', `no step takes ${unclaimed.join(', ')}`, {
    domain: 'user',
    hint: 'Bring back the step that had it, under its uid and name, or drop it with --allow-non-restored-state.',
  })
}
