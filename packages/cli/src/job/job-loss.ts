// `weir dev` runs a job's code in its own process. What that code lets go uncaught would end the command with a stack of
// ours, and `process.exit` without a word; on a cluster both are failures of the job, and here they are, too.

import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import { withUserLocation } from '@weirjs/common/core/user-location'
import type { Cli, GlobalOptions } from '../cli.ts'
import { tellError } from '../output/tell-error.ts'

export class JobLoss implements Disposable {
  /** What nobody has caught; the first of several. */
  failure: Failure | null = null
  readonly #stop: () => void

  /** Aborts `abort` when the job's code has lost an error. */
  constructor(cli: Cli, options: GlobalOptions, ownDirectory: string, abort: AbortController) {
    this.#stop = cli.onLoss({
      uncaught: (thrown) => {
        const failure = toFailure(thrown, {
          code: 'job/uncaught-error',
          domain: 'user',
          retry: 'never',
        })
        this.failure ??= withUserLocation(failure, [ownDirectory])
        abort.abort()
      },
      exit: (code) => tellError(toFailure(exited(code)), cli, options),
    })
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
