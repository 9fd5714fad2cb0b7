import { SinkAttempt } from '@weirjs/api/contracts/sink-run.contract'
import { describe, expect, it } from 'vitest'
import { discard, print } from './print.ts'

async function printed(
  sink: ReturnType<typeof print<unknown>>,
  subtasks: number,
  ...values: readonly unknown[]
) {
  const run = new SinkAttempt(sink, { attempt: 1, subtasks })
  await run.write(subtasks - 1, ...values)
  expect((await run.snapshot(1)).committables).toEqual([])
  await run.close()
  return run.printed
}

describe('print', () => {
  it('shows text as it is, and everything else as JSON', async () => {
    const odd: { self?: unknown } = {}
    odd.self = odd
    const lines = await printed(
      print(),
      1,
      'text',
      { a: 1 },
      [1n],
      new Map([['k', new Set([1])]]),
      null,
      undefined,
      odd,
      { x: Number.NaN, y: [Number.NEGATIVE_INFINITY] },
    )
    expect(lines).toEqual([
      'text',
      '{"a":1}',
      '["1"]',
      '{"k":[1]}',
      'null',
      'undefined',
      '[object Object]',
      '{"x":"NaN","y":["-Infinity"]}',
    ])
  })

  it('numbers the lines of several subtasks, and takes a prefix and a format', async () => {
    expect(await printed(print(), 2, 'x')).toEqual(['2> x'])
    expect(await printed(print({ prefix: 'alerts', format: () => 'y' }), 2, 'x')).toEqual([
      'alerts 2> y',
    ])
    expect(await printed(print({ prefix: 'alerts' }), 1, 'x')).toEqual(['alerts x'])
  })
})

describe('discard', () => {
  it('takes everything and shows nothing', async () => {
    expect(await printed(discard(), 1, 'x', 1)).toEqual([])
  })
})
