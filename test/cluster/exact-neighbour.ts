// A job that has nothing to do with any of it, and whose result can be judged at any time: it writes the numbers from 0 on
// into files, exactly once, and must neither restart, nor leave one out, nor stand still.

import { existsSync } from 'node:fs'
import { expect } from 'vitest'
import { jobFile } from './good-neighbour.ts'
import { until, type WeirKit } from './weir-kit.ts'

const OUTPUT = 'exact-neighbour'

export class ExactNeighbour {
  readonly jobId: string
  readonly #kit: WeirKit

  private constructor(kit: WeirKit, jobId: string) {
    this.#kit = kit
    this.jobId = jobId
  }

  static async moveIn(kit: WeirKit): Promise<ExactNeighbour> {
    const endless = ['--where', 'nowhere', '--records', '100000000', '--perSecond', '200']
    const args = [jobFile('failing-sink.ts'), '--output', OUTPUT, ...endless]
    const { jobId } = await kit.json<{ jobId: string }>('run', '-d', ...args)
    const neighbour = new ExactNeighbour(kit, jobId)
    await neighbour.goesOn()
    return neighbour
  }

  /** It makes new output, all of its output is right, and it is still its first attempt. */
  async goesOn(): Promise<void> {
    const before = this.#numbers().length
    const numbers = await until(
      async () => this.#numbers(),
      ({ length }) => length > before,
    )
    expect(numbers).toEqual(numbers.map((_, i) => i))
    const { state, attempt, restarts } = await this.#kit.client.describe(this.jobId)
    expect({ state, attempt, restarts }).toEqual({ state: 'RUNNING', attempt: 1, restarts: 0 })
  }

  #numbers(): readonly number[] {
    const directory = this.#kit.path(OUTPUT)
    if (!existsSync(directory)) return []
    return this.#kit
      .rows<{ n: number }>(directory)
      .map(({ n }) => n)
      .toSorted((a, b) => a - b)
  }
}
