// The shortest way through everything: real processes, real files, one job, an exact result.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EXAMPLES, WeirKit } from './weir-kit.ts'

interface Counted {
  readonly word: string
  readonly count: number
}

/** Lines of words over three files, in a fixed order of their own. */
function writeInput(directory: string): ReadonlyMap<string, number> {
  mkdirSync(directory)
  const counts = new Map<string, number>()
  let state = 12_345
  for (const name of ['a', 'b', 'c']) {
    const lines: string[] = []
    for (let line = 0; line < 4_000; line++) {
      const words = Array.from({ length: 10 }, () => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
        return `word${state % 1_000}`
      })
      for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
      lines.push(words.join(' '))
    }
    writeFileSync(join(directory, `${name}.txt`), `${lines.join('\n')}\n`)
  }
  return counts
}

test('a cluster counts the words of files exactly, and stops', async () => {
  await using kit = await WeirKit.start({ taskManagers: 2, slots: 2 })
  const expected = writeInput(kit.path('in'))
  const job = ['run', join(EXAMPLES, 'wordcount.ts'), '--input', 'in', '--output', 'out', '-p', '4']
  const run = await kit.weir(...job)
  expect(run, kit.logs()).toMatchObject({ code: 0 })
  expect(run.err).toContain('FINISHED')
  const rows = kit.rows<Counted>(kit.path('out'))
  expect(rows).toHaveLength(expected.size)
  expect(new Map(rows.map(({ word, count }) => [word, count]))).toEqual(expected)

  const { jobs } = await kit.json<{ jobs: { state: string }[] }>('job', 'list')
  expect(jobs.map(({ state }) => state)).toEqual(['FINISHED'])
  const stopped = await kit.json<{ stopped: { killed: boolean }[] }>('cluster', 'stop')
  expect(stopped.stopped.map(({ killed }) => killed)).toEqual([false, false, false])
  expect(existsSync(kit.path('.weir', 'cluster.json'))).toBe(false)
  expect(readdirSync(kit.path('.weir', 'cluster', 'taskmanagers'))).toEqual([])
})
