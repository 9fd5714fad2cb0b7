// Builds the graph of a bundled job in a throw-away process. The process is started before the bundle is ready, so that
// its boot and the bundler's work overlap.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArgumentDescription } from '@weirjs/api/arguments'
import { assert } from '@weirjs/common/core/assert'
import { fromFailure, WeirError } from '@weirjs/common/core/errors'
import type { BuildAnswer, BuildRequest } from './build-protocol.ts'

export const BUILD_MS_MAX = 60_000
/** For what the process has printed to be read behind its answer; something that the job started may keep the pipe open. */
const LAST_OUTPUT_MS_MAX = 1_000

/** The job's graph and arguments, and what its code says of its settings. */
export type Built = Extract<BuildAnswer, { type: 'built' }>

const SOURCE = import.meta.url.endsWith('.ts')

export class GraphBuilder implements Disposable {
  readonly #child: ChildProcess
  readonly #directory = mkdtempSync(join(tmpdir(), 'weir-build-'))
  #ended: string | null = null

  /** `print` gets what the module writes while it loads and builds. */
  constructor(print: (chunk: string) => void) {
    this.#child = fork(new URL(`./build-graph-entry.${SOURCE ? 'ts' : 'js'}`, import.meta.url), {
      execArgv: ['--enable-source-maps', ...(SOURCE ? ['-C', 'source', '--no-warnings'] : [])],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const output of [this.#child.stdout, this.#child.stderr])
      output?.setEncoding('utf8').on('data', print)
    this.#child.on('exit', (code, signal) => {
      this.#ended = signal ?? `exit code ${code}`
    })
  }

  /** Once. Errors: the job's own, `job/build-crashed`, `job/build-timeout`. */
  async build(bundle: Uint8Array, request: Omit<BuildRequest, 'bundlePath'>): Promise<Built> {
    const answer = await this.#answer(bundle, request)
    assert(answer.type === 'built', 'a graph was asked for')
    return answer
  }

  /** In place of `build`: what the job takes. Errors: the same. */
  async describe(
    bundle: Uint8Array,
    request: Omit<BuildRequest, 'bundlePath'>,
  ): Promise<readonly ArgumentDescription[]> {
    const answer = await this.#answer(bundle, { ...request, describeOnly: true })
    assert(answer.type === 'described', 'a description was asked for')
    return answer.takes
  }

  async #answer(
    bundle: Uint8Array,
    request: Omit<BuildRequest, 'bundlePath'>,
  ): Promise<Exclude<BuildAnswer, { type: 'failed' }>> {
    const bundlePath = join(this.#directory, 'job.mjs')
    writeFileSync(bundlePath, bundle, { mode: 0o600 })
    const answer = await this.#ask({ ...request, bundlePath })
    if (answer.type === 'failed') throw fromFailure(answer.failure)
    return answer
  }

  #ask(request: BuildRequest): Promise<BuildAnswer> {
    return new Promise((resolve, reject) => {
      const crashed = (how: string): void => {
        reject(
          new WeirError(
            'job/build-crashed',
            `${request.file} ended its process while it was loaded (${how})`,
            {
              domain: 'user',
            },
          ),
        )
      }
      const timeout = setTimeout(() => {
        reject(
          new WeirError(
            'job/build-timeout',
            `${request.file} was not loaded and built within ${BUILD_MS_MAX / 1_000} s`,
            {
              domain: 'user',
              hint: 'a job module only describes the job; it must not wait for anything',
            },
          ),
        )
      }, BUILD_MS_MAX)
      this.#child.once('message', (answer: BuildAnswer) => {
        clearTimeout(timeout)
        // It ends by itself now.
        const late = setTimeout(() => resolve(answer), LAST_OUTPUT_MS_MAX)
        this.#child.once('close', () => {
          clearTimeout(late)
          resolve(answer)
        })
        this.#child.removeListener('exit', exited)
      })
      const exited = (code: number | null, signal: string | null): void => {
        clearTimeout(timeout)
        crashed(signal ?? `exit code ${code}`)
      }
      this.#child.once('exit', exited)
      if (this.#ended === null) this.#child.send(request)
      else crashed(this.#ended)
    })
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
    rmSync(this.#directory, { recursive: true, force: true })
  }
}
