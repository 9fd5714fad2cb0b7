// Records as a pure function of their number: for benchmarks, load tests and demonstrations. The stream is cut into
// blocks that are dealt out over the splits, so that all splits advance through the numbers side by side:
//
//   split p of P, its k-th record:  number = (⌊k / B⌋ · P + p) · B + k mod B      with blocks of B numbers
//
// A split's position is k. The number of splits is fixed at the job's first start and kept when it is rescaled.

import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import type { Source } from '@weirjs/api/connector'
import { plainCodec } from '../plain-codec.ts'
import {
  StaticEnumerator,
  type StaticState,
  staticStateCodec,
  staticWork,
} from '../static-enumerator.ts'
import { GeneratorReader, type GeneratorSplit, splitLength } from './generator-reader.ts'

export const GENERATOR_BLOCK_RECORDS = 1_000
const BLOCK_RECORDS_MAX = 1_000_000

export interface GeneratorOptions<T> {
  /** Record number n, 0 ≤ n < count. Pure: called again for the same n after a restart. */
  readonly make: (n: number) => T
  /** Records in all; absent: without end. */
  readonly count?: number
  /** Type of the records; absent: found out record by record. */
  readonly type?: Codec<T>
  /** Records a second, over all subtasks; absent: as fast as they are taken. */
  readonly perSecond?: number
  /** Numbers in a row that one subtask makes, 1 … 1,000,000; default 1,000. As at the job's first start from then on. */
  readonly blockRecords?: number
  /** Event time of record n, ms; absent: none (or that of the watermark strategy). */
  readonly timestamp?: (n: number) => number
}

const splitCodec: Codec<GeneratorSplit> = plainCodec('generator/split', 1)

/** Throws WeirError `generator/bad-option`. */
export function generator<T>(options: GeneratorOptions<T>): Source<T, GeneratorSplit, StaticState> {
  const { count, perSecond, blockRecords = GENERATOR_BLOCK_RECORDS } = options
  if (count !== undefined && !(Number.isSafeInteger(count) && count >= 0)) {
    throw badOption(`count is ${count}: a whole number ≥ 0, or absent for a stream without end`)
  }
  if (perSecond !== undefined && !(perSecond > 0))
    throw badOption(`perSecond is ${perSecond}: a number above 0`)
  if (!(Number.isSafeInteger(blockRecords) && inRange(blockRecords)))
    throw badOption(`blockRecords is ${blockRecords}: a whole number, 1 … ${BLOCK_RECORDS_MAX}`)
  const rate = perSecond === undefined ? '' : `, ${perSecond} a second`
  return {
    description: `generator, ${count ?? 'endless'}${count === undefined ? '' : ' records'}${rate}`,
    bounded: count !== undefined,
    record: options.type ?? (dynamicCodec as Codec<T>),
    splitCodec,
    enumeratorStateCodec: staticStateCodec,
    work: staticWork(({ next, end }) => (end === null ? null : end - next)),
    createEnumerator: (context, restored) =>
      new StaticEnumerator(context, restored, (parallelism) =>
        makeSplits(count, parallelism, blockRecords),
      ),
    createReader: (context) => new GeneratorReader(context, options),
  }
}

function makeSplits(
  count: number | undefined,
  splits: number,
  block: number,
): readonly GeneratorSplit[] {
  return Array.from({ length: splits }, (_, part) => ({
    id: `generator-${part}`,
    part,
    of: splits,
    next: 0,
    end: count === undefined ? null : splitLength(count, part, splits, block),
    block,
    count: count ?? null,
  })).filter((split) => split.end !== 0)
}

const inRange = (blockRecords: number): boolean =>
  blockRecords >= 1 && blockRecords <= BLOCK_RECORDS_MAX

function badOption(message: string): WeirError {
  return new WeirError('generator/bad-option', message, { domain: 'user' })
}
