// docs/internals/reliability.md, made of what the suites said last: promises first, then a section for each suite. A suite
// that nobody has run is said to be missing, and what rests on it is not called proven.

import { count, origin, table } from './markdown.ts'
import { PLEDGES, type Pledge } from './pledges.ts'
import { counts, readRecord, type RunRecord } from './record.ts'
import type { Chaos, Faults, Finish, Measured, Mutants, Recovery, Simulated } from './results.ts'
import { type Counts, type Proven, REPLAYS, type Replay, SUITES } from './suites.ts'

export const PAGE = 'docs/internals/reliability.md'

const HEAD = `# What is proven, and how

What Weir [promises](../guide/checkpoints-and-recovery.md), which suites try to break it, and what they said when they were
run last. This page is made by \`npm run reliability\` from the results in [reliability/](reliability), each with its date
and commit; nobody writes it by hand. How each suite works: [simulator](simulator.md), [chaos](chaos.md),
[fault cells](faults.md). What they have found: [found-by-tests](found-by-tests.md).`

/** How to show a suite's result. */
const SECTIONS: Readonly<Record<string, (result: never) => string>> = {
  simulate: simulated,
  'simulate-long': simulated,
  replay: replayed,
  mutants,
  faults,
  chaos,
  recovery: ({ recovery, promisedMs }: Measured) => away(recovery, promisedMs),
  finish: ({ runs, failed }: Finish) =>
    `${runs} bounded jobs in a row, both cores loaded: ${runs - failed} ended with exact output, ${failed} did not.`,
  control: ({ failures }: Chaos) =>
    `The negative control of chaos: judged as exactly once, it must fail. It did: ${[...new Set(failures.map(({ oracle }) => oracle))].join(', ')}.`,
  prove: proven,
  tests: counted,
  'bad-input': counted,
  compose: counted,
}

type Found = RunRecord<unknown> | null
/** The last record of a suite. */
type Find = (suite: string) => Found

const recordsOf = (find: Find): ReadonlyMap<string, Found> =>
  new Map(SUITES.map(({ name }) => [name, find(name)]))

const verdictOn = ({ suites }: Pledge, records: ReadonlyMap<string, Found>): string =>
  suites.every((name) => isGood(records.get(name) ?? null)) ? 'held' : 'not shown in whole'

/**
 * The README with a verdict in the last cell of each promise's row, linked to the page. Throws when a promise has no row, or a
 * row no promise.
 */
export function withVerdicts(readme: string, find: Find = readRecord): string {
  const records = recordsOf(find)
  const left = new Map(PLEDGES.map((pledge) => [pledge.id, verdictOn(pledge, records)]))
  const text = readme.replaceAll(
    /^(\| (P\d+) \|.*\|)[^|]*\|$/gm,
    (row, begin: string, id: string) => {
      const verdict = left.get(id)
      if (verdict === undefined) throw new Error(`the README promises what nobody knows: ${row}`)
      left.delete(id)
      return `${begin} [${verdict}](${PAGE}#promises) |`
    },
  )
  if (left.size > 0) throw new Error(`the README does not say ${[...left.keys()].join(', ')}`)
  return text
}

export function makePage(find: Find = readRecord): string {
  const records = recordsOf(find)
  const sections = SUITES.map(({ name, title }) => section(title, name, records.get(name) ?? null))
  return `${[HEAD, pledges(records), ...sections].join('\n\n')}\n`
}

function section(title: string, name: string, record: Found): string {
  if (record === null) return `## ${title}\n\nNot run yet.`
  const show = SECTIONS[name] as (result: unknown) => string
  const verdict = record.passed ? 'Passed' : '**Failed**'
  return `## ${title}\n\n${show(record.result)}\n\n${verdict}. ${origin(record)}`
}

function pledges(records: ReadonlyMap<string, Found>): string {
  const link = (name: string): string => {
    const title = SUITES.find((suite) => suite.name === name)?.title ?? name
    return `[${title}](#${anchor(title)})${doubt(records.get(name) ?? null)}`
  }
  const rows = PLEDGES.map((pledge) => {
    const { id, promise, boundary, suites, tests } = pledge
    const by = [...suites.map(link), ...tests.map(([text, path]) => `[${text}](${path})`)]
    return [id, promise, boundary, verdictOn(pledge, records), by.join(', ')]
  })
  const head = ['', 'promise', 'provided that', 'when last tried', 'tried by']
  return `## Promises\n\n${table(head, rows)}`
}

const isGood = (record: Found): boolean => record !== null && counts(record)

function doubt(record: Found): string {
  if (record === null) return ' (not run yet)'
  if (!record.passed) return ' (**failed**)'
  return counts(record) ? '' : ' (passed on a tree with changes)'
}

/** As pages of Markdown name their headings. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}

function counted({ passed, failed, skipped }: Counts): string {
  return `${count(passed)} passed, ${failed} failed, ${skipped} skipped.`
}

function simulated(result: Simulated): string {
  const { seeds, violations, simulatedSeconds, faults: sum, checkpoints, restarts } = result
  const { failpoints, failpointsNotHit, realTimeFactor, threads, wallSeconds } = result
  const missed = failpointsNotHit.length === 0 ? '' : `, not ${failpointsNotHit.join(', ')}`
  return [
    `${count(seeds)} seeds: ${violations} violations. ${count(simulatedSeconds)} simulated seconds in ` +
      `${count(wallSeconds)} s (${realTimeFactor} times as fast as the clock, ${threads} threads), ${count(sum)} faults, ` +
      `${count(checkpoints)} checkpoints, ${count(restarts)} restarts; ${failpoints} failpoints hit${missed}.`,
    ...sums(['fault', 'times'], result.faultsByKind),
    ...sums(['what faults came to', 'times'], result.effects),
    ...sums(['rare moment', 'seeds that had it'], result.moments),
  ].join('\n\n')
}

/** A table of what was counted by name; none where nothing was. */
function sums(head: readonly string[], counts: Readonly<Record<string, number>> = {}): string[] {
  const names = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))
  const rows = names.map(([name, times]) => [name, count(times)])
  return rows.length === 0 ? [] : [table(head, rows)]
}

