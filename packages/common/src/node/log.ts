// The log of a process: one JSON object per line on standard output, or wherever told. Written synchronously, so that
// the last words before a crash are there. What is named like a secret is masked, whoever logs it.

import { pino, type DestinationStream } from 'pino'
import type { Log, LogFields } from '../core/log.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  readonly level: LogLevel
  /** In every line: role, worker, job. */
  readonly fields?: LogFields
  /** Default: standard output. */
  readonly destination?: DestinationStream
}

const SECRET_NAMES: readonly string[] = [
  'token',
  'secret',
  'password',
  'credential',
  'apiKey',
  'authorization',
]
const MASK = '***'

/** Lines look like `{"level":"info","time":"2026-…Z",…fields,"msg":"checkpoint completed"}`. */
export function createLog(options: LogOptions): Log {
  return pino(
    {
      level: options.level,
      base: { ...options.fields },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: MASK,
      },
    },
    options.destination ?? pino.destination({ dest: 1, sync: true }),
  )
}
