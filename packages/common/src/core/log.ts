// What the code says to its operator: an event as a sentence, and fields. pino's logger is one of these; tests and the
// simulator pass a silent or a gathering one. Only transitions are logged, never records.

export type LogFields = Readonly<Record<string, unknown>>

export interface Log {
  debug(fields: LogFields, event: string): void
  info(fields: LogFields, event: string): void
  warn(fields: LogFields, event: string): void
  error(fields: LogFields, event: string): void
}

const nothing = (): void => {}

export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
