// The hand-written bound: each workload as one plain loop in one thread, no engine. What the engine adds is the distance
// to these figures, measured on the same machine in the same minute.
// Run: node -C source bench/src/micro/bound.ts --workload wordcount [--events N] [--runs R]

import { readFileSync } from 'node:fs'
import { KeyStream, KEYS } from '../inputs/keys.ts'
import { WnxDecoder } from '../inputs/wnx-decoder.ts'
import { WNX_HEADER_BYTES } from '../inputs/wnx.ts'
import { parseOptions, type BenchOptions } from '../options.ts'
import { type RowCheck, RowHash } from '../row-hash.ts'
import { addKeyRow, addQ0Row, addWordRow } from '../rows.ts'
import { prepareInput } from '../run/job.ts'
import { WordCutter } from '../sources/word-cutter.ts'

const PIECE_BYTES = 64 * 1024

function wordCount(bytes: Uint8Array): RowCheck {
  const counts = new Map<string, number>()
  const cutter = new WordCutter()
  for (let at = 0; at < bytes.length; at += cutter.consumed) {
    cutter.reset(bytes, at, Math.min(at + PIECE_BYTES, bytes.length))
    for (let word = cutter.next(); word !== null; word = cutter.next())
      counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  const hash = new RowHash()
  for (const [word, count] of counts) addWordRow(hash, word, count)
  return hash.check
}

function keyedCount({ events, seed }: BenchOptions): RowCheck {
  const stream = new KeyStream(seed)
  const counts = new Map<number, number>()
  for (let n = 0; n < events; n++) {
    const key = stream.key(n)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const hash = new RowHash()
  for (let key = 0; key < KEYS; key++) {
    const count = counts.get(key)
    if (count !== undefined) addKeyRow(hash, key, count)
  }
  return hash.check
}

function q0(bytes: Uint8Array): RowCheck {
  const decoder = new WnxDecoder()
  const hash = new RowHash()
  for (let at = WNX_HEADER_BYTES; at < bytes.length; at += decoder.consumed) {
    decoder.reset(bytes, at, Math.min(at + PIECE_BYTES, bytes.length))
    for (let event = decoder.next(); event !== null; event = decoder.next()) addQ0Row(hash, event)
  }
  return hash.check
}

function main(): void {
  const options = parseOptions(process.argv.slice(2), process.env)
  const { workload, events, runs } = options
  const input = prepareInput({ ...options, parallelism: 1 }, (text) => console.error(text))
  const bytes = input === '' ? new Uint8Array(0) : readFileSync(`${input}/part-0`)
  for (let run = 0; run < runs; run++) {
    const cpu = process.cpuUsage()
    const check =
      workload === 'keyedcount'
        ? keyedCount(options)
        : workload === 'q0'
          ? q0(bytes)
          : wordCount(bytes)
    const { user, system } = process.cpuUsage(cpu)
    console.log(
      `${workload}: ${(events / (user + system)).toFixed(2)} M per CPU s (${check.rows} rows, ${check.hash})`,
    )
  }
}

main()
