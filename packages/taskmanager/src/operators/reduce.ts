// Rolling reduce: one value per key, which every record is folded into and which goes out after
// each of them.

import type { NodeRuntime } from '@weirjs/api/functions'
import { present } from '@weirjs/common/core/assert'
import type { ValueState } from '@weirjs/api/process-context'
import { declaredStates } from '../state/declared-states.ts'
import { Operator } from './operator.ts'
import type { OperatorContext, Output } from './operator.ts'
import { promiseReturned } from './user-mistakes.ts'

export class ReduceOperator extends Operator {
  readonly #reduce: (a: unknown, b: unknown) => unknown
  readonly #output: Output
  readonly #state: ValueState<unknown>

  constructor(
    runtime: Extract<NodeRuntime, { readonly kind: 'reduce' }>,
    context: OperatorContext,
  ) {
    super()
    this.#reduce = runtime.reduce
    this.#output = context.output
    const [state] = declaredStates(runtime)
    this.#state = present(context.keyed, 'keyed state of a reduce').value(
      present(state, 'the state of a reduce'),
    )
  }

  process(value: unknown, timestamp: number): void {
    const before = this.#state.get()
    const after = before === null ? value : this.#fold(before, value)
    this.#state.set(after)
    this.#output.emit(after, timestamp)
  }

  #fold(before: unknown, value: unknown): unknown {
    const reduce = this.#reduce
    const after = reduce(before, value)
    if (after instanceof Promise) throw promiseReturned('reduce', after)
    return after
  }
}
