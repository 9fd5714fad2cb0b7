import { tries } from '@weirjs/common/codec/runs.contract'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BarrierAligner } from './barrier-aligner.ts'

// Scripts: `a1` is record 1 on channel a, `|5a` is barrier 5 on channel a, `.a` ends channel a, `x5` aborts checkpoint 5.
// Transcripts: records in the order in which they are let through, `[5]` where checkpoint 5 is taken, `5!` superseded,
// `5?` stale, `x5` an abort that hit something under way. What a blocked channel brings waits.

function play(channels: number, blocking: boolean, script: string): string {
  const aligner = new BarrierAligner({ channels, blocking })
  const waiting: string[][] = Array.from({ length: channels }, () => [])
  const said: string[] = []
  const channelOf = (name: string): number => name.charCodeAt(0) - 97
  const deliver = (channel: number, token: string): void => {
    if (token.startsWith('|')) {
      const id = Number(token.slice(1, -1))
      const step = aligner.onBarrier(channel, id)
      for (const old of step.superseded) said.push(`${old}!`)
      if (step.answer === 'aligned') said.push(`[${id}]`)
      if (step.answer === 'stale') said.push(`${id}?`)
    } else if (token.startsWith('.')) {
      for (const id of aligner.onEndOfChannel(channel)) said.push(`[${id}]`)
    } else said.push(token)
  }
  const drain = (): void => {
    for (let moved = true; moved; ) {
      moved = false
      for (let channel = 0; channel < channels; channel++) {
        const queue = waiting[channel] ?? []
        if (queue.length === 0 || aligner.isBlocked(channel)) continue
        deliver(channel, queue.shift() ?? '')
        moved = true
        break
      }
    }
  }
  for (const token of script.split(' ')) {
    if (token.startsWith('x')) {
      if (aligner.abort(Number(token.slice(1))) === 'pending') said.push(token)
    } else {
      const name = /^[|.]/.test(token) ? token.slice(-1) : token.slice(0, 1)
      waiting[channelOf(name)]?.push(token)
    }
    drain()
  }
  return said.join(' ')
}

describe('exactly once', () => {
  const cases: readonly (readonly [string, number, string, string])[] = [
    ['one channel is aligned at once', 1, 'a1 |1a a2', 'a1 [1] a2'],
    [
      'holds a channel from its barrier until the last one arrives',
      2,
      'a1 a2 |1a b1 a3 |1b b2',
      'a1 a2 b1 [1] a3 b2',
    ],
    ['three channels, any order', 3, '|1c c1 |1a a1 b1 |1b', 'b1 [1] a1 c1'],
    ['two checkpoints, one after the other', 2, '|1a |2a a1 |1b b1 |2b', '[1] b1 [2] a1'],
    [
      'a newer barrier on a free channel supersedes',
      3,
      '|1a a1 |2b b1 |2a c1 |2c',
      '1! a1 c1 [2] b1',
    ],
    ['an older barrier behind a newer one is stale', 2, '|2a a1 |1b b1 |2b', '1? b1 [2] a1'],
    ['an abort frees the channels', 2, '|1a a1 x1 b1 |1b b2', 'x1 a1 b1 1? b2'],
    ['an abort before the first barrier makes all stale', 2, 'x1 |1a a1 |1b b1', '1? a1 1? b1'],
    ['an abort of another checkpoint changes nothing', 2, '|1a x2 a1 |1b', '[1] a1'],
    ['an abort after alignment is late', 2, '|1a |1b x1 a1', '[1] a1'],
    ['the next checkpoint comes after an abort', 2, '|1a x1 |2b b1 a1 |2a', 'x1 a1 [2] b1'],
    ['an ended channel is not waited for', 2, '.a b1 |1b b2', 'b1 [1] b2'],
    ['the end of the last missing channel aligns', 2, '|1a a1 b1 .b', 'b1 [1] a1'],
    ['a channel that ends before its barrier and the rest', 3, '|1a a1 .b c1 |1c', 'c1 [1] a1'],
    [
      'a script with all of it',
      3,
      'a1 |1a a2 |2b b1 c1 |2a a3 x2 |3c c2 |3a |3b',
      'a1 1! a2 c1 x2 a3 b1 [3] c2',
    ],
  ]
  test.each(cases)('%s', (_name, channels, script, expected) => {
    expect(play(channels, true, script)).toBe(expected)
  })
})

