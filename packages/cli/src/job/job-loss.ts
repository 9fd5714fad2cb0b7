// `weir dev` runs a job's code in its own process. What that code lets go uncaught would end the command with a stack of
// ours, and `process.exit` without a word; on a cluster both are failures of the job, and here they are, too.

import { AssertionFailed } from '@weirjs/common/core/assert'
import { type Scheduler, sleep } from '@weirjs/common/core/clock'
import { type Failure, fromFailure, toFailure, WeirError } from '@weirjs/common/core/errors'
import { withUserLocation } from '@weirjs/common/core/user-location'
import type { Cli, GlobalOptions } from '../cli.ts'
import { JobEndedBadly } from '../follow.ts'
import { asWeirError } from '../output/errors.ts'
import { tellError } from '../output/tell-error.ts'

export class JobLoss implements Disposable {
  /** What nobody has caught; the first of several. */
  #failure: Failure | null = null
  readonly #scheduler: Scheduler
  readonly #stop: () => void

  /** Aborts `abort` when the job's code has lost an error. An assertion of ours that broke ends the process. */
  constructor(cli: Cli, options: GlobalOptions, ownDirectory: string, abort: AbortController) {
    this.#scheduler = cli.scheduler
    this.#stop = cli.onLoss({
      uncaught: (thrown) => {
        if (thrown instanceof AssertionFailed) {
          tellError(toFailure(asWeirError(thrown)), cli, options)
          return 'end'
        }
        const failure = toFailure(thrown, {
          code: 'job/uncaught-error',
          domain: 'user',
          retry: 'never',
        })
        this.#failure ??= withUserLocation(failure, [ownDirectory])
        abort.abort()
        return 'go on'
      },
      exit: (code) => tellError(toFailure(exited(code)), cli, options),
    })
  }

  /**
   * Whatever `work` comes to: what the job's code has lost until its end is a bad end. Not where the job has ended badly
   * by itself, which came first.
   */
  async during(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof JobEndedBadly)) await this.#checkLate()
      throw error
    }
    await this.#checkLate()
  }

  /** Throws JobEndedBadly when something was lost. */
  check(): void {
    if (this.#failure !== null) throw new JobEndedBadly(fromFailure(this.#failure))
  }

  /** A rejection that nobody handles is told a turn of the loop later. */
  async #checkLate(): Promise<void> {
    await sleep(this.#scheduler, 0)
    this.check()
  }

  [Symbol.dispose](): void {
    this.#stop()
  }
}

const exited = (code: number): WeirError =>
  new WeirError('job/process-exit', `the job's code called process.exit(${code})`, {
    domain: 'user',
    hint: 'a job ends by the end of its sources; Ctrl-C ends weir dev',
  })
