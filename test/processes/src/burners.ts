// Load that a test brings with it: processes that do nothing but burn a processor, so that races show that need a busy
// machine. They end with the harness, whatever becomes of it.

import { type ChildProcess, spawn } from 'node:child_process'
import { kill9, lifeOf } from './proc.ts'

const BURN = 'for (;;) Math.sqrt(2)'

export class Burners implements Disposable {
  readonly #children: readonly ChildProcess[]
  readonly #exiting = (): void => this.#kill()

  constructor(count: number) {
    this.#children = Array.from({ length: count }, () =>
      spawn(process.execPath, ['-e', BURN], { stdio: 'ignore' }),
    )
    process.once('exit', this.#exiting)
  }

  /** How many still burn. */
  get alive(): number {
    return this.#children.filter(({ pid }) => pid !== undefined && lifeOf(pid) !== null).length
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#exiting)
    this.#kill()
  }

  #kill(): void {
    for (const { pid } of this.#children) {
      const life = pid === undefined ? null : lifeOf(pid)
      if (life !== null) kill9(life)
    }
  }
}
