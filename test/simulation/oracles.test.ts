import { jobId } from '@weirjs/common/core/ids'
import type { JobSummary } from '@weirjs/common/job-client'
import { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { describe, expect, it } from 'vitest'
import { type Expectation, judgeLedger, type LedgerLine } from './src/oracles/o1-ledger.ts'
import { judgeOrder } from './src/oracles/o1-order.ts'
import { Reader } from './src/oracles/o2-reader.ts'
import { OutputWatch } from './src/oracles/o2-watch.ts'
import { judgeAlerts } from './src/oracles/o4-alerts.ts'
import { judgeLiveness, judgeRecovery, RECOVERY_MS } from './src/oracles/o6-liveness.ts'
import { type Coverage, judgeCoverage, judgeHits } from './src/oracles/o8-hits.ts'
import { judgeLeftovers, judgeProcesses } from './src/oracles/o9-leftovers.ts'
import { Bystanders } from './src/oracles/o10-bystander.ts'
import type { Violation } from './src/oracles/violation.ts'
import { SimProcess } from './src/process.ts'
import { World } from './src/world.ts'

const expectation: Expectation = {
  records: 4,
  ended: true,
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

  it('calls nothing lost while the job has not ended, and sees what comes twice', () => {
    expect(told(lines.slice(0, 2), { ended: false })).toBe('')
    const twice = told([...lines.slice(0, 2), { n: 1, key: 'odd', count: 2 }], { ended: false })
    expect(twice).toBe('record 1 appears 2 times')
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
    const unended = { succeeded: false, end: null, failure: null, state: 'RESTARTING' }
    const stuck = judgeLiveness(unended)
    expect(stuck[0]?.message).toContain('RESTARTING long after')
    expect(judgeLiveness({ ...unended, failure: 'no' })[0]?.message).toContain('gave up')
    const end = { state: 'CANCELED' } as JobSummary
    expect(judgeLiveness({ ...unended, end })[0]?.message).toContain('the job is CANCELED')
    expect(judgeLiveness({ ...unended, end, succeeded: true })).toEqual([])
  })

  it('O6 wants the job back at work in time', () => {
    expect(judgeRecovery({ afterMs: RECOVERY_MS, limitMs: RECOVERY_MS, state: '' })).toEqual([])
    expect(
      judgeRecovery({ afterMs: RECOVERY_MS + 1, limitMs: RECOVERY_MS, state: '' }),
    ).toHaveLength(1)
    const late = judgeRecovery({ afterMs: null, limitMs: RECOVERY_MS, state: 'RESTARTING' })
    expect(late[0]?.message).toContain('the job is RESTARTING')
  })

  it('O8 wants a checkpoint of each seed', () => {
    expect(judgeHits(1)).toEqual([])
    expect(judgeHits(0)).toHaveLength(1)
  })

  it('O8 wants of many seeds that all that was drawn has hit, between checkpoints', () => {
    const good: Coverage = {
      seeds: 3_000,
      quiet: 2,
      drawn: { disk: 3, clock: 1 },
      hit: { disk: 2, clock: 1 },
      effects: ['torn', 'break'],
      rareEffects: ['break'],
      effectsSeen: { torn: 1, break: 1 },
      moments: ['log folded'],
      momentsSeen: { 'log folded': 1 },
      gaps: 100,
      gapsWithCheckpoint: 60,
      failpoints: 76,
      failpointsNotHit: [],
    }
    expect(judgeCoverage(good)).toEqual([])
    const said = (more: Partial<Coverage>): string | undefined =>
      judgeCoverage({ ...good, ...more })[0]?.message
    expect(said({ hit: { disk: 3 } })).toBe('no fault "clock" hit, 1 were drawn')
    expect(said({ hit: { disk: 3 }, seeds: 20 })).toBeUndefined()
    expect(said({ quiet: 121 })).toBe('no fault hit in 121 of 3000 seeds')
    expect(said({ effectsSeen: { torn: 0, break: 1 } })).toBe('no fault came to "torn"')
    expect(said({ effectsSeen: { torn: 1 } })).toBe('no fault came to "break"')
    expect(said({ effectsSeen: { torn: 1 }, quiet: 0, seeds: 299 })).toBeUndefined()
    expect(said({ effectsSeen: {}, quiet: 0, seeds: 99 })).toBeUndefined()
    expect(said({ momentsSeen: {} })).toBe('no job has met "log folded"')
    expect(said({ momentsSeen: {}, seeds: 299 })).toBeUndefined()
    expect(said({ gapsWithCheckpoint: 24 })).toContain('only 24 of 100 gaps')
    expect(said({ failpointsNotHit: ['a'] })).toBeUndefined()
    expect(said({ failpointsNotHit: ['a', 'b'] })).toContain('2 of 76 failpoints')
    expect(said({ failpointsNotHit: ['a'], seeds: 10_000 })).toContain('1 of 76 failpoints')
    expect(said({ failpointsNotHit: ['a'], seeds: 300 })).toBeUndefined()
    const many = Array.from({ length: 30 }, String)
    expect(said({ failpointsNotHit: many, seeds: 300 })).toContain('30 of 76')
  })
})

