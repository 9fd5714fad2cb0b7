import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BadCell, type Outcome, parseCells } from './cell.ts'
import { complaintsOf } from './verdict.ts'

const outcomeOf = (text: string): Outcome => {
  const [cell] = parseCells(`| a | pr | plain | working | kill everything | ${text} |`)
  if (cell === undefined) throw new Error('no cell')
  return cell.outcome
}

const lost = 'ledger: 3 records are lost'
const unproven = 'nothing shows that "kill everything" has hit'

describe('complaintsOf', () => {
  it('has none for a cell of which nobody complains', () => {
    expect(complaintsOf(outcomeOf('restarts 1'), { mishaps: [], reasons: [] })).toEqual([])
  })

  it('passes on what judges say, and that a fault has not hit', () => {
    const said = { mishaps: [unproven], reasons: [lost] }
    expect(complaintsOf(outcomeOf('restarts 1'), said)).toEqual([unproven, lost])
  })

  it('wants a complaint of the judge that a negative control names, not of another one', () => {
    const control = outcomeOf('broken ledger')
    expect(complaintsOf(control, { mishaps: [], reasons: [lost] })).toEqual([])
    const other = 'the job is RUNNING, not FINISHED'
    expect(complaintsOf(control, { mishaps: [], reasons: [other] })).toEqual([
      'the judge "ledger" has found nothing',
      other,
    ])
    expect(complaintsOf(control, { mishaps: [], reasons: [] })).toHaveLength(1)
  })

  it('bears no negative control whose fault has not hit, whatever its judge says', () => {
    const said = { mishaps: [unproven], reasons: [lost] }
    expect(complaintsOf(outcomeOf('broken ledger'), said)).toEqual([unproven])
  })
})

describe('parseCells', () => {
  it('reads wordings, one of which must be said', () => {
    const { said } = outcomeOf('restarts 0..1, says storage/io or files/io, says checkpoint failed')
    expect(said).toEqual([['storage/io', 'files/io'], ['checkpoint failed']])
  })

  it('refuses a negative control that names no judge', () => {
    expect(() => outcomeOf('broken')).toThrow(BadCell)
  })

  it('takes the table of cells', () => {
    const text = readFileSync(new URL('../cells.md', import.meta.url), 'utf8')
    expect(parseCells(text).length).toBeGreaterThan(90)
  })
})
