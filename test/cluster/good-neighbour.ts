// A job that has nothing to do with any of it: it runs beside what a test breaks, and must not notice.

import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { type Ran, until, type WeirKit } from './weir-kit.ts'

export const jobFile = (name: string): string =>
  fileURLToPath(new URL(`./jobs/${name}`, import.meta.url))

export class GoodNeighbour {
  readonly jobId: string
  readonly #kit: WeirKit

  private constructor(kit: WeirKit, jobId: string) {
    this.#kit = kit
    this.jobId = jobId
  }

  static async moveIn(kit: WeirKit): Promise<GoodNeighbour> {
    const endless = ['--output', 'neighbour', '--records', '100000000', '--perSecond', '200']
    const { jobId } = await kit.json<{ jobId: string }>(
      'run',
      '-d',
      jobFile('tally.ts'),
      ...endless,
    )
    await until(
      () => kit.client.describe(jobId),
      ({ state }) => state === 'RUNNING',
    )
    return new GoodNeighbour(kit, jobId)
  }

  async isUndisturbed(): Promise<void> {
    const job = await this.#kit.client.describe(this.jobId)
    expect(job).toMatchObject({ state: 'RUNNING', restarts: 0 })
  }
}

/** The one line of an error, without a stack. */
export function errorOf({ err }: Ran): string {
  const lines = err.split('\n').filter((line) => line.startsWith('error: '))
  expect(lines, err).toHaveLength(1)
  expect(err).not.toMatch(/^ {4}at /m)
  return lines[0] ?? ''
}
