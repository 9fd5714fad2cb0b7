// A log that gathers what it is told, for tests and the simulator. Bounded: the oldest events go first.

import type { Log, LogFields } from './log.ts'

export const MEMORY_LOG_EVENTS_MAX = 10_000

export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: LogFields
}

export class MemoryLog implements Log {
  readonly events: LoggedEvent[] = []

  debug(fields: LogFields, event: string): void {
    this.#add('debug', fields, event)
  }

  info(fields: LogFields, event: string): void {
    this.#add('info', fields, event)
  }

  warn(fields: LogFields, event: string): void {
    this.#add('warn', fields, event)
  }

  error(fields: LogFields, event: string): void {
    this.#add('error', fields, event)
  }

  /** Events of one name, oldest first. */
  of(event: string): readonly LoggedEvent[] {
    return this.events.filter((one) => one.event === event)
  }

  #add(level: LoggedEvent['level'], fields: LogFields, event: string): void {
    this.events.push({ level, event, fields })
    if (this.events.length > MEMORY_LOG_EVENTS_MAX) this.events.shift()
  }
}
