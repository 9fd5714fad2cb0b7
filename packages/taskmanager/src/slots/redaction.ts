// Takes the values of secrets out of what leaves a job process for other eyes: what it prints, and why it failed. A
// driver's error may quote the password that it was given; what a job prints on purpose may as well. It knows values, not
// meanings: one that was changed on the way (encoded, cut) is not found.

import type { SecretValues } from '@weirjs/common/core/secrets'
import { SECRET_MASK } from '@weirjs/common/node/config-secrets'
import type { HostEvent } from './protocol.ts'

/** Shorter values are left alone: they are in half of all words. */
export const REDACTED_CHARS_MIN = 6
/** Messages that may tell a value. Snapshots and measures hold none, and come often. */
const TELLING: ReadonlySet<string> = new Set(['output', 'task-update', 'decline'])

export class Redaction {
  readonly #values: readonly string[]

  constructor({ variables, files }: SecretValues) {
    const values = [...Object.values(variables), ...Object.values(files)]
    // A key of many lines is printed line by line.
    const lines = values.flatMap((value) => [value, ...value.split(/\r?\n/)])
    const long = lines.filter((line) => line.length >= REDACTED_CHARS_MIN)
    // The longest first: one may be a part of another.
    this.#values = [...new Set(long)].sort((a, b) => b.length - a.length)
  }

  text(text: string): string {
    let left = text
    for (const value of this.#values)
      if (left.includes(value)) left = left.replaceAll(value, SECRET_MASK)
    return left
  }

  event(event: HostEvent): HostEvent {
    if (this.#values.length === 0) return event
    if (event.type === 'slot' && !TELLING.has(event.event.type)) return event
    return this.#all(event) as HostEvent
  }

  /** Every text in it. */
  #all(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((one) => this.#all(one))
    if (typeof value !== 'object' || value === null || !isPlain(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#all(one)]))
  }
}

/** Bytes and the like are passed on. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