describe('at least once', () => {
  const cases: readonly (readonly [string, number, string, string])[] = [
    ['never holds a channel', 2, 'a1 |1a a2 b1 |1b b2', 'a1 a2 b1 [1] b2'],
    ['counts several checkpoints at once', 2, '|1a a1 |2a a2 |1b b1 |2b', 'a1 a2 [1] b1 [2]'],
    ['a channel that skips an id makes it impossible', 2, '|1a |2a |2b', '1! [2]'],
    ['and its late barrier is stale', 3, '|1a |2b |1c |2a |2c', '1! 1? [2]'],
    ['an abort drops one of several', 2, '|1a |2a x1 |1b |2b', 'x1 1? [2]'],
    ['the end of a channel completes several', 2, '|1a |2a a1 .b', 'a1 [1] [2]'],
    ['an ended channel that passed it by keeps it void', 3, '|1a |2b .b .a |1c |2c', '1! 1? [2]'],
  ]
  test.each(cases)('%s', (_name, channels, script, expected) => {
    expect(play(channels, false, script)).toBe(expected)
  })
})

// The naive model keeps whole histories and asks plain questions of them.
class Model {
  readonly delivered: number[][]
  readonly ended: boolean[]
  readonly aborted = new Set<number>()
  readonly taken = new Set<number>()
  readonly channels: number

  constructor(channels: number) {
    this.channels = channels
    this.delivered = Array.from({ length: channels }, () => [])
    this.ended = new Array<boolean>(channels).fill(false)
  }

  isVoid(id: number): boolean {
    if (this.aborted.has(id)) return true
    return this.delivered.some((ids) => !ids.includes(id) && ids.some((other) => other > id))
  }

  isFull(id: number): boolean {
    const live = this.delivered.filter((_, channel) => !this.ended[channel])
    return live.length > 0 && live.every((ids) => ids.includes(id))
  }

  isBlocked(channel: number): boolean {
    return (this.delivered[channel] ?? []).some((id) => !this.taken.has(id) && !this.isVoid(id))
  }

  /** Ids that can be taken now. */
  takeFull(): number[] {
    const ids = [...new Set(this.delivered.flat())].sort((a, b) => a - b)
    const now = ids.filter((id) => !this.taken.has(id) && !this.isVoid(id) && this.isFull(id))
    for (const id of now) this.taken.add(id)
    return now
  }
}

describe.each([true, false])('against the naive model, blocking %s', (blocking) => {
  const step = fc.record({
    kind: fc.constantFrom('barrier', 'barrier', 'barrier', 'barrier', 'abort', 'end'),
    channel: fc.nat(3),
    gap: fc.constantFrom(1, 1, 1, 1, 2),
    id: fc.integer({ min: 1, max: 8 }),
  })
  test('takes the same checkpoints at the same moments and holds the same channels', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 40 }),
        (channels, steps) => {
          const aligner = new BarrierAligner({ channels, blocking })
          const model = new Model(channels)
          for (const { kind, channel: drawn, gap, id } of steps) {
            const channel = drawn % channels
            if (kind === 'abort') {
              aligner.abort(id)
              if (!model.taken.has(id) && id > Math.max(0, ...model.taken)) model.aborted.add(id)
            } else if (model.ended[channel] === true || (blocking && model.isBlocked(channel))) {
              continue
            } else if (kind === 'end') {
              model.ended[channel] = true
              expect(aligner.onEndOfChannel(channel)).toEqual(model.takeFull())
            } else {
              const ids = model.delivered[channel] ?? []
              const next = (ids.at(-1) ?? 0) + gap
              const wasVoid = model.isVoid(next)
              ids.push(next)
              const answer = aligner.onBarrier(channel, next).answer
              const taken = model.takeFull()
              expect(answer === 'aligned').toBe(taken.includes(next))
              expect(answer === 'stale').toBe(wasVoid)
              expect(taken.filter((other) => other !== next)).toEqual([])
            }
            for (let other = 0; other < channels; other++) {
              if (blocking && model.ended[other] !== true)
                expect(aligner.isBlocked(other)).toBe(model.isBlocked(other))
            }
          }
        },
      ),
      tries(2_000, 100_000),
    )
  }, 600_000)
})
