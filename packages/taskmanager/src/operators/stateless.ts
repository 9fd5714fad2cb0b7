// Map, filter and flat map: one call of the user's function per record, nothing kept.

import type { NodeRuntime } from '@weirjs/api/functions'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { Operator } from './operator.ts'
import type { OperatorContext, Output } from './operator.ts'
import { promiseReturned } from './user-mistakes.ts'

type Runtime<Kind extends NodeRuntime['kind']> = Extract<NodeRuntime, { readonly kind: Kind }>

export class MapOperator extends Operator {
  readonly #map: (value: unknown) => unknown
  readonly #output: Output

  constructor(runtime: Runtime<'map'>, context: OperatorContext) {
    super()
    this.#map = runtime.map
    this.#output = context.output
  }

  process(value: unknown, timestamp: number): void {
    const map = this.#map
    const mapped = map(value)
    if (mapped instanceof Promise) throw promiseReturned('map', mapped)
    this.#output.emit(mapped, timestamp)
  }
}

export class FilterOperator extends Operator {
  readonly #test: (value: unknown) => unknown
  readonly #output: Output

  constructor(runtime: Runtime<'filter'>, context: OperatorContext) {
    super()
    this.#test = runtime.test
    this.#output = context.output
  }

  process(value: unknown, timestamp: number): void {
    const test = this.#test
    const passes = test(value)
    if (passes === true) this.#output.emit(value, timestamp)
    else if (passes instanceof Promise) throw promiseReturned('filter', passes)
    else if (passes) this.#output.emit(value, timestamp)
  }
}

export class FlatMapOperator extends Operator {
  readonly #flatMap: (value: unknown, emit: (value: unknown) => void) => unknown
  readonly #emit: (value: unknown) => void
  #timestamp = NO_TIMESTAMP

  constructor(runtime: Runtime<'flat-map'>, context: OperatorContext) {
    super()
    this.#flatMap = runtime.flatMap
    const { output } = context
    this.#emit = (value): void => output.emit(value, this.#timestamp)
  }

  process(value: unknown, timestamp: number): void {
    this.#timestamp = timestamp
    const flatMap = this.#flatMap
    const returned = flatMap(value, this.#emit)
    if (returned instanceof Promise) throw promiseReturned('flatMap', returned)
  }
}
