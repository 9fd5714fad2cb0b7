import { Operator } from '../operators/operator.ts'

/** Keeps what it is given, in the list that it is told. */
export class Collector extends Operator {
  readonly #seen: unknown[]

  constructor(seen: unknown[]) {
    super()
    this.#seen = seen
  }

  process(value: unknown): void {
    this.#seen.push(value)
  }
}