describe('order (O1)', () => {
  const promise = { partOf: () => 'a', filesInOrder: true }
  const heard = (files: readonly (readonly LedgerLine[])[]): string =>
    judgeOrder(files, promise)
      .map(({ message }) => message)
      .join('\n')

  it('is kept when numbers of a key and part are counted as they rise, in files as in the whole', () => {
    expect(heard([lines.slice(0, 2), lines.slice(2)])).toBe('')
    expect(judgeOrder([[...lines].reverse()], { partOf: null, filesInOrder: false })).toEqual([])
  })

  it('is broken by a record that overtakes another, and by a file that tells backwards', () => {
    const overtaken = [
      { n: 2, key: 'even', count: 1 },
      { n: 0, key: 'even', count: 2 },
    ]
    expect(heard([overtaken])).toBe('record 0 of key even was counted after 2')
    expect(heard([[...lines].reverse()])).toContain('count 1 of key odd comes after 2')
  })
})

describe('the reader (O2)', () => {
  async function reading(): Promise<{ files: MemoryFileSystem; reader: Reader }> {
    const files = new MemoryFileSystem()
    files.put('/out/a', 'one')
    files.put('/out/.staging/b', 'not yet')
    const reader = new Reader(files, ['/out'])
    await reader.look()
    return { files, reader }
  }
  const said = (reader: Reader): readonly string[] => reader.violations.map((one) => one.message)

  it('is content with files that are added, and does not look at hidden ones', async () => {
    const { files, reader } = await reading()
    files.put('/out/c', 'two')
    await files.remove('/out/.staging/b')
    await reader.look()
    expect(said(reader)).toEqual([])
  })

  it('misses what has gone or changed', async () => {
    const { files, reader } = await reading()
    files.put('/out/a', 'other')
    await reader.look()
    await files.remove('/out/a')
    await reader.look()
    expect(said(reader)).toEqual(['/out/a has changed', '/out/a has disappeared'])
  })

  it('excuses what the power took, unless it comes back as something else', async () => {
    const { files, reader } = await reading()
    await files.remove('/out/a')
    await reader.powerFailed()
    await reader.look()
    expect(said(reader)).toEqual([])
    files.put('/out/a', 'other')
    await reader.look()
    expect(said(reader)).toEqual(['/out/a came back with other content'])
  })

  it('sees between two looks, too, what is written to or removed', () => {
    const watch = new OutputWatch()
    watch.written('/out/.staging/b')
    watch.published('/out/.staging/b', '/out/b')
    watch.removed('/out/.staging/b')
    expect(watch.violations).toEqual([])
    watch.written('/out/.staging/b')
    watch.removed('/out/b')
    expect(watch.violations.map((one) => one.message)).toEqual([
      '/out/b is visible, and /out/.staging/b was written to',
      '/out/b was visible, and was removed',
    ])
  })
})

describe('leftovers (O9)', () => {
  const job = jobId('a'.repeat(32))
  /** Of a job with these files on the checkpoint storage and in the sink's directories. */
  function left(paths: readonly string[], staged: readonly string[], state: string): string {
    const evidence = {
      disk: { paths: () => paths },
      auditor: {
        terminal: () => state,
        retained: () => new Set([7]),
        tidiedAtMs: () => 1_000,
      },
      files: { paths: () => staged },
      createdAtMs: (path: string) => (path.endsWith('late') ? 2_000 : 500),
      powerLostAtMs: Number.NEGATIVE_INFINITY,
    } as unknown as Parameters<typeof judgeLeftovers>[0]
    return judgeLeftovers(evidence, [job], state === 'FINISHED', ['/out'])
      .map(({ message }) => message)
      .join('\n')
  }

  it('are none: the log, what a canceled job retains, and what a zombie staged behind the end', () => {
    expect(left([`${job}/log/0000000001`], ['/out/a', '/out/.s/late'], 'FINISHED')).toBe('')
    expect(left([], ['/second/out/.s/b', '/out-2/.s/b'], 'FINISHED')).toBe('')
    expect(left([`${job}/chk-7/manifest`], ['/out/.s/b'], 'CANCELED')).toBe('')
  })

  it('are checkpoints that nobody retains, and staged files', () => {
    expect(left([`${job}/chk-7/manifest`], [], 'FINISHED')).toContain('1 files are left')
    expect(left([`${job}/chk-6/manifest`], [], 'CANCELED')).toContain('chk-6')
    expect(left([], ['/out/.s/b'], 'FINISHED')).toContain('/out/.s/b')
  })

  it('are processes on a TaskManager', () => {
    const process = new SimProcess(new World(1), 'tm0-1-job0')
    const judged = (processes: Set<SimProcess>): readonly Violation[] =>
      judgeProcesses([{ host: { processes } }])
    expect(judged(new Set())).toEqual([])
    expect(judged(new Set([process]))[0]?.message).toContain('1 processes are left of jobs')
  })
})

describe('a bystander (O10)', () => {
  const one = jobId('a'.repeat(32))
  const other = jobId('b'.repeat(32))

  it('may begin, and may begin again once a fault has touched it, or everybody', () => {
    const bystanders = new Bystanders()
    bystanders.attempt(one, 1)
    bystanders.hit(one)
    bystanders.attempt(one, 2)
    bystanders.checkpointFailed(one, 'checkpoint/timed-out')
    bystanders.checkpointFailed(other, 'checkpoint/subsumed')
    bystanders.hit(null)
    bystanders.attempt(other, 2)
    expect(bystanders.violations).toEqual([])
  })

  it('must not begin again for what has hit another job', () => {
    const bystanders = new Bystanders()
    bystanders.hit(one)
    bystanders.attempt(other, 2)
    bystanders.checkpointFailed(other, 'checkpoint/timed-out')
    const messages = bystanders.violations.map(({ message }) => message).join()
    expect(messages).toContain('job bbbbbbbb has attempt 2')
    expect(messages).toContain('a checkpoint that failed by checkpoint/timed-out')
  })
})
