import { describe, expect, it } from 'vitest'
import { makePage, withVerdicts } from './page.ts'
import { PLEDGES } from './pledges.ts'
import type { RunRecord } from './record.ts'
import { attacksIn, provesThatItCanFail, SUITES } from './suites.ts'

const simulated = {
  seeds: 3_000,
  violations: 0,
  simulatedSeconds: 198_000,
  faults: 81_000,
  faultsByKind: { 'kill-tm': 9_000, clock: 12 },
  effects: { torn: 41 },
  moments: { 'log folded': 1_800 },
  failpoints: 76,
  failpointsNotHit: [],
  checkpoints: 198_330,
  restarts: 25_096,
  threads: 2,
  wallSeconds: 400,
  realTimeFactor: 495,
}
const spread = { median: 500, p95: 900, max: 1_200 }
const recovery = { taskmanager: { measured: 50, runningMs: spread, outputMs: spread } }
const counts = { passed: 12, failed: 0, skipped: 1 }
const chaos = {
  seed: 7,
  minutes: 30,
  kills: 500,
  killsByKind: { taskmanager: 400, pause: 100 },
  restarts: 480,
  checkpoints: 2_000,
  records: 2_300_000,
  gapsWithCheckpoint: 0.91,
  growth: { controlMiB: 0.02 },
  quiet: {
    minutes: 14,
    floors: [{ kind: 'JobManager', floors: [99, 100], perMinute: 0.2 }],
  },
  recovery,
  failures: [{ oracle: 'ledger', message: 'twice' }],
  violations: 0,
}

const RESULTS: Readonly<Record<string, unknown>> = {
  simulate: simulated,
  'simulate-long': simulated,
  replay: { seeds: [{ seed: 1, hashes: ['ab', 'ab', 'ab'] }] },
  mutants: {
    mutants: 1,
    missed: [],
    rows: [{ name: 'm', trap: 'A1', what: 'A | b.', caught: true, simulation: 'O1', unit: '-' }],
  },
  faults: {
    cells: 1,
    passed: 1,
    failed: 0,
    skipped: 0,
    results: [
      {
        name: 'c',
        verdict: 'passed',
        proof: 'gone',
        firstOutputMs: null,
        restarts: 1,
        reasons: [],
      },
    ],
  },
  chaos,
  recovery: { recovery, promisedMs: { taskmanager: 2_000 } },
  finish: { runs: 200, failed: 0 },
  control: chaos,
  prove: {
    ...counts,
    attacks: [{ decoder: 'frame | keys', cases: 1_000_000, refused: 812_345 }],
    damage: [{ what: 'manifest, flip', found: 40, cases: 40 }],
  },
  tests: counts,
  'bad-input': counts,
  compose: counts,
}

function record(suite: string, passed = true): RunRecord<unknown> {
  return {
    suite,
    command: `npm run ${suite}`,
    date: '2026-11-28',
    commit: 'abc1234',
    machine: { cores: 2, memoryGiB: 24, platform: 'linux-x64', node: '24.21.0' },
    wallSeconds: 12.3,
    passed,
    result: RESULTS[suite],
  }
}

const verdicts = (page: string): readonly (string | undefined)[] =>
  PLEDGES.map(({ id }) => page.split('\n').find((line) => line.startsWith(`| ${id} |`)))

describe('the page of what is proven', () => {
  it('shows every suite without a hole, with date and commit', () => {
    const page = makePage((suite) => record(suite))
    expect(page).not.toMatch(/undefined|NaN|null|\[object/)
    expect(page.match(/2026-11-28, commit abc1234/g)).toHaveLength(SUITES.length)
    for (const figure of [
      '198,000',
      '2,300,000',
      '500, 900, 1200',
      '2,000',
      '40 of 40',
      '1,000,000 hostile inputs',
      '812,345',
      'A \\| b.',
    ])
      expect(page).toContain(figure)
  })

  it('says that every promise was held when all its suites passed', () => {
    for (const row of verdicts(makePage((suite) => record(suite))))
      expect(row).toContain('| held |')
  })

  it('calls nothing held that rests on a suite that failed, or that nobody has run', () => {
    const failed = makePage((suite) => record(suite, suite !== 'mutants'))
    expect(failed).toContain('(**failed**)')
    expect(verdicts(failed)[0]).toContain('not shown in whole')
    const none = makePage(() => null)
    for (const row of verdicts(none)) expect(row).toContain('not shown in whole')
    expect(none.match(/Not run yet/g)).toHaveLength(SUITES.length)
  })

  it('calls nothing held that passed on a tree that no commit has', () => {
    const page = makePage((suite) => ({ ...record(suite), commit: 'abc1234 and changes' }))
    for (const row of verdicts(page)) expect(row).toContain('not shown in whole')
    expect(page).toContain('(passed on a tree with changes)')
  })

  it('takes a negative control for one only when the output itself was found wrong', () => {
    const said = (...oracles: readonly string[]): boolean =>
      provesThatItCanFail({ failures: oracles.map((oracle) => ({ oracle, message: '' })) })
    expect(said()).toBe(false)
    expect(said('vacuity', 'logs', 'growth', 'processes')).toBe(false)
    for (const oracle of ['ledger', 'counts', 'visible']) expect(said('vacuity', oracle)).toBe(true)
  })

  it('reads what attacks on decoders have said', () => {
    const line = 'a: b: 9 cases, 7 refused, 2 read, slowest 1.3 ms, heaviest 2.0 values a byte'
    expect(attacksIn(`stdout | x.test.ts\n${line}\nother: 5 of 7\n`)).toEqual([
      { decoder: 'a: b', cases: 9, refused: 7 },
    ])
  })

  it('links to sections that it has', () => {
    const page = makePage((suite) => record(suite))
    const anchors = new Set(
      [...page.matchAll(/^## (.+)$/gm)].map(([, title]) =>
        String(title)
          .toLowerCase()
          .replaceAll(/[^a-z0-9 -]/g, '')
          .replaceAll(' ', '-'),
      ),
    )
    const linked = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor)
    expect(linked.length).toBeGreaterThan(10)
    expect(linked.filter((anchor) => !anchors.has(String(anchor)))).toEqual([])
  })

  it('puts the verdict on each promise into the README, and misses none', () => {
    const rows = PLEDGES.map(({ id }) => `| ${id} | what is promised | old |`)
    const readme = ['| | promise | shown |', '|---|---|---|', ...rows, 'text'].join('\n')
    const said = withVerdicts(readme, (suite) => record(suite, suite !== 'chaos'))
    expect(said).toContain('| P1 | what is promised | [not shown in whole](')
    expect(said).toContain('| P4 | what is promised | [held](')
    expect(withVerdicts(said, (suite) => record(suite))).not.toContain('not shown')
    expect(() => withVerdicts(readme.replace('P4', 'P44'))).toThrow(/P44/)
    expect(() => withVerdicts(rows.slice(1).join('\n'))).toThrow(/P1$/)
  })

  it('knows the suites that promises rest on', () => {
    const known = new Set(SUITES.map(({ name }) => name))
    expect(PLEDGES.flatMap(({ suites }) => suites).filter((name) => !known.has(name))).toEqual([])
  })
})
