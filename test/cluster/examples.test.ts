// The examples as their head comments tell to run them, on real processes, their output against a plain computation.
// The flights are few and made here; the demo has all three million.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sampleParquet } from '@weirjs/connectors/files/parquet-sample'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXAMPLES, WeirKit } from './weir-kit.ts'

let kit: WeirKit
beforeAll(async () => {
  kit = await WeirKit.start({ taskManagers: 1, slots: 2 })
})
afterAll(() => kit[Symbol.asyncDispose]())

async function run(example: string): Promise<void> {
  const job = ['run', join(EXAMPLES, example), '--input', `${example}.in`]
  const ran = await kit.weir(...job, '--output', `${example}.out`, '-p', '2')
  expect(ran, kit.logs()).toMatchObject({ code: 0 })
}

interface Counted {
  readonly word: string
  readonly count: number
}

test('wordcount.ts counts words of any script, without their case', async () => {
  const texts = ['The weir, the river.\nA weir!', 'Ein Wehr für den Fluß: 3 m hoch\n堰 堰\n\n']
  mkdirSync(kit.path('wordcount.ts.in'))
  texts.forEach((text, i) => writeFileSync(kit.path('wordcount.ts.in', `${i}.txt`), text))
  const expected = new Map<string, number>()
  for (const word of texts
    .join('\n')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u))
    if (word !== '') expected.set(word, (expected.get(word) ?? 0) + 1)
  await run('wordcount.ts')
  const rows = kit.rows<Counted>(kit.path('wordcount.ts.out'))
  expect(rows).toHaveLength(expected.size)
  expect(new Map(rows.map(({ word, count }) => [word, count]))).toEqual(expected)
})

interface Report {
  readonly airport: string
  readonly day: string
  readonly flights: number
  readonly lateShare: number
  readonly meanDelay: number
  readonly worstDelay: number
}

const AIRPORTS = ['OAK', 'SFO', 'SJC']
const ROWS = 600
const DAY_MS = 86_400_000

/** Flights of a week, in two row groups; delays from -30 to 90 minutes. */
const flights = Array.from({ length: ROWS }, (_, i) => ({
  date: 979_000_000_000 + ((i * 7_919) % 7) * DAY_MS + i * 1_000,
  delay: ((i * 104_729) % 121) - 30,
  origin: AIRPORTS[(i * 31) % AIRPORTS.length] ?? '',
}))

test('flight-delays.ts reports delays by airport and day', async () => {
  writeFileSync(
    kit.path('flight-delays.ts.in'),
    sampleParquet(
      [
        { name: 'date', kind: 'time' },
        { name: 'delay', kind: 'int' },
        { name: 'origin', kind: 'text' },
      ],
      flights,
      ROWS / 2,
    ),
  )
  await run('flight-delays.ts')
  const rows = kit.rows<Report>(kit.path('flight-delays.ts.out'))
  const keyOf = (report: Report): string => `${report.airport} ${report.day}`
  expect(rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))).toEqual(plainReports())
})

function plainReports(): readonly Report[] {
  const groups = Map.groupBy(
    flights,
    ({ origin, date }) => `${origin} ${new Date(date).toISOString().slice(0, 10)}`,
  )
  return [...groups]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, group]) => {
      const delays = group.map(({ delay }) => delay)
      const [airport = '', day = ''] = key.split(' ')
      return {
        airport,
        day,
        flights: group.length,
        lateShare: delays.filter((delay) => delay >= 15).length / group.length,
        meanDelay: delays.reduce((sum, delay) => sum + delay, 0) / group.length,
        worstDelay: Math.max(...delays),
      }
    })
}
