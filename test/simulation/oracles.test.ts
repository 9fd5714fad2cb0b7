import { describe, expect, it } from 'vitest'
import { type Expectation, judgeLedger, type LedgerLine } from './src/oracles/o1-ledger.ts'
import { judgeAlerts } from './src/oracles/o4-alerts.ts'
import { judgeLiveness } from './src/oracles/o6-liveness.ts'
import { judgeHits } from './src/oracles/o8-hits.ts'

const expectation: Expectation = {
  records: 4,
  keyOf: (n: number) => (n % 2 === 0 ? 'even' : 'odd'),
  counted: true,
  marks: 0,
  takers: [],
}
const lines: readonly LedgerLine[] = [
  { n: 0, key: 'even', count: 1 },
  { n: 1, key: 'odd', count: 1 },
  { n: 2, key: 'even', count: 2 },
  { n: 3, key: 'odd', count: 2 },
]
const told = (some: readonly LedgerLine[], more: Partial<Expectation> = {}): string =>
  judgeLedger(some, { ...expectation, ...more })
    .map(({ message }) => message)
    .join('\n')

describe('the ledger (O1)', () => {
  it('is content with each record once, in any order', () => {
    expect(told([...lines].reverse())).toBe('')
  })

  it('sees what is lost, doubled, under a wrong key, or too much', () => {
    expect(told(lines.slice(1))).toContain('record 0 is lost')
    expect(told([...lines, { n: 3, key: 'odd', count: 3 }])).toContain('record 3 appears 2 times')
    expect(told([...lines.slice(1), { n: 0, key: 'odd', count: 3 }])).toContain('has key odd')
    expect(told([...lines, { n: 9, key: 'odd', count: 3 }])).toContain('5 lines for 4 records')
  })

  it('sees counts that were lost or given twice', () => {
    const third = { n: 2, key: 'even', count: 1 }
    expect(told([...lines.slice(0, 2), third, ...lines.slice(3)])).toContain('count 1 of key even')
    const skipped = { n: 2, key: 'even', count: 3 }
    expect(told([...lines.slice(0, 2), skipped, ...lines.slice(3)])).toContain('never counted to 2')
  })

  it('wants each mark taken once by everybody', () => {
    const marks = { marks: 1, takers: ['s0,s1'] }
    const taken = (name: string): LedgerLine => ({ n: -1, key: name, count: 0 })
    expect(told([...lines, taken('s1'), taken('s0')], marks)).toBe('')
    expect(told([...lines, taken('s0')], marks)).toContain('mark 0 was taken by "s0"')
    expect(told([...lines, taken('s0')])).toContain('1 marks were taken of 0')
  })
})

describe('the other oracles', () => {
  it('O4 complains of every alert, and is silent without', () => {
    expect(judgeAlerts([])).toEqual([])
    expect(judgeAlerts(['{"where":"a"}'])[0]?.message).toContain('{"where":"a"}')
  })

  it('O6 wants an end', () => {
    const stuck = judgeLiveness({ end: null, failure: null, state: 'RESTARTING' })
    expect(stuck[0]?.message).toContain('RESTARTING long after')
    expect(judgeLiveness({ end: null, failure: 'no', state: '' })[0]?.message).toContain('gave up')
  })

  it('O8 wants faults and checkpoints', () => {
    expect(judgeHits({ faultsWanted: 1, faults: 1, checkpoints: 1 })).toEqual([])
    expect(judgeHits({ faultsWanted: 1, faults: 0, checkpoints: 0 })).toHaveLength(2)
  })
})
