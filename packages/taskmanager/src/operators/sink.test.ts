import { describe, expect, test } from 'vitest'
import { intCodec, textCodec } from '@weirjs/common/codec/primitives'
import type { Codec } from '@weirjs/common/core/codec'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import type {
  Sink,
  SinkCommitter,
  SinkContext,
  SinkSnapshot,
  SinkWriter,
} from '@weirjs/api/connector'
import { Collected, HarnessContext } from './harness-context.ts'
import { dealLists, snapshotLater } from './harness-snapshot.ts'
import type { OperatorSnapshotInMemory } from './harness-snapshot.ts'
import { SinkOperator } from './sink.ts'

/** What the outside world sees of a sink: committed batches, calls in order. */
class World {
  readonly committed: string[] = []
  readonly calls: string[] = []
  readonly writers: string[] = []
  committers = 0
  /** Makes the next uploads wait, or fail. */
  upload: () => Promise<void> = () => Promise.resolve()
  commitFails = false
  guarantee: 'exactly-once' | 'at-least-once' = 'exactly-once'

  sink(): Sink {
    const twoPhase = this.guarantee === 'exactly-once'
    return {
      description: 'world',
      guarantee: this.guarantee,
      record: null,
      committableCodec: twoPhase ? (textCodec as unknown as Codec) : null,
      stateCodec: intCodec as unknown as Codec,
      createWriter: (context, restored) => new Writer(this, context, restored as readonly number[]),
      createCommitter: (context) => (twoPhase ? new Committer(this, context) : null),
    }
  }
}

class Writer implements SinkWriter<unknown, unknown, unknown> {
  readonly #world: World
  #open: unknown[] = []
  #written: number
  ready = true

  constructor(world: World, context: SinkContext, restored: readonly number[]) {
    this.#world = world
    this.#written = restored.reduce((a, b) => a + b, 0)
    world.writers.push(`${context.writerId} ${this.#written}`)
  }

  write(value: unknown): void {
    this.#open.push(value)
    this.#written += 1
  }

  finish(): void {
    this.#world.calls.push('finish')
  }

  snapshot(checkpointId: number): SinkSnapshot<unknown, unknown> {
    const sealed = this.#open.length === 0 ? [] : [`${checkpointId}:${this.#open.join('')}`]
    this.#open = []
    return { committables: this.#world.upload().then(() => sealed), state: [this.#written] }
  }

  async close(): Promise<void> {
    this.#world.calls.push('close writer')
  }
}

class Committer implements SinkCommitter<unknown> {
  readonly #world: World
  readonly #context: SinkContext

  constructor(world: World, context: SinkContext) {
    this.#world = world
    this.#world.committers += 1
    this.#context = context
  }

