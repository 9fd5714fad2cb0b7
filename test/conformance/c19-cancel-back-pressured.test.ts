// C19. A job whose sink takes nothing any more, so that every channel is full up to the source, is CANCELED promptly; also
// while a checkpoint's barriers are stuck behind the records, and before its slots are of use to the next job.

import type { Sink } from '@weirjs/api/connector'
import { job, type JobDefinition } from '@weirjs/api/define-job'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import { collected } from '@weirjs/connectors/memory/collected'
import { fromItems } from '@weirjs/connectors/memory/from-items'
import { generator } from '@weirjs/connectors/generator/generator'
import { afterEach, describe, expect, it } from 'vitest'
import { VirtualCluster } from './src/virtual-cluster.ts'

const PROMPTLY_MS = 100
const Payload = struct('Payload', { n: int(), text: text() })
type Payload = { readonly n: number; readonly text: string }

interface Counts {
  made: number
  written: number
  closed: number
}

/** Takes a few records, and then none for ever. */
function stuckSink(counts: Counts): Sink<Payload> {
  return {
    description: 'stuck',
    guarantee: 'at-least-once',
    record: Payload,
    committableCodec: null,
    stateCodec: null,
    createWriter: () => ({
      write: () => void counts.written++,
      get ready() {
        return counts.written < 100
      },
      finish: () => {},
      snapshot: () => ({ committables: Promise.resolve([]), state: [] }),
      close: async () => void counts.closed++,
    }),
    createCommitter: () => null,
  }
}

type Shape = 'chained' | 'keyed' | 'rebalanced'

function jammed(counts: Counts, shape: Shape): JobDefinition {
  const payload = 'x'.repeat(200)
  const make = (n: number): Payload => {
    counts.made += 1
    return { n, text: payload }
  }
  const settings = { parallelism: 2, checkpoint: { every: '20ms', timeout: '10m' } } as const
  return job('jammed', settings, (env) => {
    const made = env.from(generator({ type: Payload, make }), { uid: 'endless' })
    const passed =
      shape === 'rebalanced'
        ? made
            .rebalance()
            .map((r) => r)
            .returns(Payload)
        : made
    const last =
      shape === 'keyed' ? passed.keyBy('n').reduce((_, record) => record, { uid: 'last' }) : passed
    last.to(stuckSink(counts), { uid: 'stuck' })
  })
}

describe('C19: cancel while fully back-pressured', () => {
  let cluster: VirtualCluster
  afterEach(() => cluster.close())

  it.each(['chained', 'keyed', 'rebalanced'] as const)('%s pipeline', async (shape) => {
    cluster = await VirtualCluster.start({ slots: 1 })
    const counts: Counts = { made: 0, written: 0, closed: 0 }
    const id = await cluster.submit(jammed(counts, shape))
    await cluster.when(id, 'it runs', ({ state }) => state === 'RUNNING')
    await cluster.pass(200)
    const { made } = counts
    await cluster.pass(500)
    expect(counts.made).toBe(made) // nothing moves: the jam has reached the source
    expect(made).toBeGreaterThanOrEqual(counts.written)
    if (shape !== 'chained') {
      expect((await cluster.checkpoints(id)).at(0)?.state).toBe('IN_PROGRESS')
    }

    const startMs = cluster.time.nowMs()
    expect((await cluster.cancel(id)).state).toBe('CANCELED')
    expect(cluster.time.nowMs() - startMs).toBeLessThan(PROMPTLY_MS)
    expect(counts.closed).toBe(2)

    // All slots are free again, and good.
    const sink = collected(int())
    const next = job('next', { parallelism: 2 }, (env) => {
      env.from(fromItems(int(), [1, 2, 3]), { uid: 'items' }).to(sink, { uid: 'sink' })
    })
    expect((await cluster.ended(await cluster.submit(next))).state).toBe('FINISHED')
    expect(sink.items.toSorted((a, b) => a - b)).toEqual([1, 2, 3])
  })
})
