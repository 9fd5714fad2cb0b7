// Takes the values of secrets out of what leaves a job process for other eyes: what it prints, and why it failed. A
// driver's error may quote the password that it was given; what a job prints on purpose may as well. It knows values, not
// meanings: one that was changed on the way (encoded, cut) is not found.

import type { Failure } from '@weirjs/common/core/errors'
import type { SecretValues } from '@weirjs/common/core/secrets'
import { SECRET_MASK } from '@weirjs/common/core/secret-names'
import type { HostEvent, SlotEvent } from './protocol.ts'

/** Shorter values are left alone: they are in half of all words. */
const REDACTED_CHARS_MIN = 6

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

  /** What people read of a message; what programs read stays, or a host name that is a secret would break addresses. */
  event(event: HostEvent): HostEvent {
    if (this.#values.length === 0) return event
    switch (event.type) {
      case 'lost':
        return { ...event, failure: this.#failure(event.failure) }
      case 'reply':
        return 'failure' in event.outcome
          ? { ...event, outcome: { failure: this.#failure(event.outcome.failure) } }
          : event
      case 'slot':
        return { ...event, event: this.#slotEvent(event.event) }
      case 'prepared':
        return event
    }
  }

  #slotEvent(event: SlotEvent): SlotEvent {
    switch (event.type) {
      case 'output': {
        const lines = event.lines.map((line) => ({ ...line, text: this.text(line.text) }))
        return { ...event, lines }
      }
      case 'task-update': {
        const { update } = event
        if (update.change.state !== 'failed') return event
        const change = { ...update.change, failure: this.#failure(update.change.failure) }
        return { ...event, update: { ...update, change } }
      }
      case 'decline': {
        const failure = this.#failure(event.decline.failure)
        return { ...event, decline: { ...event.decline, failure } }
      }
      default:
        return event
    }
  }

  #failure(failure: Failure): Failure {
    const { message, hint, stack, lastOutput } = failure
    return {
      ...failure,
      message: this.text(message),
      ...(hint === undefined ? {} : { hint: this.text(hint) }),
      ...(stack === undefined ? {} : { stack: this.text(stack) }),
      ...(lastOutput === undefined
        ? {}
        : { lastOutput: lastOutput.map((line) => this.text(line)) }),
    }
  }
}
