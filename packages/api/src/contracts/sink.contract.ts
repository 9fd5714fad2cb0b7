// What every exactly-once sink survives. A connector's whole contract test is one call of `describeSink`, with the means
// to see what a reader of the output sees.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Sink } from '../connector.ts'
import { SinkAttempt, type SinkCheckpoint } from './sink-run.contract.ts'

export interface SinkCase<T> {
  readonly sink: Sink<T>
  /** The record with number n; different numbers give different records. */
  record(n: number): T
  /** Numbers of the records that a reader sees now, in any order, repeated when they are there twice. */
  visible(): Promise<readonly number[]>
  /** Published things and their content, for sinks that publish files or the like. */
  published?(): Promise<ReadonlyMap<string, string>>
  /** How much is staged and not published. */
  staged?(): Promise<number>
  dispose?(): Promise<void>
}

/** Records that are enough to fill any sensible buffer. */
const FLOOD_RECORDS = 100_000

export function describeSink<T>(
  name: string,
  open: () => SinkCase<T> | Promise<SinkCase<T>>,
): void {
  describe(`${name}, as an exactly-once sink`, () => {
    let tested: SinkCase<T>
    let published: ReadonlyMap<string, string> = new Map()
    const attempts: SinkAttempt<T>[] = []

    beforeEach(async () => {
      tested = await open()
      published = new Map()
    })
    afterEach(async () => {
      for (const attempt of attempts.splice(0)) await attempt.close()
      await tested.dispose?.()
    })

    const begin = (attempt: number, subtasks = 1, restored?: SinkCheckpoint): SinkAttempt<T> => {
      const run = new SinkAttempt(tested.sink, {
        attempt,
        subtasks,
        ...(restored === undefined ? {} : { restored }),
      })
      attempts.push(run)
      return run
    }
    const write = (
      run: SinkAttempt<T>,
      subtask: number,
      ...numbers: readonly number[]
    ): Promise<void> => run.write(subtask, ...numbers.map((n) => tested.record(n)))
    /** What readers see is exactly this, and nothing that they saw before has changed or gone. */
    const expectVisible = async (...numbers: readonly number[]): Promise<void> => {
      const seen = await tested.visible()
      expect([...seen].sort((a, b) => a - b)).toEqual([...numbers])
      const now = (await tested.published?.()) ?? new Map()
      for (const [thing, content] of published)
        expect(now.get(thing), `${thing} has changed`).toBe(content)
      published = now
    }

    it('shows nothing before the commit, and everything after it', async () => {
      const run = begin(1)
      await write(run, 0, 1, 2, 3)
      await expectVisible()
      const first = await run.snapshot(1)
      await write(run, 0, 4)
      await expectVisible()
      await run.commit(first)
      await expectVisible(1, 2, 3)
      await run.commit(await run.snapshot(2))
      await expectVisible(1, 2, 3, 4)
    })

    it('commits the same checkpoint as often as it is told, once', async () => {
      const run = begin(1)
      await write(run, 0, 1, 2)
      const first = await run.snapshot(1)
      await run.commit(first)
      await run.commit(first)
      await run.close()
      const next = begin(2, 1, first)
      await next.commit(first)
      await next.cleanUp()
      await next.commit(first)
      await expectVisible(1, 2)
    })

    it('commits after a crash before the commit', async () => {
      const run = begin(1)
      await write(run, 0, 1, 2)
      const first = await run.snapshot(1)
      await write(run, 0, 3)
      await run.close()
      await expectVisible()
      const next = begin(2, 1, first)
      await next.commit(first)
      await next.cleanUp()
      await expectVisible(1, 2)
      await write(next, 0, 3)
      await next.commit(await next.snapshot(2))
      await expectVisible(1, 2, 3)
    })

    it('never shows what no completed checkpoint holds', async () => {
      const run = begin(1)
      await write(run, 0, 1)
      const first = await run.snapshot(1)
      await run.commit(first)
      await write(run, 0, 2)
      await run.snapshot(2)
      await write(run, 0, 3)
      await run.close()
      const next = begin(2, 1, first)
      await next.commit(first)
      await next.cleanUp()
      await write(next, 0, 2, 3)
      await next.commit(await next.snapshot(3))
      await expectVisible(1, 2, 3)
    })

    it('survives a crash while a snapshot is on its way', async () => {
      const run = begin(1)
      await write(run, 0, 1)
      run.beginSnapshot(1)
      await run.close()
      const next = begin(2)
      await next.cleanUp()
      await write(next, 0, 1)
      await next.commit(await next.snapshot(2))
      await expectVisible(1)
    })

    it('cleans up what earlier attempts left, and nothing of its own', async () => {
      const run = begin(1, 2)
      await write(run, 0, 1)
      await write(run, 1, 2)
      await run.snapshot(1)
      await write(run, 0, 3)
      await run.close()
      const next = begin(2, 2)
      await write(next, 0, 1)
      await write(next, 1, 2)
      const second = await next.snapshot(2)
      await write(next, 1, 3)
      await next.cleanUp()
      await next.commit(second)
      await next.commit(await next.snapshot(3))
      await expectVisible(1, 2, 3)
      if (tested.staged !== undefined) expect(await tested.staged()).toBe(0)
    })

    it('is not disturbed by an earlier attempt that does not know it is dead', async () => {
      const zombie = begin(1)
      await write(zombie, 0, 1)
      const first = await zombie.snapshot(1)
      await zombie.commit(first)
      const run = begin(2, 1, first)
      await run.commit(first)
      await run.cleanUp()
      await write(zombie, 0, 2, 3)
      zombie.beginSnapshot(2)
      await write(run, 0, 2)
      const second = await run.snapshot(3)
      await zombie.commit(first)
      await run.commit(second)
      await expectVisible(1, 2)
    })

    it('makes nothing of empty checkpoints', async () => {
      const run = begin(1, 2)
      for (let id = 1; id <= 20; id++) {
        const checkpoint = await run.snapshot(id)
        expect(checkpoint.committables).toEqual([])
        await run.commit(checkpoint)
      }
      await expectVisible()
      expect((await tested.published?.())?.size ?? 0).toBe(0)
    })

    it('commits several checkpoints in one go, and late ones after newer ones', async () => {
      const run = begin(1)
      await write(run, 0, 1)
      const first = await run.snapshot(1)
      await write(run, 0, 2)
      const second = await run.snapshot(2)
      await write(run, 0, 3)
      const third = await run.snapshot(3)
      await run.commit(first, second)
      await expectVisible(1, 2)
      await run.commit(third)
      await run.commit(first)
      await expectVisible(1, 2, 3)
    })

    for (const [before, after] of [
      [1, 2],
      [3, 2],
      [5, 6],
    ] as const) {
      it(`goes on with ${after} subtasks in place of ${before}`, async () => {
        const run = begin(1, before)
        for (let subtask = 0; subtask < before; subtask++) await write(run, subtask, subtask)
        const first = await run.snapshot(1)
        // Every subtask has staged something that no completed checkpoint holds.
        for (let subtask = 0; subtask < before; subtask++)
          await write(run, subtask, before + after + subtask)
        await run.snapshot(2)
        await run.close()
        const next = begin(2, after, first)
        await next.commit(first)
        await next.cleanUp()
        if (tested.staged !== undefined) expect(await tested.staged()).toBe(0)
        for (let subtask = 0; subtask < after; subtask++)
          await write(next, subtask, before + subtask)
        await next.commit(await next.snapshot(3))
        await expectVisible(...Array.from({ length: before + after }, (_, i) => i))
      })
    }

    it('puts everything into the checkpoint that follows the end of its input', async () => {
      const run = begin(1, 2)
      await write(run, 0, 1)
      await run.commit(await run.snapshot(1))
      await write(run, 1, 2, 3)
      run.finish()
      const last = await run.snapshot(2)
      await run.close()
      const next = begin(2, 2, last)
      await next.commit(last)
      await next.cleanUp()
      await expectVisible(1, 2, 3)
      if (tested.staged !== undefined) expect(await tested.staged()).toBe(0)
    })

    it('takes a flood of records, holding them back when it must', async () => {
      const run = begin(1)
      const numbers = Array.from({ length: FLOOD_RECORDS }, (_, i) => i)
      for (const n of numbers) await write(run, 0, n)
      await run.commit(await run.snapshot(1))
      const seen = await tested.visible()
      expect([...seen].sort((a, b) => a - b)).toEqual(numbers)
    })
  })
}
