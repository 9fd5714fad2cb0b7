import type { JobEventView } from '@weirjs/common/job-client'
import { describe, expect, it } from 'vitest'
import { OUTPUT_LINES_KEPT_MAX, type OutputView } from './output-ring.ts'
import { WATCH_EVENTS_MAX, WATCH_OUTPUT_MAX } from './watch-stream.ts'
import { WATCHERS_MAX, Watchers } from './watchers.ts'

const line = (text: string): OutputView => ({ type: 'output', stream: 'print', text })
const progress = (recordsIn: number): JobEventView => ({
  type: 'progress',
  doneRatio: null,
  recordsIn,
  recordsOut: 0,
})
const restored = (attempt: number): JobEventView => ({
  type: 'restored',
  checkpointId: 1 as never,
  attempt,
})

async function read(stream: AsyncIterable<JobEventView>): Promise<string[]> {
  const seen: string[] = []
  for await (const event of stream) {
    seen.push(
      event.type === 'output'
        ? event.text
        : event.type === 'lost-output'
          ? `lost ${event.lines}`
          : event.type,
    )
  }
  return seen
}

describe('Watchers', () => {
  it('tells a newcomer the state and the last lines, and then what happens, until the end', async () => {
    const watchers = new Watchers(null)
    watchers.print(line('a'))
    const seen = read(watchers.watch([restored(1)], new AbortController().signal))
    watchers.print(line('b'))
    watchers.publish(progress(1))
    watchers.end()
    expect(await seen).toEqual(['restored', 'a', 'b', 'progress'])
    expect(await read(watchers.watch([restored(1)], new AbortController().signal))).toEqual([
      'restored',
      'a',
      'b',
    ])
  })

  it('keeps a bounded number of lines and says how many are gone', async () => {
    const watchers = new Watchers(null)
    for (let i = 0; i < OUTPUT_LINES_KEPT_MAX + 3; i++) watchers.print(line(`${i}`))
    watchers.end()
    const seen = await read(watchers.watch([restored(1)], new AbortController().signal))
    expect(seen.slice(0, 3)).toEqual(['restored', 'lost 3', '3'])
  })

  it('drops output, counted, for a follower that does not follow, and keeps the rest', async () => {
    const watchers = new Watchers(null)
    const stream = watchers.watch([restored(1)], new AbortController().signal)
    for (let i = 0; i < WATCH_OUTPUT_MAX + 7; i++) watchers.print(line('x'))
    for (let i = 0; i < 5; i++) watchers.publish(progress(i))
    watchers.publish(restored(2))
    watchers.end()
    const seen = await read(stream)
    expect(seen[0]).toBe('lost 7')
    expect(seen.filter((one) => one === 'x')).toHaveLength(WATCH_OUTPUT_MAX)
    expect(seen.slice(-2)).toEqual(['progress', 'restored'])
  })

  it('cuts off a follower that does not read at all', async () => {
    const watchers = new Watchers(null)
    const stream = watchers.watch([restored(1)], new AbortController().signal)
    for (let i = 0; i < WATCH_EVENTS_MAX; i++) watchers.publish(restored(i))
    await expect(read(stream)).rejects.toMatchObject({ code: 'watch/too-slow' })
    expect(watchers.watched).toBe(false)
  })

  it('tells the oldest of too many followers why it has to go', async () => {
    const watchers = new Watchers(null)
    const { signal } = new AbortController()
    const oldest = read(watchers.watch([restored(1)], signal))
    for (let i = 0; i < WATCHERS_MAX; i++) watchers.watch([restored(1)], signal)
    await expect(oldest).rejects.toMatchObject({ code: 'watch/too-many' })
  })

  it('lets a follower go at any time', async () => {
    const watchers = new Watchers(null)
    const control = new AbortController()
    const seen = read(watchers.watch([restored(1)], control.signal))
    await Promise.resolve()
    control.abort()
    expect(await seen).toEqual(['restored'])
    expect(watchers.watched).toBe(false)
    for await (const event of watchers.watch([restored(1)], new AbortController().signal)) {
      expect(event.type).toBe('restored')
      break
    }
    expect(watchers.watched).toBe(false)
  })
})
