// Where the records of simulated jobs come from.

import type { DataStream } from '@weirjs/api/data-stream'
import type { Environment } from '@weirjs/api/environment'
import type { Watermarks } from '@weirjs/api/watermarks'
import { numberingOf, partOf } from './numbering.ts'
import { firstHalf, keyOf, type WorkloadOptions } from './options.ts'
import { payloadOf } from './payloads.ts'
import { paced } from './paced-generator.ts'
import { type Numbered, numbered, type Rule, rule } from './records.ts'

export function numberedOf(n: number, options: WorkloadOptions): Numbered {
  const before = numberingOf(options).before[n] ?? -1
  const payload = payloadOf(n, options)
  return { n, key: keyOf(n, options), part: partOf(n, options), before, payload }
}

/** Where the input of the shape `files` lies. */
export const inputOf = ({ directory }: WorkloadOptions): string => `${directory}/in`

function source(
  env: Environment,
  options: WorkloadOptions,
  range: { readonly name: string; readonly from: number; readonly count: number },
  watermarks?: Watermarks<Numbered>,
): DataStream<Numbered> {
  const { name, from, count } = range
  const { records, recordsPerSecond, blockRecords, tickMs } = options
  const generator = paced<Numbered>(tickMs, {
    count,
    blockRecords,
    perSecond: Math.max(1, recordsPerSecond * (count / records)),
    ...(options.dynamic ? {} : { type: numbered }),
    make: (i) => numberedOf(from + i, options),
  })
  return env.from(generator, {
    uid: `source-${name}`,
    ...(watermarks === undefined ? {} : { watermarks }),
  })
}

export function all(
  env: Environment,
  options: WorkloadOptions,
  watermarks?: Watermarks<Numbered>,
): DataStream<Numbered> {
  return source(env, options, { name: 'a', from: 0, count: options.records }, watermarks)
}

export function halves(
  env: Environment,
  options: WorkloadOptions,
): readonly [DataStream<Numbered>, DataStream<Numbered>] {
  const half = firstHalf(options)
  return [
    source(env, options, { name: 'a', from: 0, count: half }),
    source(env, options, { name: 'b', from: half, count: options.records - half }),
  ]
}

/** Control records, spread over the time that the input takes. */
export function ruleSource(
  env: Environment,
  options: WorkloadOptions,
  uid: string,
): DataStream<Rule> {
  const { rules, records, recordsPerSecond, tickMs } = options
  const perSecond = Math.max(1, (rules * recordsPerSecond) / records)
  const make = (id: number): Rule => ({ id, factor: id * 3 })
  const generated = paced<Rule>(tickMs, { count: rules, perSecond, type: rule, make })
  return env.from(generated, { uid, parallelism: 1 })
}
