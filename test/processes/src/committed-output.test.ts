import { mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CommittedOutput, type CountedLine } from './committed-output.ts'
import { keyOf } from './counting-plan.ts'

const KEYS = 2
let directory: string
let output: CommittedOutput

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weir-judge-'))
  output = new CommittedOutput({ directory, records: 4, keys: KEYS })
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Record n as the job would write it: half of the numbers have each key. */
const line = (n: number): CountedLine => ({ n, key: keyOf(n, KEYS), count: Math.floor(n / 2) + 1 })

const nameOf = (file: number): string => `counts-0-v1-0-1-1-${file}.ndjson`

function publish(file: number, ...lines: readonly CountedLine[]): string {
  const path = join(directory, nameOf(file))
  writeFileSync(path, lines.map((one) => `${JSON.stringify(one)}\n`).join(''))
  output.look()
  return path
}

const said = (): readonly string[] =>
  output.judge().map(({ oracle, message }) => `${oracle}: ${message}`)

describe('CommittedOutput', () => {
  it('is silent when every record is there once, and nothing has changed', () => {
    publish(1, line(0), line(1))
    publish(2, line(3), line(2))
    expect(said()).toEqual([])
  })

  it('complains of records that are lost', () => {
    publish(1, line(0), line(1), line(3))
    expect(said()).toEqual(['ledger: 1 records are lost, the first is 2'])
  })

  it('complains of a record that is there twice', () => {
    publish(1, line(0), line(1))
    publish(2, line(1), line(2), line(3))
    expect(said()).toContain(`ledger: record 1 is visible 2 times (${nameOf(2)})`)
  })

  it('complains of a record that nobody made, one under a wrong key, and half a line', () => {
    publish(1, line(0), line(1), line(2), { ...line(3), key: 'other' })
    publish(2, { ...line(3), n: 17 })
    writeFileSync(join(directory, nameOf(3)), '{"n":')
    output.look()
    const found = said()
    expect(found).toContain(`ledger: record 3 has key other (${nameOf(1)})`)
    expect(found).toContain(`ledger: ${nameOf(2)}: nobody made record 17`)
    expect(found).toContain(`ledger: ${nameOf(3)} ends within a line`)
  })

  it('complains of counts that leave one out', () => {
    publish(1, line(0), line(1), { ...line(2), count: 3 }, line(3))
    expect(said()).toEqual([`counts: the counts of ${keyOf(2, KEYS)} are not 1 … 2: see 2`])
  })

  it('complains of a file that has disappeared', () => {
    unlinkSync(publish(1, line(0), line(1), line(2), line(3)))
    expect(said()).toContain(`visible: ${nameOf(1)} has disappeared`)
  })

  it('complains of a file that was replaced by one with the same records', () => {
    const path = publish(1, line(0), line(1), line(2), line(3))
    const other = join(directory, '.other')
    writeFileSync(other, [3, 2, 1, 0].map((n) => `${JSON.stringify(line(n))}\n`).join(''))
    renameSync(other, path)
    expect(said()).toContain(`visible: ${nameOf(1)} has been replaced or changed`)
  })

  it('lets go of what a loss of power takes only when it had just come', () => {
    unlinkSync(publish(1, line(0), line(1)))
    expect(output.forgetYoung(250)).toBe(1)
    publish(2, line(0), line(1), line(2), line(3))
    expect(said()).toEqual([])
  })
})
