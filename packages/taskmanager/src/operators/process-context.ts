// The one context object of a process step. Its functions are own properties made once, so that job
// authors may take them apart; what changes from record to record are plain fields that the
// operator sets before each call.

import type { Key } from '@weirjs/common/core/codec'
import { MIN_WATERMARK, NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import type { StateRuntime } from '@weirjs/api/functions'
import { durationMs } from '@weirjs/api/durations'
import type {
  ListState,
  ProcessContext,
  ProcessTimers,
  TimeDomain,
} from '@weirjs/api/process-context'
import type { KeyedStateBackend } from '../state/state-backend.ts'
import type { OperatorContext, Output } from './operator.ts'
import { notAvailable, wholeMs } from './user-mistakes.ts'

const STEP = 'the step that emitted it'

type Emit = (value: unknown, timestamp?: number) => void

interface Side {
  readonly emit: Emit
}

export class EngineProcessContext implements ProcessContext {
  timestamp: number = NO_TIMESTAMP
  watermark: number = MIN_WATERMARK
  timeDomain: TimeDomain = 'event'
  broadcast: unknown = undefined
  readonly state: Readonly<Record<string, unknown>>
  readonly lists: Readonly<Record<string, ListState<unknown>>>
  readonly timers: ProcessTimers
  readonly emit: Emit
  readonly side: (tag: string) => Side
  readonly output: Readonly<Record<string, Emit>>
  readonly print: (text: string) => void
  readonly subtask: number
  readonly parallelism: number
  readonly #keyed: KeyedStateBackend | null

  constructor(
    context: OperatorContext,
    parts: {
      readonly states: readonly StateRuntime[]
      readonly lists: Readonly<Record<string, ListState<unknown>>>
      /** False: setting a timer that nobody would hear is refused. */
      readonly hasTimerFunction: boolean
    },
  ) {
    const { keyed, output } = context
    this.#keyed = keyed
    this.state = keyed === null ? {} : stateHandles(keyed, parts.states)
    this.lists = parts.lists
    this.timers =
      keyed === null || !parts.hasTimerFunction ? noTimers(keyed) : timersOf(keyed, context)
    this.emit = this.#emitter(output)
    this.side = this.#sides(context)
    this.output = sidesByName(this.side)
    this.print = (text): void => context.print(text)
    this.subtask = context.task.subtask
    this.parallelism = context.parallelism
  }

  get key(): Key {
    if (this.#keyed !== null) return this.#keyed.currentKey
    throw notAvailable('ctx.key', 'Only keyed streams have keys: call keyBy before this step.')
  }

  #emitter(output: Output): Emit {
    return (value, timestamp = this.timestamp): void =>
      output.emit(
        value,
        Number.isSafeInteger(timestamp) ? timestamp : wholeMs(timestamp, STEP, value),
      )
  }

  #sides(context: OperatorContext): (tag: string) => Side {
    const byTag = new Map<string, Side>()
    return (tag) => {
      const known = byTag.get(tag)
      if (known !== undefined) return known
      const side = { emit: this.#emitter(context.side(tag)) }
      byTag.set(tag, side)
      return side
    }
  }
}

/**
 * `output.tag`: own properties, each made when it is asked for first; the proxy is only behind what
 * is not there yet.
 */
function sidesByName(side: (tag: string) => Side): Readonly<Record<string, Emit>> {
  const missing = new Proxy(Object.create(null) as Record<string, Emit>, {
    get(_target, tag): Emit | undefined {
      if (typeof tag !== 'string') return undefined
      const { emit } = side(tag)
      Object.defineProperty(output, tag, { value: emit, enumerable: true })
      return emit
    },
  })
  const output = Object.create(missing) as Record<string, Emit>
  return output
}

function stateHandles(
  keyed: KeyedStateBackend,
  states: readonly StateRuntime[],
): Readonly<Record<string, unknown>> {
  // With a prototype: V8 keeps objects without one as dictionaries, and `state.count` is looked up per record.
  return Object.fromEntries(states.map((state) => [state.name, stateHandle(keyed, state)]))
}

function stateHandle(keyed: KeyedStateBackend, state: StateRuntime): unknown {
  switch (state.kind) {
    case 'value':
      return keyed.value(state)
    case 'list':
      return keyed.list(state)
    case 'map':
      return keyed.map(state)
    case 'reducing':
    case 'aggregating':
      return keyed.folding(state)
  }
}

function timersOf(keyed: KeyedStateBackend, { scheduler }: OperatorContext): ProcessTimers {
  const { eventTimers, processingTimers } = keyed
  return {
    // Watermarks are whole numbers: it would fire there anyway, and what it emits has its time.
    at: (timeMs) => eventTimers.register(Math.ceil(timeMs)),
    after(delay) {
      const delayMs = typeof delay === 'number' ? delay : durationMs(delay, 'the delay of a timer')
      // Always in the future: a timer that sets itself anew does not fire twice in one go.
      const timeMs = Math.floor(scheduler.wallMs()) + Math.max(1, Math.ceil(delayMs))
      processingTimers.register(timeMs)
      return timeMs
    },
    deleteAt: (timeMs) => eventTimers.delete(Math.ceil(timeMs)),
    deleteAfter: (timeMs) => processingTimers.delete(timeMs),
  }
}

function noTimers(keyed: KeyedStateBackend | null): ProcessTimers {
  const refuse = (): never => {
    throw keyed === null
      ? notAvailable('ctx.timers', 'Only keyed streams have timers: call keyBy before this step.')
      : notAvailable('ctx.timers', 'The step has no timer function that could be called: add one.')
  }
  return { at: refuse, after: refuse, deleteAt: refuse, deleteAfter: refuse }
}
