import { describe, expect, test } from 'vitest'
import { floatCodec, textCodec } from '@weirjs/common/codec/primitives'
import { keyCodec } from '@weirjs/common/codec/key-codec'
import type {
  OperatorRestore,
  OperatorSnapshot,
  StateFile,
  TaskRestore,
} from '@weirjs/common/core/checkpoint/handles'
import { MemoryDisk, MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import type { StorageVerdict } from '@weirjs/common/core/checkpoint/memory-storage'
import { WeirError } from '@weirjs/common/core/errors'
import { keyHashOf } from '@weirjs/common/core/graph/key-groups'
import {
  attempt,
  checkpointId,
  jobId,
  leaderEpoch,
  operatorUid,
  vertexId,
} from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import type { StateRuntime } from '@weirjs/api/functions'
import type { SnapshotWriterRequest } from '../task/factories.ts'
import { HeapBackend } from './heap-backend.ts'
import { FileRestoreReader } from './snapshot-reader.ts'
import { FileSnapshotWriter, QUEUE_BYTES_MAX } from './snapshot-writer.ts'

const JOB = jobId('a'.repeat(32))
const KEY_GROUPS = { first: 0, end: 8 }
const count: StateRuntime = {
  name: 'count',
  kind: 'value',
  codec: floatCodec as StateRuntime['codec'],
  checkpointed: true,
}

const request = (over: Partial<SnapshotWriterRequest> = {}): SnapshotWriterRequest => ({
  fence: { jobId: JOB, epoch: leaderEpoch(2), attempt: attempt(3) },
  task: { vertexId: vertexId('v1'), subtask: 4 },
  checkpointId: checkpointId(7),
  onDrained: () => {},
  ...over,
})

const backend = (): HeapBackend =>
  new HeapBackend({
    maxParallelism: KEY_GROUPS.end,
    keyGroups: KEY_GROUPS,
    keyCodec,
    states: [count],
    clock: new ManualScheduler(),
  })

function fill(state: HeapBackend, keys: number): void {
  for (let key = 0; key < keys; key++) {
    state.setKey(key, keyHashOf(key))
    state.value<number>(count).set(key * 2)
  }
}

interface Written {
  readonly file: StateFile
  readonly operator: OperatorSnapshot
}

/** A file with two lists and keyed state. */
async function write(
  storage: MemoryStorage,
  keys: number,
  over: Partial<SnapshotWriterRequest> = {},
): Promise<Written> {
  const writer = new FileSnapshotWriter(storage, request(over))
  const state = backend()
  fill(state, keys)
  const names = writer.list('names', 'list', textCodec, ['one', 'zwei', '三'])
  const snapshot = state.snapshot()
  while (snapshot.advance(writer.keyed, 1) === 'more') continue
  const numbers = writer.list(
    'numbers',
    'union',
    floatCodec,
    Array.from({ length: 10_000 }, (_, i) => i),
  )
  const file = await writer.finish()
  if (file === null) throw new Error('a file was expected')
  const lists = [names, numbers]
  const operator = {
    uid: operatorUid('op'),
    keyed: snapshot.result(),
    lists,
    ended: false,
    watermark: 0,
  }
  return { file, operator }
}

function restoreOf({
  file,
  operator,
}: Written): TaskRestore & { readonly operators: readonly [OperatorRestore] } {
  const keyed = operator.keyed.map(({ segments, ...facts }) => ({
    ...facts,
    parts: [{ file, segments }],
  }))
  const lists = operator.lists.map(({ segment, ...facts }) => ({
    ...facts,
    parts: [{ file, segment, first: 0, end: segment.entries }],
  }))
  return {
    checkpointId: checkpointId(7),
    directory: JOB,
    commitOnly: false,
    allowNonRestoredState: false,
    operators: [{ uid: operator.uid, keyed, lists, ended: false, watermark: 0 }],
  }
}

async function codeOf(work: Promise<unknown>): Promise<WeirError> {
  const error = await work.then(
    () => new Error('nothing was refused'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof WeirError) return error
  throw error
}

describe('state files', () => {
  test('give back keyed state and lists', async () => {
    const storage = new MemoryStorage()
    const written = await write(storage, 20_000)
    expect(written.file.path).toBe('chk-7/v1-4-2-3.state')
    const restore = restoreOf(written)
    const reader = new FileRestoreReader(storage, restore)
    await reader.load()
    const lists = reader.lists(restore.operators[0])
    expect(lists.restored).toBe(true)
    expect(lists.list('names', textCodec)).toEqual(['one', 'zwei', '三'])
    expect(lists.list('numbers', floatCodec)).toHaveLength(10_000)
    expect(lists.list('unknown', floatCodec)).toEqual([])
    const state = backend()
    const restoring = state.restore(restore.operators[0].keyed, (file, offset, bytes) =>
      reader.read(file, offset, bytes),
    )
    expect(restoring.advance(Number.POSITIVE_INFINITY)).toBe('done')
    for (const key of [0, 1, 12_345, 19_999]) {
      state.setKey(key, keyHashOf(key))
      expect(state.value(count).get()).toBe(key * 2)
    }
  })

  test('deal the elements of a list out by first and end', async () => {
    const storage = new MemoryStorage()
    const written = await write(storage, 1)
    const restore = restoreOf(written)
    const operator = restore.operators[0]
    const numbers = operator.lists.filter((list) => list.name === 'numbers')
    const dealt = numbers.map((list) => ({
      ...list,
      parts: list.parts.flatMap((part) => [
        { ...part, first: 9_990, end: 10_000 },
        { ...part, first: 5, end: 7 },
      ]),
    }))
    const reader = new FileRestoreReader(storage, restore)
    await reader.load()
    const found = reader.lists({ ...operator, lists: dealt }).list('numbers', floatCodec)
    expect(found).toEqual([9990, 9991, 9992, 9993, 9994, 9995, 9996, 9997, 9998, 9999, 5, 6])
  })

  test('a union list takes from the files of others its elements, and nothing of their state', async () => {
    const disk = new MemoryDisk()
    const storage = new MemoryStorage({ disk })
    const own = await write(storage, 500)
    const others: Written[] = []
    for (const subtask of [5, 6, 7])
      others.push(await write(storage, 20_000, { task: { vertexId: vertexId('v1'), subtask } }))
    const restore = restoreOf(own)
    const [operator] = restore.operators
    const partsOf = (name: string) =>
      [own, ...others].flatMap((one) =>
        restoreOf(one).operators[0].lists.filter((list) => list.name === name),
      )
    const union = partsOf('numbers').flatMap(({ parts }) => parts)
    const lists = operator.lists.map((list) =>
      list.name === 'numbers' ? { ...list, parts: union } : list,
    )
    const wanted = { ...restore, operators: [{ ...operator, lists }] }
    const reader = new FileRestoreReader(storage, wanted)
    await reader.load()
    expect(reader.lists(wanted.operators[0] ?? null).list('numbers', floatCodec)).toHaveLength(
      40_000,
    )
    const listBytes = union.reduce((sum, { segment }) => sum + segment.bytes, 0)
    expect(reader.heldBytes).toBeLessThanOrEqual(own.file.bytes + listBytes)

    // What is not wanted of a file is verified all the same.
    disk.tamper(`${JOB}/${others[1]?.file.path}`, (bytes) => {
      bytes[300] = (bytes[300] as number) ^ 1
      return bytes
    })
    const damaged = await codeOf(new FileRestoreReader(storage, wanted).load())
    expect(damaged).toMatchObject({ code: 'state/file-damaged' })
    expect(damaged.message).toContain(others[1]?.file.path)
  })

  test('a list of another codec is refused; a new operator has no lists', async () => {
    const storage = new MemoryStorage()
    const restore = restoreOf(await write(storage, 1))
    const reader = new FileRestoreReader(storage, restore)
    await reader.load()
    expect(() => reader.lists(restore.operators[0]).list('names', floatCodec)).toThrow(
      expect.objectContaining({ code: 'state/incompatible' }),
    )
    expect(reader.lists(null).restored).toBe(true)
    expect(reader.lists(null).list('names', textCodec)).toEqual([])
  })

  test('a task without state writes no file, nor does one with an empty list', async () => {
    const disk = new MemoryDisk()
    const storage = new MemoryStorage({ disk })
    expect(await new FileSnapshotWriter(storage, request()).finish()).toBeNull()
    const writer = new FileSnapshotWriter(storage, request())
    expect(writer.list('names', 'list', textCodec, []).segment).toMatchObject({
      bytes: 0,
      entries: 0,
    })
    expect(await writer.finish()).toBeNull()
    expect(disk.paths()).toEqual([])
  })

  test('an abandoned or failed snapshot leaves no file', async () => {
    const disk = new MemoryDisk()
    const writer = new FileSnapshotWriter(new MemoryStorage({ disk }), request())
    writer.list('names', 'list', textCodec, ['x'])
    await writer.abandon()
    const onOperation = (operation: string): StorageVerdict =>
      operation === 'write' ? { verdict: 'fail', code: 'storage/full' } : { verdict: 'ok' }
    const failing = new FileSnapshotWriter(new MemoryStorage({ disk, onOperation }), request())
    failing.list('names', 'list', textCodec, ['x'])
    expect((await codeOf(failing.finish())).code).toBe('storage/full')
    await failing.abandon()
    expect(disk.paths()).toEqual([])
  })

  test('a file that no restore could read does not appear, and the refusal says how large it is', async () => {
    const written = async (bytesMax?: number): Promise<unknown> => {
      const disk = new MemoryDisk()
      const writer = new FileSnapshotWriter(new MemoryStorage({ disk }), request(), bytesMax)
      for (let i = 0; i < 20; i++) writer.list(`l${i}`, 'list', textCodec, ['x'.repeat(100_000)])
      const file = await writer.finish().catch((error: unknown) => error as WeirError)
      await writer.abandon()
      if (file instanceof WeirError) expect(disk.paths()).toEqual([])
      return file
    }
    const { bytes } = (await written()) as StateFile
    expect(await written(bytes)).toMatchObject({ bytes })
    for (const bytesMax of [bytes - 1, 1_000_000, 1]) {
      expect(await written(bytesMax)).toMatchObject({
        code: 'state/too-large',
        message: `the state of subtask 4 of v1 makes a file of ${bytes} bytes, at most ${bytesMax} can be read back`,
        hint: expect.stringContaining('parallelism'),
      })
    }
  })

  test('is full while too much waits for the storage, and says when it is drained', async () => {
    const scheduler = new ManualScheduler()
    let drained = 0
    const storage = new MemoryStorage({ scheduler, latencyMs: () => 1 })
    const writer = new FileSnapshotWriter(storage, request({ onDrained: () => (drained += 1) }))
    const half = ['x'.repeat(QUEUE_BYTES_MAX / 2 + 1)]
    writer.list('a', 'list', textCodec, half)
    expect(writer.full).toBe(false)
    writer.list('b', 'list', textCodec, half)
    expect(writer.full).toBe(true)
    expect(drained).toBe(0)
    const file = writer.finish()
    for (let turn = 0; turn < 100; turn++) {
      scheduler.advance(1)
      await Promise.resolve()
      await Promise.resolve()
      await Promise.resolve()
    }
    expect(writer.full).toBe(false)
    expect(drained).toBe(1)
    expect((await file)?.bytes).toBeGreaterThan(QUEUE_BYTES_MAX)
  })
})

describe('damage of state files is found before anything is handed out', () => {
  async function afterDamage(change: (bytes: Uint8Array) => Uint8Array | null): Promise<WeirError> {
    const disk = new MemoryDisk()
    const storage = new MemoryStorage({ disk })
    const written = await write(storage, 500)
    disk.tamper(`${JOB}/${written.file.path}`, change)
    const error = await codeOf(new FileRestoreReader(storage, restoreOf(written)).load())
    expect(error.message).toContain(written.file.path)
    return error
  }

  const flip =
    (at: number, bit: number) =>
    (bytes: Uint8Array): Uint8Array => {
      const index = at < 0 ? bytes.length + at : at
      bytes[index] = (bytes[index] as number) ^ (1 << bit)
      return bytes
    }

  test('every flipped byte of header and footer', async () => {
    const offsets = [
      ...Array.from({ length: 200 }, (_, i) => i),
      ...Array.from({ length: 30 }, (_, i) => -1 - i),
    ]
    for (const at of offsets)
      expect((await afterDamage(flip(at, at & 7))).code).toBe('state/file-damaged')
  })

  test('a flipped bit at random offsets, naming the place', async () => {
    const prng = new Prng(42)
    for (let i = 0; i < 300; i++) {
      let at = 0
      const error = await afterDamage((bytes) => {
        at = prng.int(bytes.length)
        return flip(at, prng.int(8))(bytes)
      })
      expect(error.code).toBe('state/file-damaged')
      expect(error.message).toMatch(/damaged at byte \d+: /)
    }
  })

  test('truncation at every kind of place, growth, and emptiness', async () => {
    for (const keep of [0, 1, 8, 12, 13, 100, 199, 2_000, 20_000, -1, -4, -24, -25]) {
      const error = await afterDamage((bytes) =>
        bytes.slice(0, keep < 0 ? bytes.length + keep : keep),
      )
      expect(error.code).toBe('state/file-damaged')
    }
    const grown = await afterDamage((bytes) => Buffer.concat([bytes, bytes.subarray(0, 10)]))
    expect(grown.code).toBe('state/file-damaged')
    const twice = await afterDamage((bytes) => Buffer.concat([bytes, bytes]))
    expect(twice.code).toBe('state/file-damaged')
  })

  test('a missing file has an error of its own', async () => {
    expect((await afterDamage(() => null)).code).toBe('state/file-missing')
  })

  test('files that were swapped say what they are; a foreign file of the same name is not taken', async () => {
    const disk = new MemoryDisk()
    const storage = new MemoryStorage({ disk })
    const one = await write(storage, 500)
    const other = await write(storage, 500, { task: { vertexId: vertexId('v1'), subtask: 5 } })
    const bytesOf = (written: Written): Uint8Array =>
      disk.get(`${JOB}/${written.file.path}`) ?? new Uint8Array(0)
    const [first, second] = [bytesOf(one), bytesOf(other)]
    disk.tamper(`${JOB}/${one.file.path}`, () => second)
    disk.tamper(`${JOB}/${other.file.path}`, () => first)
    const swapped = await codeOf(new FileRestoreReader(storage, restoreOf(one)).load())
    expect(swapped).toMatchObject({
      code: 'state/file-damaged',
      message: expect.stringContaining(other.file.path),
    })
    const foreignDisk = new MemoryDisk()
    await write(new MemoryStorage({ disk: foreignDisk }), 501)
    const foreign = foreignDisk.get(`${JOB}/${one.file.path}`) ?? new Uint8Array(0)
    disk.tamper(`${JOB}/${one.file.path}`, () => foreign)
    expect((await codeOf(new FileRestoreReader(storage, restoreOf(one)).load())).code).toBe(
      'state/file-damaged',
    )
  })

  test('two chunks that were exchanged are found, although each is whole', async () => {
    const error = await afterDamage((bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      const chunks: [number, number][] = []
      const header = 13 + view.getUint32(9, true) + 4
      for (let at = header; view.getUint32(at, true) > 0; at += 8 + view.getUint32(at, true)) {
        chunks.push([at, at + 8 + view.getUint32(at, true)])
      }
      const [a, b] = [chunks[1], chunks[2]]
      if (a === undefined || b === undefined) throw new Error('three chunks were expected')
      return Buffer.concat([
        bytes.subarray(0, a[0]),
        bytes.subarray(...b),
        bytes.subarray(...a),
        bytes.subarray(b[1]),
      ])
    })
    expect(error.message).toContain('SHA-256')
  })
})
