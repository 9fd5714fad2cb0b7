// What every source survives. A connector's whole contract test is one call:
// `describeSource('numbers', () => ({ source: fromItems(int(), [1, 2, 3]), expected: [1, 2, 3] }))`.

import { encodeValue } from '@weirjs/common/codec/block'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Source } from '../connector.ts'
import { GatheringOutput, type RunOptions, SourceRun, throughCodec } from './source-run.contract.ts'

export interface SourceCase<T> {
  readonly source: Source<T>
  /** Every record, in any order; of an unbounded source everything that it has for now. */
  readonly expected: readonly T[]
  /** Takes down what the case needed. */
  dispose?(): Promise<void>
}

/** Records that a reader may still emit after it was told that no more are wanted. */
const OVERRUN_RECORDS_MAX = 256
/** Restarts in one test; beyond that the rest is read in one go. */
const RESTARTS_MAX = 200

export function describeSource<T>(
  name: string,
  open: () => SourceCase<T> | Promise<SourceCase<T>>,
): void {
  describe(`${name}, as a source`, () => {
    let tested: SourceCase<T>
    beforeEach(async () => {
      tested = await open()
    })
    afterEach(() => tested.dispose?.())

    const options = (readers: number, batch: number): RunOptions => ({
      readers,
      batch,
      ...(tested.source.bounded ? {} : { stopAfter: tested.expected.length }),
    })
    const start = (readers: number, batch: number): Promise<SourceRun<T>> =>
      SourceRun.start(tested.source, options(readers, batch))
    const expectAll = (values: readonly T[]): void =>
      expect(sortedKeys(tested.source, values)).toEqual(sortedKeys(tested.source, tested.expected))

    for (const [readers, batch] of [
      [1, 1],
      [1, 1_000],
      [2, 3],
      [5, 7],
    ] as const) {
      it(`gives every record once to ${readers} readers, ${batch} a poll`, async () => {
        const run = await start(readers, batch)
        expectAll(await run.finish())
        if (tested.source.bounded) expect([...run.output.open]).toEqual([])
        await run.close()
      })
    }

    for (const batch of [1, 3]) {
      it(`goes on exactly behind every batch of ${batch} when its readers restart there`, async () => {
        const run = await start(2, batch)
        for (let restarts = 0; !run.done; ) {
          const before = run.output.values.length
          await run.round()
          // Readers that read in the background would never get anywhere if they were not left to it.
          if (run.output.values.length === before || restarts++ >= RESTARTS_MAX) continue
          await run.restartReaders()
        }
        expectAll(run.output.values)
        await run.close()
      })
    }

    it('loses and repeats no split when its enumerator restarts after every round', async () => {
      const run = await start(2, 5)
      for (let restarts = 0; !run.done && restarts < RESTARTS_MAX; restarts++) {
        await run.round()
        await run.restartEnumerator()
      }
      expectAll(await run.finish())
      await run.close()
    })

    it('gives every record to a second attempt that has no checkpoint', async () => {
      const first = await start(2, 3)
      await first.round()
      await first.close()
      const run = await SourceRun.start(tested.source, { ...options(2, 3), restarted: true })
      expectAll(await run.finish())
      await run.close()
    })

    it('takes hints that come twice or for no reason', async () => {
      const run = await SourceRun.start(tested.source, { ...options(3, 2), noisyHints: true })
      expectAll(await run.finish())
      await run.close()
    })

    for (const [before, after] of [
      [3, 1],
      [1, 4],
      [2, 3],
    ] as const) {
      it(`goes on from a snapshot with ${after} readers in place of ${before}`, async () => {
        const first = await start(before, 2)
        while (!first.done && first.output.values.length < tested.expected.length / 2)
          await first.round()
        const emitted = [...first.output.values]
        const snapshot = first.snapshot()
        await first.close()
        const limit = tested.source.bounded
          ? {}
          : { stopAfter: tested.expected.length - emitted.length }
        const second = await SourceRun.start(
          tested.source,
          { readers: after, batch: 4, ...limit },
          snapshot,
        )
        expectAll([...emitted, ...(await second.finish())])
        await second.close()
      })
    }

    it('gives snapshots that later reading does not change', async () => {
      const run = await start(2, 2)
      while (!run.done && run.rawSplits().length === 0) await run.round()
      const splits = run.rawSplits()
      const before = splits.map((split) => encodeValue(tested.source.splitCodec, split))
      for (let i = 0; i < 20 && !run.done; i++) await run.round()
      expect(splits.map((split) => encodeValue(tested.source.splitCodec, split))).toEqual(before)
      await run.close()
    })

    it('stops soon when no more records are wanted', async () => {
      const run = await start(1, 1_000_000)
      run.output.wantedFor = 1
      for (let i = 0; i < 50 && run.output.values.length === 0; i++) await run.round()
      expect(run.output.values.length).toBeLessThanOrEqual(1 + OVERRUN_RECORDS_MAX)
      run.output.wantedFor = Number.POSITIVE_INFINITY
      expectAll(await run.finish())
      await run.close()
    })

    it('is idle without a split', async () => {
      const scheduler = systemScheduler()
      const reader = tested.source.createReader({
        subtask: 0,
        parallelism: 1,
        scheduler,
        wake: () => {},
      })
      expect(reader.idle).toBe(true)
      expect(reader.poll(new GatheringOutput<T>(), 10)).toBe('wait')
      expect(reader.snapshot()).toEqual([])
      await reader.close()
    })

    it('can be closed in the middle', async () => {
      const run = await start(2, 1)
      await run.round()
      await run.round()
      await run.close()
    })

    it('emits what its record codec can carry', async () => {
      const run = await start(1, 100)
      const values = await run.finish()
      for (const value of values.slice(0, 100))
        expect(throughCodec(tested.source.record, value)).toEqual(value)
      await run.close()
    })
  })
}

function sortedKeys<T>(source: Source<T>, values: readonly T[]): readonly string[] {
  return values
    .map((value) => Buffer.from(encodeValue(source.record, value)).toString('latin1'))
    .sort((a, b) => (a < b ? -1 : 1))
}
