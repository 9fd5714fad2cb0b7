// The log of a process: one JSON object per line on standard output, or wherever told. Written synchronously, so that
// the last words before a crash are there. What is named like a secret is masked, whoever logs it. To log never throws: a
// log that cannot be written (its disk is full) waits in memory, within a bound, and ends nobody.

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
/** Kept of a log that cannot be written; what comes on top is lost. Bytes. */
export const KEPT_BYTES_MAX: number = 2 ** 20

/** Lines look like `{"level":"info","time":"2026-…Z",…fields,"msg":"checkpoint completed"}`. */
export function createLog(options: LogOptions): Log {
  const log = pino(
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
    options.destination ??
      standardOutput((lines, reason) => {
        log.warn({ lines, reason }, 'lines of this log were lost: it could not be written')
      }),
  )
  return log
}

/** `onLost` hears how many lines are missing, and the last error, when writing works again. */
function standardOutput(onLost: (lines: number, reason: string) => void): DestinationStream {
  const output = pino.destination({ dest: 1, sync: true, maxLength: KEPT_BYTES_MAX })
  let lost = 0
  let reason = 'longer than may be kept'
  // What could not be written stays first in line, and is tried again with each line that comes.
  output.on('error', (error: Error) => {
    reason = error.message
  })
  output.on('drop', () => {
    if (lost++ === 0) {
      output.once('drain', () => {
        const lines = lost
        lost = 0
        onLost(lines, reason)
      })
    }
    // Lines that are dropped try nothing, and so nobody else would find out that there is room again.
    output.write('')
  })
  return output
}
