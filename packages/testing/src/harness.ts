// Tests one step of a job alone: a `keyedProcess` or `process` definition goes in, records, watermarks and time by hand.
// Every call is made in three worlds at once: plainly; with a snapshot and a restore into a fresh step after each call; and
// with outputs that say "not now" every other time. All must say the same, so that a step that keeps something outside
// its state is found by its first test, not by its first failure in production.

import { inspect, isDeepStrictEqual } from 'node:util'
import { stateRuntimes, listRuntimes } from '@weirjs/api/state'
import type { KeyedProcess, Process, SideTypes } from '@weirjs/api/process-definitions'
import type { NodeRuntime } from '@weirjs/api/functions'
import type { Key } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import { HARNESS_MODES, OperatorHarness } from '@weirjs/taskmanager/operators/harness'

export interface PushOptions {
  /** Event time of the record, ms. Default: none. */
  readonly timestamp?: number
}

/** A step under test. Output gathers until it is looked at from outside; it is never cleared. */
export interface Harness<In, Out> {
  /** A record; keyed steps name its key first. */
  push(key: Key, value: In, options?: PushOptions): void
  /** No record with a lower time stamp will come: fires event timers up to `ms`. */
  advanceWatermark(ms: number): void
  /** Processing time goes on by `ms`: fires what falls due, in order. */
  advanceTime(ms: number): void
  /** The input has ended. */
  finish(): void
  /** A crash after a checkpoint: a fresh step goes on from what this one had stored. */
  restart(): void
  /** What the step has emitted so far. Throws `testing/modes-differ` when the worlds disagree. */
  readonly output: readonly Out[]
  /** The same for a side output. */
  side(tag: string): readonly unknown[]
  close(): void
}

/** A harness for a keyed step. */
export function harness<In, Out, K extends Key, S extends SideTypes>(
  definition: KeyedProcess<In, Out, K, S>,
): Harness<In, Out>
/** A harness for a step without key; `push` ignores the key. */
export function harness<In, Out, S extends SideTypes>(
  definition: Process<In, Out, S>,
): Harness<In, Out>
export function harness<In, Out>(
  definition: KeyedProcess<In, Out> | Process<In, Out>,
): Harness<In, Out> {
  const runtime = runtimeOf(definition)
  const keyed = definition.kind === 'keyed-process'
  const worlds = HARNESS_MODES.map((mode) => new OperatorHarness({ runtime, mode, keyed }))
  const each = (use: (world: OperatorHarness) => void): void => worlds.forEach(use)
  return {
    push: (key, value, options = {}) =>
      each((world) => world.push(value, keyed ? { key, ...options } : options)),
    advanceWatermark: (ms) => each((world) => world.advanceWatermark(ms)),
    advanceTime: (ms) => each((world) => world.advanceTime(ms)),
    finish: () => each((world) => world.finish()),
    restart: () => each((world) => world.restart([world.snapshot()])),
    get output() {
      return agreed(worlds, (world) => world.output) as readonly Out[]
    },
    side: (tag) => agreed(worlds, (world) => world.side(tag)),
    close: () => each((world) => world.close()),
  }
}

function runtimeOf<In, Out>(definition: KeyedProcess<In, Out> | Process<In, Out>): NodeRuntime {
  const { functions } = definition
  if (definition.kind === 'keyed-process')
    return { kind: 'keyed-process', functions, state: stateRuntimes(definition.state) }
  return { kind: 'process', functions, lists: listRuntimes(definition.lists) }
}

function agreed(
  worlds: readonly OperatorHarness[],
  look: (world: OperatorHarness) => readonly unknown[],
): readonly unknown[] {
  const [first = [], ...others] = worlds.map(look)
  others.forEach((other, i) => {
    if (isDeepStrictEqual(first, other)) return
    throw new WeirError(
      'testing/modes-differ',
      `the step emits ${shown(other)} in mode ${HARNESS_MODES[i + 1]}, ${shown(first)} plainly`,
      {
        domain: 'user',
        hint: 'Does it keep something outside its declared state, or change a value that it was given?',
      },
    )
  })
  return first
}

/** Records may have bigints and Maps in them. */
const shown = (records: readonly unknown[]): string =>
  inspect(records, { depth: null, breakLength: Number.POSITIVE_INFINITY })
