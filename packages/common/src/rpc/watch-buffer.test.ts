import { describe, expect, it } from 'vitest'

import { checkpointId } from '../core/ids.ts'
import type { JobEventView } from '../job-client.ts'
import { BARE_FAILURE } from './samples.fixture.ts'
import { WatchBuffer } from './watch-buffer.ts'

const out = (text: string): JobEventView => ({ type: 'output', stream: 'print', text })
const restored = (id: number): JobEventView => ({
  type: 'restored',
  checkpointId: checkpointId(id),
  attempt: id,
})
const progress = (n: number): JobEventView => ({
  type: 'progress',
  doneRatio: 0.5,
  recordsIn: n,
  recordsOut: n,
})
const lost = (lines: number): JobEventView => ({ type: 'lost-output', lines })
const failure: JobEventView = {
  type: 'failure',
  failure: BARE_FAILURE,
  willRestart: true,
  delayMs: 1,
}
const checkpoint = (id: number): JobEventView => ({
  type: 'checkpoint',
  checkpoint: {
    checkpointId: checkpointId(id),
    state: 'COMPLETED',
    kind: 'periodic',
    triggeredAtMs: 1,
    endedAtMs: 2,
    stateBytes: 3,
    acknowledged: 1,
    total: 1,
    stallMsMax: 0,
    path: '/x',
    failure: null,
  },
})

async function drain(buffer: WatchBuffer): Promise<JobEventView[]> {
  buffer.end()
  const events: JobEventView[] = []
  for await (const event of buffer) events.push(event)
  return events
}

describe('WatchBuffer', () => {
  it('passes everything on to a reader that follows', async () => {
    const buffer = new WatchBuffer({ eventsMax: 2, charsMax: 10 })
    const seen: JobEventView[] = []
    const reading = (async () => {
      for await (const event of buffer) seen.push(event)
    })()
    const events = [out('a'), progress(1), restored(1), out('b'), progress(2), failure]
    for (const event of events) {
      buffer.push(event)
      await new Promise(setImmediate)
    }
    buffer.end()
    await reading
    expect(seen).toEqual(events)
  })

  it('loses output first, and says where and how much', async () => {
    const buffer = new WatchBuffer({ eventsMax: 5, charsMax: 100 })
    const events = [restored(1), out('a'), out('b'), restored(2), out('c'), out('d'), restored(3)]
    for (const event of events) buffer.push(event)
    expect(await drain(buffer)).toEqual([restored(1), lost(2), restored(2), lost(2), restored(3)])
  })

  it('joins its notes of lost lines when even they take too much room', async () => {
    const buffer = new WatchBuffer({ eventsMax: 4, charsMax: 100 })
    const events = [restored(1), out('a'), out('b'), restored(2), out('c'), out('d'), restored(3)]
    for (const event of events) buffer.push(event)
    expect(await drain(buffer)).toEqual([restored(1), restored(2), lost(4), restored(3)])
  })

  it('counts characters of output too', async () => {
    const buffer = new WatchBuffer({ eventsMax: 100, charsMax: 10 })
    for (const text of ['12345', '67890', 'x', 'y']) buffer.push(out(text))
    expect(buffer.size).toEqual({ events: 3, chars: 10 })
    expect(await drain(buffer)).toEqual([out('12345'), out('67890'), lost(2)])
  })

  it('keeps only the latest progress', async () => {
    const buffer = new WatchBuffer()
    for (let i = 0; i < 1_000; i += 1) buffer.push(progress(i))
    buffer.push(failure)
    buffer.push(progress(1_000))
    expect(await drain(buffer)).toEqual([failure, progress(1_000)])
  })

  it('drops old checkpoints before it gives the watcher up', async () => {
    const buffer = new WatchBuffer({ eventsMax: 3, charsMax: 10 })
    for (let i = 1; i <= 5; i += 1) buffer.push(checkpoint(i))
    buffer.push(failure)
    expect(await drain(buffer)).toEqual([checkpoint(4), checkpoint(5), failure])
  })

  it('cuts off a watcher that cannot even follow what matters, after what waits', async () => {
    const buffer = new WatchBuffer({ eventsMax: 2, charsMax: 10 })
    for (let i = 1; i <= 5; i += 1) buffer.push(restored(i))
    const seen: JobEventView[] = []
    await expect(
      (async () => {
        for await (const event of buffer) seen.push(event)
      })(),
    ).rejects.toMatchObject({ code: 'rpc/watch-overrun' })
    expect(seen).toEqual([restored(1), restored(2)])
  })
})
