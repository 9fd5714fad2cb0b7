// What the workloads must come to, computed by plain loops in one thread. Prints one JSON line for
// each workload:
//
//   node -C source bench/src/reference.ts --workload wordcount,q0 --events 1000000 --seed 0

import { parseArgs } from 'node:util'
import { KeyStream, KEYS } from './inputs/keys.ts'
import { NexmarkStream } from './inputs/nexmark.ts'
import { WordStream } from './inputs/words.ts'
import { type RowCheck, RowHash } from './row-hash.ts'
import { addKeyRow, addQ0Row, addWordRow } from './rows.ts'

export type ReferenceWorkload = keyof typeof REFERENCES

/** Workload → evaluator: number of events and seed in, rows and hash out. */
export const REFERENCES = {
  wordcount: wordCount,
  keyedcount: (events: number, seed: number): RowCheck => keyedCount(events, seed, false),
  keyedupdates: (events: number, seed: number): RowCheck => keyedCount(events, seed, true),
  q0,
} as const satisfies Readonly<Record<string, (events: number, seed: number) => RowCheck>>

function wordCount(events: number, seed: number): RowCheck {
  const stream = new WordStream(seed)
  const counts = new Map<string, number>()
  for (let n = 0; n < events; n++) {
    const word = stream.word(n)
    counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const hash = new RowHash()
  for (const [word, count] of counts) addWordRow(hash, word, count)
  return hash.check
}

function keyedCount(events: number, seed: number, updates: boolean): RowCheck {
  const stream = new KeyStream(seed)
  const counts = new Float64Array(KEYS)
  const hash = new RowHash()
  for (let n = 0; n < events; n++) {
    const key = stream.key(n)
    const count = (counts[key] as number) + 1
    counts[key] = count
    if (updates) addKeyRow(hash, key, count)
  }
  if (updates) return hash.check
  counts.forEach((count, key) => {
    if (count > 0) addKeyRow(hash, key, count)
  })
  return hash.check
}

function q0(events: number, seed: number): RowCheck {
  const stream = new NexmarkStream(seed)
  const hash = new RowHash()
  for (let n = 0; n < events; n++) addQ0Row(hash, stream.event(n))
  return hash.check
}

function main(): void {
  const { values } = parseArgs({
    options: {
      workload: { type: 'string', default: Object.keys(REFERENCES).join(',') },
      events: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '0' },
    },
  })
  const events = Number(values.events)
  const seed = Number(values.seed)
  for (const workload of values.workload.split(',')) {
    if (!Object.hasOwn(REFERENCES, workload))
      throw new RangeError(`--workload ${workload}: no such workload`)
    const check = REFERENCES[workload as ReferenceWorkload](events, seed)
    console.log(JSON.stringify({ workload, seed, events, ...check }))
  }
}

if (import.meta.main) main()
