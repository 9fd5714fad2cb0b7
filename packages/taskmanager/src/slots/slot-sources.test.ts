import type { Source } from '@weirjs/api/connector'
import type { NodeRuntime } from '@weirjs/api/functions'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { describe, expect, test } from 'vitest'
import { Operator } from '../operators/operator.ts'
import type { OperatorContext, PollResult } from '../operators/operator.ts'
import { LoggingSink } from './kit-operators.contract.ts'
import type { SinkLog } from './kit-operators.contract.ts'
import { SlotKit } from './slot-kit.contract.ts'

describe('sources of two halves', () => {
  const splitCodec = dynamicCodec
  const runtime = {
    kind: 'source-enumerator',
    source: { splitCodec } as unknown as Source,
  } as NodeRuntime

  class Enumerator extends Operator {
    readonly hints: number[] = []
    #splits = [1, 2, 3, 4]
    readonly #context: OperatorContext
    constructor(context: OperatorContext) {
      super()
      this.#context = context
      enumerators.push(this)
    }
    process(): void {}
    override onDownstreamHint(subtask: number): void {
      this.hints.push(subtask)
    }
    override readonly poll = (): PollResult => {
      const subtask = this.hints.shift()
      if (this.#splits.length === 0) return 'end'
      if (subtask === undefined) return 'wait'
      this.#context.output.emit({ subtask, split: this.#splits.shift() }, NO_TIMESTAMP)
      return this.#splits.length === 0 ? 'end' : 'more'
    }
  }

  class Reader extends Operator {
    readonly splits: number[] = []
    #left = 0
    #ended = false
    readonly #context: OperatorContext
    constructor(context: OperatorContext) {
      super()
      this.#context = context
      readers.push(this)
    }
    process(split: unknown): void {
      this.splits.push(split as number)
      this.#left += 100
    }
    override onInputEnd(): void {
      this.#ended = true
    }
    override readonly poll = (): PollResult => {
      if (this.#left === 0) {
        if (this.#ended) return 'end'
        this.#context.hintUpstream()
        return 'wait'
      }
      for (; this.#left > 0; this.#left--) {
        if (!this.#context.outputReady()) return 'more'
        this.#context.output.emit(this.#left, NO_TIMESTAMP)
      }
      return 'more'
    }
  }

  let enumerators: Enumerator[] = []
  let readers: Reader[] = []

  function source(logs: SinkLog[], sinkReady = true): SlotKit {
    enumerators = []
    readers = []
    return new SlotKit({
      slots: 2,
      vertices: [
        {
          parallelism: 1,
          operators: [
            {
              uid: 'enumerator',
              kind: 'source-enumerator',
              make: (context) => new Enumerator(context),
            },
          ],
        },
        {
          parallelism: 2,
          operators: [
            { uid: 'reader', kind: 'source-reader', make: (context) => new Reader(context) },
          ],
        },
        {
          parallelism: 2,
          operators: [
            { uid: 'sink', make: (context) => new LoggingSink(context, logs, sinkReady) },
          ],
          slotOf: (subtask) => 1 - subtask,
        },
      ],
      edges: [
        { from: 0, to: 1, partitioning: 'assign' },
        { from: 1, to: 2 },
      ],
      runtimes: { enumerator: runtime },
      config: { 'exchange.frame-bytes': '1024' },
    })
  }

  test('splits travel to the subtask that asked, and readers end when there are no more', async () => {
    const logs: SinkLog[] = []
    const kit = source(logs)
    kit.deploy()
    await kit.until(() => kit.allIn('end-of-data'))
    expect(readers.flatMap((reader) => reader.splits).sort()).toEqual([1, 2, 3, 4])
    for (const reader of readers) expect(reader.splits.length).toBeGreaterThan(0)
    expect(logs.reduce((sum, log) => sum + log.received.length, 0)).toBe(400)
    await kit.close()
  })

  test('a reader whose output is stuck still takes its splits and its barrier', async () => {
    const logs: SinkLog[] = []
    const kit = source(logs, false)
    kit.deploy()
    await kit.until(() => kit.allRan)
    await kit.pass(50)
    kit.trigger(1)
    await kit.until(() => kit.acks.some(({ task }) => task.vertexId === 'v0'))
    await kit.until(() => kit.acks.filter(({ task }) => task.vertexId === 'v1').length === 2)
    expect(kit.acks.filter(({ task }) => task.vertexId === 'v2')).toEqual([])
    for (const log of logs) {
      log.ready = true
      log.wake()
    }
    await kit.until(() => kit.acked(1))
    await kit.close()
  })
})