  async commit(committables: readonly unknown[]): Promise<void> {
    this.#world.calls.push(`commit ${committables.join(' ')}`)
    await Promise.resolve()
    if (this.#world.commitFails) throw new Error('cannot commit')
    for (const one of committables as readonly string[]) {
      if (!this.#world.committed.includes(one)) this.#world.committed.push(one)
    }
  }

  async cleanUp(): Promise<void> {
    this.#world.calls.push(`clean up ${this.#context.subtask}`)
  }

  async close(): Promise<void> {
    this.#world.calls.push('close committer')
  }
}

interface UnderTest {
  readonly operator: SinkOperator
  readonly collected: Collected
  write(values: string): void
  checkpoint(id: number): Promise<OperatorSnapshotInMemory>
}

interface Place extends Partial<Record<'subtask' | 'parallelism' | 'attempt', number>> {
  readonly restore?: readonly OperatorSnapshotInMemory[]
}

async function open(world: World, o: Place = {}): Promise<UnderTest> {
  const { operator, collected } = operatorOf(world.sink(), o)
  operator.restore()
  await operator.open()
  return {
    operator,
    collected,
    write: (values) => {
      for (const value of values) operator.process(value, 0)
    },
    checkpoint: (checkpointId) => snapshotLater({ operator, keyed: null, checkpointId }),
  }
}

/** Made, not restored, not open. */
function operatorOf(sink: Sink, o: Place): { operator: SinkOperator; collected: Collected } {
  const { subtask = 0, parallelism = 1, attempt = 1 } = o
  const collected = new Collected()
  const context = new HarnessContext({
    collected,
    scheduler: new ManualScheduler(),
    keyed: null,
    subtask,
    parallelism,
    attempt,
    restored: dealLists(o.restore ?? [], subtask, parallelism),
  })
  return { operator: new SinkOperator({ kind: 'sink', sink }, context), collected }
}

describe('two-phase sink', () => {
  test('makes nothing of the connector before it is opened, not even to restore', async () => {
    const world = new World()
    const s = await open(world)
    s.write('a')
    const snapshot = await s.checkpoint(1)
    const { operator } = operatorOf(world.sink(), { restore: [snapshot] })
    operator.restore()
    expect([world.committers, world.committed]).toEqual([1, []])
    await operator.open()
    expect([world.committers, world.committed]).toEqual([2, ['1:a']])
  })

  test('what is written becomes visible when its checkpoint is complete, in order, once', async () => {
    const world = new World()
    const s = await open(world)
    s.write('ab')
    await s.checkpoint(1)
    s.write('c')
    expect(world.committed).toEqual([])
    await s.operator.onCheckpointComplete(1)
    await s.checkpoint(2)
    await s.operator.onCheckpointComplete(2)
    expect(world.committed).toEqual(['1:ab', '2:c'])
    await s.operator.onCheckpointComplete(2)
    expect(world.calls.filter((call) => call.startsWith('commit'))).toEqual([
      'commit 1:ab',
      'commit 2:c',
    ])
  })

  test('notifications may be lost, repeated, or come out of order (B1)', async () => {
    const world = new World()
    const s = await open(world)
    for (const id of [5, 6, 7, 8]) {
      s.write(String(id))
      await s.checkpoint(id)
    }
    await s.operator.onCheckpointComplete(7)
    await s.operator.onCheckpointComplete(6)
    await s.operator.onCheckpointComplete(7)
    expect(world.committed).toEqual(['5:5', '6:6', '7:7'])
    await s.operator.onCheckpointComplete(8)
    expect(world.committed).toEqual(['5:5', '6:6', '7:7', '8:8'])
  })

  test('nothing to commit is not committed (B9)', async () => {
    const world = new World()
    const s = await open(world)
    for (let id = 1; id <= 100; id++) {
      await s.checkpoint(id)
      await s.operator.onCheckpointComplete(id)
    }
    expect(world.calls).toEqual(['clean up 0'])
  })

  test('an aborted checkpoint keeps what it sealed for the next one', async () => {
    const world = new World()
    const s = await open(world)
    s.write('a')
    await s.checkpoint(1)
    s.operator.onCheckpointAborted(1)
    s.write('b')
    const second = await s.checkpoint(2)
    expect(second.memory.list(listOf(second, 'pending'), textCodec)).toEqual(['1:a', '2:b'])
    await s.operator.onCheckpointComplete(2)
    expect(world.committed).toEqual(['1:a', '2:b'])
  })

  test('a restore commits what the checkpoint holds before anything is written, and nothing newer', async () => {
    const world = new World()
    const s = await open(world)
    s.write('a')
    await s.checkpoint(1)
    s.write('b')
    const second = await s.checkpoint(2)
    s.write('c')
    await s.checkpoint(3)
    await s.operator.close()
    world.calls.length = 0
    const next = await open(world, { restore: [second], attempt: 2 })
    expect(world.calls).toEqual(['commit 1:a 2:b'])
    expect(world.committed).toEqual(['1:a', '2:b'])
    expect(world.writers).toEqual(['000000000000-v0-0-1-1 0', '000000000000-v0-0-1-2 2'])
    next.write('d')
    await next.checkpoint(4)
    await next.operator.onCheckpointComplete(4)
    expect(world.committed).toEqual(['1:a', '2:b', '4:d'])
  })

  test('a restore may repeat a commit that had happened', async () => {
    const world = new World()
    const s = await open(world)
    s.write('a')
    const first = await s.checkpoint(1)
    await s.operator.onCheckpointComplete(1)
    await open(world, { restore: [first], attempt: 2 })
    expect(world.committed).toEqual(['1:a'])
  })

  test('pending committables are dealt out on a rescale, each to one subtask', async () => {
    const world = new World()
    const snapshots = []
    for (const subtask of [0, 1]) {
      const s = await open(world, { subtask, parallelism: 2 })
      for (const id of [1, 2, 3]) {
        s.write(`${subtask}`)
        snapshots[subtask] = await s.checkpoint(subtask * 10 + id)
      }
    }
    for (const subtask of [0, 1, 2])
      await open(world, { restore: snapshots, subtask, parallelism: 3, attempt: 2 })
    expect(
      world.calls
        .filter((call) => call.startsWith('commit'))
        .flatMap((call) => call.split(' ').slice(1)),
    ).toEqual(['1:0', '2:0', '3:0', '11:1', '12:1', '13:1'])
  })

  test('commits do not overlap, and a snapshot while one is under way loses nothing', async () => {
    const world = new World()
    const s = await open(world)
    s.write('a')
    await s.checkpoint(1)
    s.write('b')
    const committing = s.operator.onCheckpointComplete(1)
    const second = s.checkpoint(2)
    const alsoCommitting = s.operator.onCheckpointComplete(2)
    await second
    await committing
    await alsoCommitting
    expect(world.committed).toEqual(['1:a', '2:b'])
    expect(world.calls).toEqual(['commit 1:a', 'clean up 0', 'commit 2:b'])
  })

  test('cleans up once per attempt, in subtask 0, after the first completed checkpoint', async () => {
    const world = new World()
    const zero = await open(world, { subtask: 0, parallelism: 2 })
    const one = await open(world, { subtask: 1, parallelism: 2 })
    for (const id of [1, 2]) {
      await zero.checkpoint(id)
      await one.checkpoint(id)
      await zero.operator.onCheckpointComplete(id)
      await one.operator.onCheckpointComplete(id)
    }
    expect(world.calls).toEqual(['clean up 0'])
  })

  test('cleans up once more behind the last record: a zombie may have staged something meanwhile', async () => {
    const world = new World()
    const s = await open(world)
    await s.checkpoint(1)
    await s.operator.onCheckpointComplete(1)
    await s.checkpoint(2)
    s.operator.finish()
    await s.operator.onCheckpointComplete(2)
    expect(world.calls).toEqual(['clean up 0', 'finish'])
    await s.checkpoint(3)
    await s.operator.onCheckpointComplete(3)
    expect(world.calls).toEqual(['clean up 0', 'finish', 'clean up 0'])
  })

  test('a restored checkpoint cleans nothing up: other subtasks may still have to commit it', async () => {
    const world = new World()
    const before = []
    for (const subtask of [0, 1]) {
      const s = await open(world, { subtask, parallelism: 2 })
      s.write(`${subtask}`)
      before.push(await s.checkpoint(1))
    }
    world.calls.length = 0
    const restored = { restore: before, parallelism: 2, attempt: 2 }
    const zero = await open(world, { ...restored, subtask: 0 })
    // As the task does it behind `open`, while subtask 1 still reads its state.
    await zero.operator.onCheckpointComplete(1)
    const one = await open(world, { ...restored, subtask: 1 })
    expect(world.calls).toEqual(['commit 1:0', 'commit 1:1'])
    await zero.checkpoint(2)
    await one.checkpoint(2)
    await zero.operator.onCheckpointComplete(2)
    expect(world.calls).toEqual(['commit 1:0', 'commit 1:1', 'clean up 0'])
  })

  test('a commit that fails rejects, and the next one commits both', async () => {
    const world = new World()
    const s = await open(world)
    s.write('a')
    await s.checkpoint(1)
    world.commitFails = true
    await expect(s.operator.onCheckpointComplete(1)).rejects.toThrow('cannot commit')
    world.commitFails = false
    s.write('b')
    await s.checkpoint(2)
    await s.operator.onCheckpointComplete(2)
    expect(world.committed).toEqual(['1:a', '2:b'])
  })

  test('what cannot be made durable fails the task and the checkpoint', async () => {
    const world = new World()
    const s = await open(world)
    s.write('a')
    world.upload = () => Promise.reject(new Error('disk is gone'))
    await expect(s.checkpoint(1)).rejects.toThrow('disk is gone')
    expect(s.collected.errors).toEqual([new Error('disk is gone')])
  })

  test('closes the writer, waits for a commit under way, then closes the committer', async () => {
    const world = new World()
    const s = await open(world)
    s.write('a')
    await s.checkpoint(1)
    const committing = s.operator.onCheckpointComplete(1)
    await s.operator.close()
    await committing
    expect(world.calls.at(-1)).toBe('close committer')
    expect(world.committed).toEqual(['1:a'])
  })
})

describe('sink without committer', () => {
  test('the acknowledgement waits until everything before the barrier has left', async () => {
    const world = new World()
    world.guarantee = 'at-least-once'
    const s = await open(world)
    s.write('a')
    const { promise, resolve } = Promise.withResolvers<void>()
    world.upload = () => promise
    let done = false
    const snapshot = s.checkpoint(1).then((taken) => {
      done = true
      return taken
    })
    await Promise.resolve()
    expect(done).toBe(false)
    resolve()
    expect((await snapshot).lists.map((list) => list.name)).toContain('writer')
    await s.operator.onCheckpointComplete(1)
  })

  test('a flush that fails fails the task', async () => {
    const world = new World()
    world.guarantee = 'at-least-once'
    const s = await open(world)
    world.upload = () => Promise.reject(new Error('connection lost'))
    await expect(s.checkpoint(1)).rejects.toThrow('connection lost')
    expect(s.collected.errors).toHaveLength(1)
  })
})

function listOf(
  snapshot: OperatorSnapshotInMemory,
  name: string,
): OperatorSnapshotInMemory['lists'][number] {
  const list = snapshot.lists.find((one) => one.name === name)
  if (list === undefined) throw new Error(`no list ${name}`)
  return list
}
