// What simulated processes log. All of it is part of the history; and of what JobManagers say, some is a message to those
// who judge, and some may never be said at all, whatever the faults.

import type { Log, LogFields } from '@weirjs/common/core/log'
import type { SimProcess } from './process.ts'
import type { World } from './world.ts'

/** Of a line, so much is in the history. */
const FIELDS_MAX = 300

/** Who is told, and who knows the truth. */
export interface Hearing {
  readonly bug: (what: string) => void
  /** It is the JobManager that was started last. */
  readonly isNewest: (process: SimProcess) => boolean
  /** Of the newest entry in the log of a job. */
  readonly epoch: (job: string) => number
  readonly completed: (job: string, checkpoint: string) => void
  readonly checkpointFailed: (job: string, code: string) => void
  readonly deposed: (process: SimProcess) => void
}

/** What a JobManager that leads never meets, whatever the faults. */
const UNEXCUSED: ReadonlySet<string> = new Set([
  'job/internal',
  'job/recovery-failed',
  'job/task-vanished',
  'job/bundle-missing',
  'log/damaged',
  'restore/not-found',
  'state/file-damaged',
  'worker/bad-reply',
  'worker/bad-request',
])
const FIRST_EPOCH = 1

/** Reads what one process logs. */
export class LogReader {
  readonly #process: SimProcess
  readonly #hearing: Hearing
  /** By job: in which the process began to lead it. Of others it has at most looked at the log. */
  readonly #epochs = new Map<string, number>()

  constructor(process: SimProcess, hearing: Hearing) {
    this.#process = process
    this.#hearing = hearing
  }

  read(fields: LogFields, text: string): void {
    const job = String(fields['jobId'])
    const code = String(fields['code'])
    const id = /^Checkpoint completed with ID (\d+)/.exec(text)?.[1]
    if (id !== undefined) this.#hearing.completed(job, id)
    if (text === 'job accepted') this.#epochs.set(job, FIRST_EPOCH)
    if (text === 'job taken over') this.#epochs.set(job, Number(fields['epoch']))
    if (text === 'checkpoint failed') this.#hearing.checkpointFailed(job, code)
    if (text === 'job master broke')
      this.#hearing.bug(`${text}: ${String(fields['reason'])} ${String(fields['stack'])}`)
    else if (UNEXCUSED.has(code) && this.#leads(job))
      this.#hearing.bug(`${text}: ${code}: ${String(fields['reason'])}`)
    else if (text === 'job taken over by another JobManager') this.#hearing.deposed(this.#process)
  }

  /** Nobody has taken the job from it: one who did may have ended it, and taken away what belonged to it. */
  #leads(job: string): boolean {
    const { isNewest, epoch } = this.#hearing
    const own = this.#epochs.get(job)
    return isNewest(this.#process) && (own === undefined || own >= epoch(job))
  }
}

export function tracedLog(world: World, process: SimProcess, reader: LogReader): Log {
  const line =
    (level: string) =>
    (fields: LogFields, text: string): void => {
      reader.read(fields, text)
      world.trace(`${process.name} ${level} ${text} ${brief(fields)}`)
    }
  return { debug: () => {}, info: line('info'), warn: line('warn'), error: line('error') }
}

function brief(fields: LogFields): string {
  const text = JSON.stringify(fields)
  return text.length > FIELDS_MAX ? `${text.slice(0, FIELDS_MAX)}…` : text
}