function replayed({ seeds }: { seeds: readonly Replay[] }): string {
  const rows = seeds.map(({ seed, hashes }) => [seed, [...new Set(hashes)].join(' and ')])
  return `Each seed ran ${REPLAYS} times; what happened in it, every event in order, has this hash.\n\n${table(['seed', 'hash of the trace'], rows)}`
}

function mutants({ mutants: all, missed, rows }: Mutants): string {
  const cells = rows.map(({ name, trap, what, simulation, unit }) => [
    `**${name}**: ${what}`,
    trap,
    simulation,
    unit,
  ])
  return [
    `Each is a patch of a few lines below \`test/mutants\` that brings back a mistake that others have made, or takes a safety ` +
      `away. ${all - missed.length} of ${all} are caught${missed.length === 0 ? '' : `, not ${missed.join(', ')}`}.`,
    table(['seeded bug', 'trap', 'simulator', 'unit, contract and scenario tests'], cells),
  ].join('\n\n')
}

function faults({ cells, passed, failed, skipped, results }: Faults): string {
  const rows = results.map(({ name, verdict, proof, firstOutputMs, restarts, reasons }) => [
    name,
    verdict === 'passed' ? 'passed' : `${verdict}: ${reasons.join('; ')}`,
    restarts,
    firstOutputMs === null ? '–' : count(firstOutputMs),
    proof,
  ])
  return [
    `${cells} cells: ${passed} passed, ${failed} failed, ${skipped} skipped. What the rows mean: [cells](../../test/faults/cells.md).`,
    table(['cell', 'verdict', 'restarts', 'new output after, ms', 'that it hit'], rows),
  ].join('\n\n')
}

function chaos(result: Chaos): string {
  const { minutes, seed, kills, restarts, checkpoints, records, gapsWithCheckpoint } = result
  const kinds = Object.entries(result.killsByKind).map(([kind, n]) => `${n} ${kind}`)
  const { droppedPackets = null } = result
  const dropped = droppedPackets === null ? '' : `${count(droppedPackets)} packets dropped, `
  const growth = Object.entries(result.growth ?? {}).map(([what, slope]) => [what, slope])
  return [
    `${minutes} minutes, seed ${seed}: ${kills} faults (${kinds.join(', ')}), ${dropped}${restarts} restarts of the job, ` +
      `${count(checkpoints)} checkpoints (${Math.round(gapsWithCheckpoint * 100)} % of the gaps have one), ` +
      `${count(records)} records; ${result.violations} violations.`,
    table(['grows', 'by the minute'], growth),
    ...quiet(result),
    away(result.recovery),
  ].join('\n\n')
}

function quiet({ quiet: tail = null }: Chaos): readonly string[] {
  if (tail === null) return []
  const rows = tail.floors.map(({ kind, floors, perMinute }) => [
    kind,
    floors.join(', '),
    `${perMinute}`,
  ])
  return [
    `Then ${Math.round(tail.minutes)} minutes without faults. The least memory that each process (of a thread of the job: its heap, collected) had ` +
      'in each stretch of them, and what that rises at least from one to the next (more than 0.5 MiB a minute would be a violation):',
    table(['of a', 'MiB, one after the other', 'by the minute'], rows),
  ]
}

/** `promised`: 95 of 100 may take so long until the job runs again. */
function away(
  recovery: Readonly<Record<string, Recovery>>,
  promised: Readonly<Record<string, number>> = {},
): string {
  const rows = Object.entries(recovery).flatMap(([kind, { measured, runningMs, outputMs }]) => {
    if (runningMs === null || outputMs === null) return []
    const most = promised[kind]
    return [
      [
        kind,
        measured,
        `${runningMs.median}, ${runningMs.p95}, ${runningMs.max}`,
        most === undefined ? '–' : count(most),
        `${outputMs.median}, ${outputMs.p95}, ${outputMs.max}`,
      ],
    ]
  })
  const spread = 'median, 95 of 100, most'
  const head = ['lost', 'times', `running again, ms: ${spread}`, 'promised for 95 of 100']
  return table([...head, `new output, ms: ${spread}`], rows)
}

function proven({ passed, failed, skipped, attacks, damage }: Proven): string {
  const sum = damage.reduce((all, { cases }) => all + cases, 0)
  const found = damage.reduce((all, one) => all + one.found, 0)
  const hostile = attacks.reduce((all, { cases }) => all + cases, 0)
  return [
    `${passed} tests passed, ${failed} failed, ${skipped} skipped: codecs against random types and values, decoders against ` +
      `${count(hostile)} hostile inputs, key groups, credits, alignment, timers, retention and restart policies against naive models, ` +
      `and each kind of damage done to each kind of file: ${count(found)} of ${count(sum)} found.`,
    table(
      ['decoder', 'hostile inputs', 'of them refused'],
      attacks.map(({ decoder, cases, refused }) => [decoder, count(cases), count(refused)]),
    ),
    table(
      ['damage', 'found', 'of'],
      damage.map(({ what, found: n, cases }) => [what, count(n), count(cases)]),
    ),
  ].join('\n\n')
}
