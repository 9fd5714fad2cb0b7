import { job, type JobDefinition } from '@weirjs/api/define-job'
import { struct } from '@weirjs/api/struct'
import { int, text } from '@weirjs/api/types'
import { collected, type CollectedSink } from '@weirjs/connectors/memory/collected'
import { fromItems } from '@weirjs/connectors/memory/from-items'
import { afterEach, describe, expect, test } from 'vitest'
import { LocalCluster, type LocalClusterOptions } from './local-cluster.ts'

const Word = struct('Word', { word: text(), count: int() })
type Count = { readonly word: string; readonly count: number }

const wordsOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `w${(i * 7) % 97}`)

function expected(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/** Running counts: each word's highest is its count, and no value comes twice. */
function counted(sink: CollectedSink<Count>): ReadonlyMap<string, number> {
  const seen = new Set<string>()
  const last = new Map<string, number>()
  for (const { word, count } of sink.items) {
    expect(seen.has(`${word} ${count}`)).toBe(false)
    seen.add(`${word} ${count}`)
    last.set(word, Math.max(last.get(word) ?? 0, count))
  }
  return last
}

interface Counting {
  readonly definition: JobDefinition
  readonly sink: CollectedSink<Count>
}

function counting(
  words: readonly string[],
  onRecord: (index: number) => void = () => {},
): Counting {
  const sink = collected(Word)
  let records = 0
  const options = { parallelism: 2, checkpoint: { every: '20ms' } } as const
  const definition = job('word-count', options, (env) => {
    env
      .from(fromItems(text(), words), { uid: 'words' })
      .flatMap(Word, (word, emit) => {
        onRecord(records++)
        emit({ word, count: 1 })
      })
      .keyBy('word')
      .reduce((a, b) => ({ word: a.word, count: a.count + b.count }), { uid: 'counts' })
      .to(sink, { uid: 'sink' })
  })
  return { definition, sink }
}

const clusters: LocalCluster[] = []
afterEach(async () => {
  for (const cluster of clusters.splice(0)) await cluster.close()
})

async function start(options: LocalClusterOptions): Promise<LocalCluster> {
  const cluster = await LocalCluster.start(options)
  clusters.push(cluster)
  return cluster
}

describe('a local cluster', () => {
  test('counts words exactly, with parallelism 2 and a checkpoint every 20 ms', async () => {
    const words = wordsOf(20_000)
    const { definition, sink } = counting(words)
    const cluster = await start({ taskManagers: 2, slots: 2 })
    const end = await cluster.ended(await cluster.submit(definition))
    expect(end.failure).toBeNull()
    expect(end.state).toBe('FINISHED')
    expect(sink.items).toHaveLength(words.length)
    expect(counted(sink)).toEqual(expected(words))
  })

  test('says why it does not start with more slots than a TaskManager may have', async () => {
    await expect(start({ slots: 1_025 })).rejects.toMatchObject({
      code: 'worker/bad-registration',
      message: expect.stringContaining('1 to 1024 slots, not 1025'),
    })
  })

  test('counts exactly although a TaskManager is killed', async () => {
    const words = wordsOf(60_000)
    const { definition, sink } = counting(words)
    const cluster = await start({ taskManagers: 3, slots: 1 })
    const id = await cluster.submit(definition)
    await cluster.until(id, (job) => job.lastCheckpointId !== null)
    const victim = cluster.taskManagers.find((worker) => worker.busy)
    expect(victim).toBeDefined()
    if (victim !== undefined) cluster.killTaskManager(victim)
    const end = await cluster.ended(id)
    expect(end).toMatchObject({ state: 'FINISHED', restarts: 1 })
    expect(counted(sink)).toEqual(expected(words))
  })

  test('counts exactly although the JobManager is killed and another one takes over', async () => {
    const words = wordsOf(60_000)
    const { definition, sink } = counting(words)
    const cluster = await start({ taskManagers: 2, slots: 1 })
    const id = await cluster.submit(definition)
    await cluster.until(id, (job) => job.lastCheckpointId !== null)
    cluster.killJobManager()
    await cluster.startJobManager()
    const end = await cluster.ended(id)
    expect(end.state).toBe('FINISHED')
    expect(counted(sink)).toEqual(expected(words))
  })

  test('counts exactly although a step throws in the middle', async () => {
    const words = wordsOf(40_000)
    let thrown = 0
    const { definition, sink } = counting(words, (index) => {
      if (index !== 25_000 || thrown++ > 0) return
      throw new Error('once')
    })
    const cluster = await start({ taskManagers: 1, slots: 2 })
    const id = await cluster.submit(definition, {
      settings: { restart: { strategy: 'fixed-delay', attempts: 3, delayMs: 1 } },
    })
    const end = await cluster.ended(id)
    expect(end).toMatchObject({ state: 'FINISHED', restarts: 1 })
    expect(counted(sink)).toEqual(expected(words))
  })

  test('cancels a job, and gives its slots back', async () => {
    const { definition } = counting(wordsOf(300_000))
    const cluster = await start({ taskManagers: 1, slots: 2 })
    const id = await cluster.submit(definition)
    await cluster.until(id, (job) => job.state === 'RUNNING')
    await cluster.client.cancel(id)
    expect((await cluster.ended(id)).state).toBe('CANCELED')
    expect(await cluster.client.cluster()).toMatchObject({ slots: 2, freeSlots: 2 })
  })

  test('fails a job that always throws, and says where', async () => {
    const { definition } = counting(wordsOf(100), () => {
      throw new Error('always')
    })
    const cluster = await start({ taskManagers: 1, slots: 2 })
    const id = await cluster.submit(definition, { settings: { restart: { strategy: 'none' } } })
    const end = await cluster.ended(id)
    expect(end.state).toBe('FAILED')
    expect(end.failure?.message).toContain('always')
  })
})
