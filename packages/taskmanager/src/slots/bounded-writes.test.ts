import { Writable } from 'node:stream'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { expect, test } from 'vitest'
import {
  dropWhenFull,
  WRITES_BURST_BYTES_MAX,
  WRITES_BYTES_PER_MS_MAX,
  WRITES_WAITING_BYTES_MAX,
} from './bounded-writes.ts'

const LINE = `${'x'.repeat(1_023)}\n`
const WAITING_LINES = WRITES_WAITING_BYTES_MAX / LINE.length

/** A stream whose reader takes everything when it is told to, and nothing before. */
function slowStream(): { stream: Writable; taken: string[]; take: () => void } {
  const taken: string[] = []
  let go = (): void => {}
  let open = false
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      taken.push(chunk)
      if (open) done()
      else go = done
    },
  })
  return {
    stream,
    taken,
    take: () => {
      open = true
      go()
    },
  }
}

test('what nobody takes is dropped beyond a bound, counted, and told when there is room', async () => {
  const { stream, taken, take } = slowStream()
  dropWhenFull(stream, new ManualScheduler())
  for (let i = 0; i < WAITING_LINES * 3; i++) stream.write(LINE)
  expect(stream.writableLength).toBeLessThanOrEqual(WRITES_WAITING_BYTES_MAX + LINE.length)
  take()
  await expect.poll(() => stream.writableLength).toBe(0)
  stream.write('again\n')
  await expect.poll(() => taken.at(-1)).toBe('again\n')
  expect(taken.at(-2)).toBe(`… ${WAITING_LINES * 2 - 1} writes dropped\n`)
  expect(taken).toHaveLength(WAITING_LINES + 3)
})

test('who waits for a write that is dropped is not left waiting', async () => {
  const { stream } = slowStream()
  dropWhenFull(stream, new ManualScheduler())
  for (let i = 0; i < WAITING_LINES * 2; i++) stream.write(LINE)
  await new Promise<void>((resolve) => {
    stream.write(LINE, () => resolve())
  })
})

test('what comes faster than it can leave the process is dropped, too, counted, and told later', async () => {
  const { stream, taken, take } = slowStream()
  take()
  const time = new ManualScheduler()
  dropWhenFull(stream, time)
  const lines = (2 * WRITES_BURST_BYTES_MAX) / LINE.length
  for (let i = 0; i < lines; i++) stream.write(LINE)
  expect(taken).toHaveLength(lines / 2)
  time.advance(1_000)
  stream.write('again\n')
  expect(taken.slice(-2)).toEqual([`… ${lines / 2} writes dropped\n`, 'again\n'])
  const before = taken.length
  for (let i = 0; i < lines; i++) stream.write(LINE)
  const earned = Math.min(WRITES_BURST_BYTES_MAX, 1_000 * WRITES_BYTES_PER_MS_MAX)
  expect(taken.length - before).toBeLessThanOrEqual(earned / LINE.length)
})
