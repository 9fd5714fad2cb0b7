// Sinks without a store: `print` shows records to whoever follows the job, `discard` drops them.

import { isSpecialFloat } from '@weirjs/api/json-values'
import type { Sink, SinkContext, SinkSnapshot, SinkWriter } from '@weirjs/api/connector'

export interface PrintOptions<T> {
  /** Before each line; with several subtasks their number follows it. */
  readonly prefix?: string
  /** Default: text as it is, everything else as JSON. */
  readonly format?: (value: T) => string
}

/** One line for each record, at once: after a restart lines may come again. */
export function print<T = unknown>(options: PrintOptions<T> = {}): Sink<T, never, never> {
  return {
    ...STORELESS,
    description: 'print',
    createWriter: (context) =>
      new LineWriter(context, options.format ?? asLine, options.prefix ?? ''),
  }
}

/** Throws records away: the end of a stream whose steps are run for what they do. */
export function discard<T = unknown>(): Sink<T, never, never> {
  return { ...STORELESS, description: 'discard', createWriter: () => new DiscardingWriter() }
}

const STORELESS = {
  guarantee: 'at-least-once',
  record: null,
  committableCodec: null,
  stateCodec: null,
  createCommitter: () => null,
} as const

const NOTHING: SinkSnapshot<never, never> = { committables: Promise.resolve([]), state: [] }

class DiscardingWriter<T> implements SinkWriter<T, never, never> {
  readonly ready = true

  write(_value: T): void {}

  finish(): void {}

  snapshot(): SinkSnapshot<never, never> {
    return NOTHING
  }

  async close(): Promise<void> {}
}

class LineWriter<T> extends DiscardingWriter<T> {
  readonly #context: SinkContext
  readonly #format: (value: T) => string
  readonly #start: string

  constructor(context: SinkContext, format: (value: T) => string, prefix: string) {
    super()
    this.#context = context
    this.#format = format
    const number = context.parallelism > 1 ? `${context.subtask + 1}> ` : ''
    this.#start = prefix === '' ? number : `${prefix} ${number}`
  }

  override write(value: T): void {
    this.#context.print(this.#start + this.#format(value))
  }
}

/** Bigints, Maps, Sets and NaN are shown too; a cycle shows as its type. */
function asLine(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value, showOdd) ?? String(value)
  } catch {
    return String(value) // a cycle: showing records must not fail the job
  }
}

function showOdd(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint' || isSpecialFloat(value)) return String(value)
  if (value instanceof Map) return Object.fromEntries(value)
  if (value instanceof Set) return [...value]
  return value
}
