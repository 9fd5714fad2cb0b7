// One entry of a job's log as a file: JSON in a checked envelope. The frame ties it to its place (job, index, the entry
// before it), so that a file that was swapped, copied or brought back from elsewhere is noticed and named.
//
//   weir job-log v1 <bytes> <crc>
//   {"job": …, "index": 7, "epoch": 2, "uuid": …, "previous": <uuid of entry 6>, "atMs": …, "body": {"type": …, …}}

import { openJson, sealJson } from '@weirjs/common/codec/envelope'
import { logEntry } from '@weirjs/common/core/checkpoint/paths'
import { WeirError } from '@weirjs/common/core/errors'
import type { JobId, LeaderEpoch } from '@weirjs/common/core/ids'
import { z } from 'zod'
import type { LogBody } from './job-history.ts'
import { wrongBody } from './log-body-format.ts'

const KIND = 'job-log'
const VERSION = 1
/** A submission with the largest graph that is accepted stays far below. */
export const LOG_ENTRY_BYTES_MAX: number = 64 * 1024 * 1024

export interface LogEntry {
  readonly job: JobId
  /** ≥ 1, without gaps. */
  readonly index: number
  readonly epoch: LeaderEpoch
  /** Made for this one attempt to write; tells our entry from another leader's. */
  readonly uuid: string
  /** uuid of the entry before; null in entry 1. */
  readonly previous: string | null
  /** Wall clock; for people. */
  readonly atMs: number
  readonly body: LogBody
}

const frame = z.looseObject({
  job: z.string(),
  index: z.int(),
  epoch: z.int().positive(),
  uuid: z.string(),
  previous: z.string().nullable(),
  atMs: z.number(),
  body: z.looseObject({}),
})

/** Throws `log/entry-too-large`. */
export function sealEntry(entry: LogEntry): Uint8Array {
  const bytes = sealJson(KIND, VERSION, entry)
  if (bytes.length <= LOG_ENTRY_BYTES_MAX) return bytes
  const message = `an entry "${entry.body.type}" of ${bytes.length} bytes is too large for the job log`
  throw new WeirError('log/entry-too-large', message, {
    domain: 'user',
    hint: 'Make the job graph or its arguments smaller.',
  })
}

/** Throws `state/file-damaged` or `log/unknown-version`, naming the file as `located`. */
export function openEntry(job: JobId, index: number, bytes: Uint8Array, located: string): LogEntry {
  const { version, value } = openJson(KIND, bytes, located)
  if (version !== VERSION) {
    throw new WeirError(
      'log/unknown-version',
      `${located} was written in format ${version}; this release knows ${VERSION}`,
      {
        domain: 'user',
        hint: 'Run the release that wrote it, or a newer one.',
      },
    )
  }
  if (!isEntry(value)) throw damagedEntry(located, 'it is no log entry')
  const wrong = wrongBody(value.body)
  if (wrong !== null) throw damagedEntry(located, wrong)
  if (value.job !== job) throw damagedEntry(located, `it belongs to job ${value.job}`)
  if (value.index !== index) throw damagedEntry(located, `it is entry ${value.index}, not ${index}`)
  return value
}

/** The index that a path in the log directory stands for, or null when it is no entry. */
export function indexOf(job: JobId, path: string): number | null {
  const digits = /\/(\d{10})$/.exec(path)?.[1]
  if (digits === undefined) return null
  const index = Number(digits)
  return index >= 1 && logEntry(job, index) === path ? index : null
}

/** WeirError `log/damaged`: the log is not whole. Never worked around silently (D13). */
export function damagedLog(located: string, why: string): WeirError {
  return new WeirError('log/damaged', `the job log is damaged: ${located}: ${why}`, {
    domain: 'external',
    retry: 'never',
    hint: 'Bring the file back from a copy, or submit the job again with -s and one of its checkpoints.',
  })
}

/** The entry is there and whole, and wrong as a whole: as with other files, the place in it is said. */
export function damagedEntry(located: string, why: string): WeirError {
  return damagedLog(`${located} at byte 0`, why)
}

function isEntry(value: unknown): value is LogEntry {
  return frame.safeParse(value).success
}
