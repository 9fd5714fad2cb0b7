import { tries } from '@weirjs/common/codec/runs.contract'
import { checkpointId } from '@weirjs/common/core/ids'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CompletedCheckpoint } from './events.ts'
import { Retention } from './retention.ts'

function completed(id: number): CompletedCheckpoint {
  return {
    checkpointId: checkpointId(id),
    kind: 'periodic',
    manifestPath: '',
    manifestSha256: '',
    triggeredAtMs: 0,
    completedAtMs: 0,
    stateBytes: 0,
  }
}
const ids = (checkpoints: readonly CompletedCheckpoint[]): number[] =>
  checkpoints.map((one) => one.checkpointId)

describe('retention', () => {
  it('keeps the newest N and names what may go', () => {
    const retention = new Retention(2, [completed(3)])
    expect(ids(retention.add(completed(4)))).toEqual([])
    expect(ids(retention.add(completed(9)))).toEqual([3])
    expect(ids(retention.completed)).toEqual([4, 9])
  })

  it('brings a longer list down to N only when the next checkpoint is complete', () => {
    const retention = new Retention(1, [completed(1), completed(2), completed(3)])
    expect(ids(retention.completed)).toEqual([1, 2, 3])
    expect(ids(retention.add(completed(4)))).toEqual([1, 2, 3])
  })

  it('refuses a checkpoint that is not newer than the newest', () => {
    const retention = new Retention(2, [completed(5)])
    expect(() => retention.add(completed(5))).toThrow('in the order of their ids')
  })

  it('is like slicing a list, with doubtful ones going when something newer is sure', () => {
    const step = fc.record({ gap: fc.integer({ min: 1, max: 3 }), doubtful: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        (steps, keep) => {
          const retention = new Retention(keep, [])
          const [sure, doubtful, gone]: [number[], number[], number[]] = [[], [], []]
          let id = 0
          for (const one of steps) {
            id += one.gap
            if (one.doubtful) {
              retention.addDoubtful(completed(id))
              doubtful.push(id)
              expect(retention.isDoubtful(checkpointId(id))).toBe(true)
            } else {
              sure.push(id)
              gone.push(...ids(retention.add(completed(id))))
            }
            expect(ids(retention.completed)).toEqual(sure.slice(-keep))
            const expectedGone = [
              ...sure.slice(0, -keep),
              ...doubtful.filter((d) => d < (sure.at(-1) ?? 0)),
            ]
            expect(gone.toSorted((a, b) => a - b)).toEqual(expectedGone.sort((a, b) => a - b))
          }
        },
      ),
      tries(100, 100_000),
    )
  }, 600_000)
})
