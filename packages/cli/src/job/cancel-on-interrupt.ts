// Ctrl-C in `weir run`, heard from before the job is submitted: in no moment does it end the command and leave a job behind
// that nobody has named. The first one cancels the job, as soon as there is one; the second ends the command at once.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobId } from '@weirjs/common/core/ids'
import type { JobClient } from '@weirjs/common/job-client'
import type { Cli } from '../cli.ts'
import type { Terminal } from '../output/terminal.ts'

const AGAIN = 'Ctrl-C again leaves without waiting'

export class CancelOnInterrupt implements Disposable {
  readonly #client: JobClient
  readonly #terminal: Terminal
  readonly #stopListening: () => void
  /** Aborted when the command is to end. */
  readonly #left = new AbortController()
  /** null while it is being submitted. */
  #jobId: JobId | null = null
  #heard = false
  #refused: unknown = null

  constructor(cli: Cli, client: JobClient, terminal: Terminal) {
    this.#client = client
    this.#terminal = terminal
    this.#stopListening = cli.onInterrupt(() => this.#hear())
  }

  /** The job was canceled by Ctrl-C, or will be. */
  get heard(): boolean {
    return this.#heard
  }

  /** Why the job could not be canceled; null: it was not refused. */
  get refused(): unknown {
    return this.#refused
  }

  get signal(): AbortSignal {
    return this.#left.signal
  }

  /** The id of the job that is being submitted. Errors: those of the submission, `cli/interrupted`. */
  async submitted(submission: Promise<JobId>): Promise<JobId> {
    const jobId = await this.orLeave(submission)
    this.#jobId = jobId
    if (this.#heard) this.#cancel(jobId)
    return jobId
  }

  /** Ends with `work`, or when the command is left. Errors: those of `work`, and the reason for which it is left. */
  async orLeave<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#left
    const leaving = Promise.withResolvers<never>()
    const leave = (): void => leaving.reject(this.reason())
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave)
    try {
      return await Promise.race([work, leaving.promise])
    } finally {
      signal.removeEventListener('abort', leave)
    }
  }

  /** Why the command was left. */
  reason(): unknown {
    if (this.#refused !== null) return this.#refused
    if (this.#jobId !== null)
      return new WeirError('cli/interrupted', `left job ${this.#jobId} behind`, { domain: 'user' })
    return new WeirError('cli/interrupted', 'left a job behind that may have been submitted', {
      domain: 'user',
      hint: '`weir job list` shows it then',
    })
  }

  [Symbol.dispose](): void {
    this.#stopListening()
  }

  #hear(): void {
    if (this.#heard) return this.#left.abort()
    this.#heard = true
    if (this.#jobId !== null) return this.#cancel(this.#jobId)
    this.#terminal.say(`canceling the job as soon as it is accepted; ${AGAIN}`)
  }

  #cancel(jobId: JobId): void {
    this.#terminal.say(`canceling job ${jobId}; ${AGAIN}`)
    // Cannot reject: a refusal is kept and told.
    void this.#client.cancel(jobId).catch((error: unknown) => {
      this.#refused = error
      this.#left.abort()
    })
  }
}
