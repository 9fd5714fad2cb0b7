// What follows from the numbers of a workload's records: in which part of the input each lies, which one comes before it
// there under the same key, and how many a key has. Jobs check themselves against it; reckoned once for each workload.

import {
  firstHalf,
  keyOf,
  outputKey,
  outputRecords,
  type Shape,
  type WorkloadOptions,
} from './options.ts'

const TWO_SOURCES: ReadonlySet<Shape> = new Set(['union', 'connected', 'pipelines', 'mixed'])

interface Numbering {
  /** By number: the one before it in the same part with the same key; -1: none. */
  readonly before: Int32Array
  /** Records by the key that they have in the output. */
  readonly totals: ReadonlyMap<string, number>
  /** The same, of odd numbers only. */
  readonly odds: ReadonlyMap<string, number>
}

const known = new WeakMap<WorkloadOptions, Numbering>()

export function numberingOf(options: WorkloadOptions): Numbering {
  const found = known.get(options)
  if (found !== undefined) return found
  const made = number(options)
  known.set(options, made)
  return made
}

function number(options: WorkloadOptions): Numbering {
  const before = new Int32Array(options.records).fill(-1)
  const last = new Map<string, number>()
  for (let n = 0; n < options.records; n++) {
    const lane = `${partOf(n, options)} ${keyOf(n, options)}`
    before[n] = last.get(lane) ?? -1
    last.set(lane, n)
  }
  const totals = new Map<string, number>()
  const odds = new Map<string, number>()
  for (let n = 0; n < outputRecords(options); n++) {
    const key = outputKey(n, options)
    totals.set(key, (totals.get(key) ?? 0) + 1)
    if (n % 2 !== 0) odds.set(key, (odds.get(key) ?? 0) + 1)
  }
  return { before, totals, odds }
}

/**
 * The part of the input that number n lies in: whoever reads it reads it in order. Numbers of several blocks may travel
 * side by side.
 */
export function partOf(n: number, options: WorkloadOptions): string {
  if (options.shape === 'files') return `f${n % options.inputFiles}`
  const half = firstHalf(options)
  if (TWO_SOURCES.has(options.shape) && n >= half)
    return `b${Math.floor((n - half) / options.blockRecords)}`
  return `a${Math.floor(n / options.blockRecords)}`
}

/** The number that must follow `last` in its part; -1: that must begin it. */
export function nextOf(part: string, last: number, options: WorkloadOptions): number {
  const index = Number(part.slice(1))
  if (part.startsWith('f')) return last < 0 ? index : last + options.inputFiles
  if (last >= 0) return last + 1
  return index * options.blockRecords + (part.startsWith('b') ? firstHalf(options) : 0)
}
