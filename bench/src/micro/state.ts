// The heap state back end alone, in one thread: updates a second of a keyed count, and what
// snapshots cost. All times are CPU time of this thread, so that a busy machine blurs them less.
// Run: node -C source bench/src/micro/state.ts [keys] [seconds for each case]

import { keyCodec } from '@weirjs/common/codec/key-codec'
import { intCodec, textCodec } from '@weirjs/common/codec/primitives'
import { structCodec } from '@weirjs/common/codec/struct-codec'
import { MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { keyHashOf } from '@weirjs/common/core/graph/key-groups'
import { attempt, checkpointId, jobId, leaderEpoch, vertexId } from '@weirjs/common/core/ids'
import { Prng } from '@weirjs/common/core/prng'
import { systemScheduler } from '@weirjs/common/node/system-scheduler'
import type { StateRuntime } from '@weirjs/api/functions'
import type { ValueState } from '@weirjs/api/process-context'
import { HeapBackend } from '@weirjs/taskmanager/state/heap-backend'
import { FileSnapshotWriter } from '@weirjs/taskmanager/state/snapshot-writer'

const KEY_GROUPS = 128
const KEYS = Number(process.argv[2] ?? 1_000_000)
const SECONDS = Number(process.argv[3] ?? 4)
const BATCH = 128
/** Keys of records, prepared; a power of two. */
const SEQUENCE = 1 << 20
/** As the task loop does it. */
const TURN_MS = 1
const SLICE_MS = 2

const scheduler = systemScheduler()

interface Sums {
  origin: string
  count: number
  sum: number
}

interface Workload<T> {
  readonly name: string
  readonly codec: Codec<T>
  readonly keyAt: (index: number) => Key
  readonly update: (state: ValueState<T>, key: Key) => void
}

const counts: Workload<number> = {
  name: 'integer keys, count',
  codec: intCodec,
  keyAt: (index) => index,
  update: (state) => state.set((state.get() ?? 0) + 1),
}
const textCounts: Workload<number> = {
  ...counts,
  name: 'text keys, count',
  keyAt: (index) => `key-${index}`,
}
const sums: Workload<Sums> = {
  name: 'integer keys, object of three fields',
  codec: structCodec<Sums>('Sums', { origin: textCodec, count: intCodec, sum: intCodec }),
  keyAt: (index) => index,
  update: (state, key) => {
    const before = state.get()
    state.set(
      before === null
        ? { origin: 'LAX', count: 1, sum: key as number }
        : { origin: before.origin, count: before.count + 1, sum: before.sum + 1 },
    )
  },
}

let checkpoints = 0

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

function makeWriter(): FileSnapshotWriter {
  checkpoints += 1
  return new FileSnapshotWriter(new MemoryStorage(), {
    fence: { jobId: jobId('b'.repeat(32)), epoch: leaderEpoch(1), attempt: attempt(1) },
    task: { vertexId: vertexId('v0'), subtask: 0 },
    checkpointId: checkpointId(checkpoints),
    onDrained: () => {},
  })
}

interface Round {
  readonly updates: number
  /** Of this thread. */
  readonly cpuMs: number
  readonly snapshots: number
  readonly sliceMsMax: number
  readonly batchMsMax: number
}

async function measure<T>(workload: Workload<T>): Promise<void> {
  const state: StateRuntime = {
    name: 'state',
    kind: 'value',
    codec: workload.codec as unknown as Codec,
    checkpointed: true,
  }
  const backend = new HeapBackend({
    maxParallelism: KEY_GROUPS,
    keyGroups: { first: 0, end: KEY_GROUPS },
    keyCodec,
    states: [state],
    clock: scheduler,
  })
  const values = backend.value<T>(state)
  const prng = new Prng(7)
  // In random order, as records come; the hash is the producer's work and comes with the
  // record.
  const keys = Array.from({ length: SEQUENCE }, () => workload.keyAt(prng.int(KEYS)))
  const hashes = Int32Array.from(keys, keyHashOf)
  const fillStart = cpuMs()
  for (let i = 0; i < KEYS; i++) {
    const key = workload.keyAt(i)
    backend.setKey(key, keyHashOf(key))
    workload.update(values, key)
  }
  const fillMs = cpuMs() - fillStart

  let at = 0
  const run = async (everyMs: number): Promise<Round> => {
    const start = performance.now()
    const cpuStart = cpuMs()
    let [updates, snapshots, sliceMsMax, batchMsMax, nextAt] = [0, 0, 0, 0, start + everyMs / 2]
    let running: {
      snapshot: ReturnType<HeapBackend['snapshot']>
      writer: FileSnapshotWriter
    } | null = null
    for (let now = start; now - start < SECONDS * 1_000; ) {
      const turnEnd = now + TURN_MS
      while (now < turnEnd) {
        const before = running === null ? 0 : cpuMs()
        for (let i = 0; i < BATCH; i++) {
          at = (at + 1) & (SEQUENCE - 1)
          const key = keys[at] as Key
          backend.setKey(key, hashes[at] as number)
          workload.update(values, key)
        }
        updates += BATCH
        if (running !== null) batchMsMax = Math.max(batchMsMax, cpuMs() - before)
        now = performance.now()
      }
      if (running === null && now >= nextAt) {
        running = { snapshot: backend.snapshot(), writer: makeWriter() }
        nextAt += everyMs
      }
      if (running !== null && !running.writer.full) {
        const before = cpuMs()
        const done = running.snapshot.advance(running.writer.keyed, SLICE_MS) === 'done'
        sliceMsMax = Math.max(sliceMsMax, cpuMs() - before)
        if (done) {
          snapshots += 1
          await running.writer.finish()
          running = null
        }
      }
      await new Promise<void>((resolve) => setImmediate(resolve))
      now = performance.now()
    }
    return { updates, cpuMs: cpuMs() - cpuStart, snapshots, sliceMsMax, batchMsMax }
  }

  await run(Number.POSITIVE_INFINITY)
  const alone = await run(Number.POSITIVE_INFINITY)
  const quiet = await quietSnapshot(backend)
  const busy = await run(1_000)
  const rate = (round: Round): number => round.updates / round.cpuMs / 1_000
  console.log(`${workload.name}, ${KEYS} keys`)
  console.log(`  fill                ${(KEYS / fillMs / 1_000).toFixed(2)} M keys/CPU s`)
  console.log(
    `  updates             ${rate(alone).toFixed(2)} M/CPU s (a plain Map of objects: ${plainMap(keys).toFixed(2)})`,
  )
  console.log(`  quiet snapshot      ${quiet}`)
  console.log(
    `  a snapshot a second ${rate(busy).toFixed(2)} M/CPU s, loss ${((1 - rate(busy) / rate(alone)) * 100).toFixed(1)} %` +
      `, ${busy.snapshots} snapshots, longest slice ${busy.sliceMsMax.toFixed(2)} ms, longest batch ${busy.batchMsMax.toFixed(2)} ms`,
  )
  backend.close()
}

/** What V8 gives at best: look up an object by key, change it. */
function plainMap(keys: readonly Key[]): number {
  const map = new Map<Key, { key: Key; value: number; stamp: number }>()
  for (const key of keys) map.set(key, { key, value: 0, stamp: 0 })
  const start = cpuMs()
  for (let round = 0; round < 3; round++) {
    for (const key of keys) (map.get(key) as { value: number }).value += 1
  }
  return (3 * keys.length) / (cpuMs() - start) / 1_000
}

/** Nobody writes meanwhile: what encoding alone costs. */
async function quietSnapshot(backend: HeapBackend): Promise<string> {
  const writer = makeWriter()
  const snapshot = backend.snapshot()
  let [total, longest, slices] = [0, 0, 0]
  for (let more = true; more; slices++) {
    const cpuStart = cpuMs()
    more = snapshot.advance(writer.keyed, SLICE_MS) === 'more'
    const ms = cpuMs() - cpuStart
    total += ms
    longest = Math.max(longest, ms)
    if (writer.full) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  const file = await writer.finish()
  return (
    `${total.toFixed(0)} ms, ${((total * 1e6) / KEYS).toFixed(0)} ns/entry, ${file?.bytes ?? 0} bytes, ` +
    `${slices} slices, longest ${longest.toFixed(2)} ms`
  )
}

await measure(counts)
await measure(textCounts)
await measure(sums)
