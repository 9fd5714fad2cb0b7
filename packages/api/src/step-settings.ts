// Settings of the step that a stream just left: name, parallelism, chaining. They may be said until the job is built.

import { callSite } from './call-site.ts'
import { checkParallelism } from './graph-builder.ts'
import { jobError } from './job-error.ts'
import type { Inlet, NodeDraft } from './node-draft.ts'

export abstract class StepSettings {
  readonly #last: NodeDraft | null

  constructor(inlets: readonly Inlet[]) {
    const [only, ...others] = inlets
    this.#last =
      only !== undefined && others.length === 0 && only.route.kind === 'auto'
        ? only.port.node
        : null
  }

  /** What a person reads for this step. */
  named(name: string): this {
    this.#step().name = name
    return this
  }

  /** Subtasks of this step, 1 … 32,768. Default: the job's. Throws WeirError `job/parallelism-out-of-range`. */
  parallelism(count: number): this {
    const location = callSite()
    this.#step().parallelism = checkParallelism(count, 'parallelism', location)
    return this
  }

  /** Highest parallelism that this step's keyed state can ever be spread over; fixed once state exists. */
  maxParallelism(count: number): this {
    const location = callSite()
    this.#step().maxParallelism = checkParallelism(count, 'maximum parallelism', location)
    return this
  }

  /** This step starts a chain: it runs apart from the step before it. */
  startNewChain(): this {
    this.#step().chaining = 'head'
    return this
  }

  /** This step runs apart from the steps before and after it. */
  disableChaining(): this {
    this.#step().chaining = 'never'
    return this
  }

  /** Steps of different groups never share a slot. Inherited by the steps that follow. */
  slotSharingGroup(group: string): this {
    this.#step().slotSharingGroup = group
    return this
  }

  #step(): NodeDraft {
    if (this.#last !== null) return this.#last
    throw jobError('no-step', 'there is no step here that this setting could be for', {
      location: callSite(1),
      hint: 'Settings come directly after the step that they are for, before union, keyBy or rebalance.',
    })
  }
}
