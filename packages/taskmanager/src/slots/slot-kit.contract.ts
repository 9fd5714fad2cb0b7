// For tests of the task loop: several real SlotRuntimes, small operators written in the test, a plan written by hand,
// and a JobManager that does what it is told. By default under virtual time, over a wire in memory that copies frames,
// delivers a turn later and can be cut; or over real ports.

import type { TaskRestore } from '@weirjs/common/core/checkpoint/handles'
import { MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import type {
  CheckpointAck,
  CheckpointDecline,
  DeployRequest,
  OutputLine,
  TaskUpdate,
} from '@weirjs/common/core/gateways'
import { bundleHash, checkpointId, taskKey } from '@weirjs/common/core/ids'
import type { TaskId } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { settle } from '@weirjs/common/node/virtual-time'
import { heapSnapshots } from '../state/state-factory.ts'
import { FENCE, deployRequest, endpointOf, functionsOf } from './kit-plan.contract.ts'
import type { KitOptions } from './kit-plan.contract.ts'
import { MemoryWire } from './kit-wire.contract.ts'
import { SlotRuntime } from './slot-runtime.ts'

export class SlotKit {
  readonly time = new ManualScheduler({ turnMs: 0.1 })
  readonly wire = new MemoryWire(this.time)
  readonly storage: MemoryStorage
  readonly slots: readonly SlotRuntime[]
  readonly updates: TaskUpdate[] = []
  readonly acks: CheckpointAck[] = []
  readonly declines: CheckpointDecline[] = []
  readonly lines: OutputLine[] = []
  /** False: tasks that have restored are left to wait. */
  runs = true
  readonly request: DeployRequest
  readonly #options: KitOptions

  constructor(options: KitOptions) {
    this.#options = options
    this.storage = options.storage ?? new MemoryStorage()
    const scheduler = options.real?.scheduler ?? this.time
    const plain = heapSnapshots({ storage: this.storage, clock: scheduler })
    const makers = new Map(
      options.vertices.flatMap(({ operators }) => operators).map((op) => [op.uid, op.make]),
    )
    const numbers = Array.from({ length: options.slots ?? 1 }, (_, slot) => slot)
    this.slots = numbers
      .filter((slot) => slot === (options.only ?? slot))
      .map(
        (slot) =>
          new SlotRuntime({
            endpoint: endpointOf(slot),
            scheduler,
            prng: new Prng(slot),
            exchange: options.real?.transport(slot) ?? this.wire.transport(slot),
            functions: functionsOf(options),
            request: {
              fence: FENCE,
              jobName: 'kit',
              bundle: bundleHash('0'),
              args: {},
              submittedAtMs: 0,
              config: options.config ?? {},
              credential: 'secret',
              slots: [slot],
            },
            listener: {
              taskUpdate: (update) => this.#heard(update),
              acknowledge: (ack) => void this.acks.push(ack),
              decline: (decline) => void this.declines.push(decline),
              output: (line) => void this.lines.push(line),
            },
            operators: (node, _runtime, context) => {
              const make = makers.get(node.uid)
              if (make === undefined) throw new Error(`no operator ${node.uid}`)
              return make(context)
            },
            snapshots: options.snapshots?.(plain) ?? plain,
          }),
      )
    this.request = deployRequest(options, numbers.length)
  }

  get tasks(): readonly TaskId[] {
    return this.request.tasks.map(({ task }) => task)
  }

  deploy(): void {
    for (const slot of this.slots) {
      const tasks = this.request.tasks.filter((task) => task.slot === slot.endpoint.slot)
      slot.deploy({ ...this.request, tasks })
    }
  }

  /** The JobManager's part: when all tasks have restored, they run. */
  #heard(update: TaskUpdate): void {
    this.updates.push(update)
    if (update.change.state === 'restored' && this.runs && this.allIn('restored')) this.run()
  }

  run(): void {
    this.#perSlot(this.tasks, (slot, tasks) => slot.run({ fence: FENCE, tasks }))
  }

  /** Tasks whose last update is this one. */
  inState(state: TaskUpdate['change']['state']): number {
    const last = new Map(this.updates.map((update) => [taskKey(update.task), update.change.state]))
    return [...last.values()].filter((each) => each === state).length
  }

  allIn(state: TaskUpdate['change']['state']): boolean {
    return this.inState(state) === this.tasks.length
  }

  /** Every task runs, or did. */
  get allRan(): boolean {
    return (
      this.updates.filter(({ change }) => change.state === 'running').length === this.tasks.length
    )
  }

  trigger(id: number, final = false): void {
    const heads = this.request.plan.vertices
      .filter((vertex) => vertex.inputs.length === 0)
      .map(({ id: head }) => head)
    const tasks = this.tasks.filter((task) => heads.includes(task.vertexId))
    const timestampMs = (this.#options.real?.scheduler ?? this.time).wallMs()
    this.#perSlot(tasks, (slot, own) => {
      slot.trigger({ fence: FENCE, checkpointId: checkpointId(id), timestampMs, tasks: own, final })
    })
  }

  complete(id: number, final = false): void {
    for (const slot of this.slots)
      slot.notifyComplete({ fence: FENCE, checkpointId: checkpointId(id), final })
  }

  abort(id: number): void {
    for (const slot of this.slots)
      slot.notifyAborted({ fence: FENCE, checkpointId: checkpointId(id), final: false })
  }

  cancel(): void {
    this.#perSlot(this.tasks, (slot, tasks) => slot.cancel({ fence: FENCE, tasks }))
  }

  acked(id: number): boolean {
    return this.acks.filter((ack) => ack.checkpointId === id).length === this.tasks.length
  }

  /** Restores of this checkpoint for the same parallelism. */
  restoresOf(id: number, commitOnly = false): Map<string, TaskRestore> {
    return new Map(
      this.acks
        .filter((ack) => ack.checkpointId === id)
        .map(({ task, snapshot, checkpointId: of }) => {
          const { file } = snapshot
          const operators = snapshot.operators.map((op) => ({
            uid: op.uid,
            ended: op.ended,
            watermark: op.watermark,
            keyed: op.keyed.map(({ segments, ...state }) => ({
              ...state,
              parts: file === null ? [] : [{ file, segments }],
            })),
            lists: op.lists.map(({ segment, ...list }) => ({
              ...list,
              parts: file === null ? [] : [{ file, segment, first: 0, end: segment.entries }],
            })),
          }))
          return [
            taskKey(task),
            {
              checkpointId: of,
              directory: FENCE.jobId,
              operators,
              commitOnly,
              allowNonRestoredState: false,
            },
          ]
        }),
    )
  }

  /** Runs until the condition holds; fails when nothing is left to run, or after `eventsMax` events. */
  async until(condition: () => boolean, eventsMax = 200_000): Promise<void> {
    if (this.#options.real !== undefined) {
      for (let turns = 0; !condition(); turns++) {
        if (turns > eventsMax) throw new Error(`the condition never holds: ${this.describe()}`)
        await settle()
      }
      return
    }
    await settle()
    for (let events = 0; !condition(); events++) {
      if (events > eventsMax || !this.time.step())
        throw new Error(`the condition never holds: ${this.describe()}`)
      await settle()
    }
  }

  /** Lets everything happen that happens within `ms`. */
  async pass(ms: number): Promise<void> {
    const target = this.time.nowMs() + ms
    await settle()
    while (this.time.step(target)) await settle()
    this.time.moveTo(target)
  }

  async close(): Promise<void> {
    const closing = Promise.all(this.slots.map((slot) => slot.close()))
    let closed = false
    void closing.then(() => (closed = true))
    await this.until(() => closed)
  }

  describe(): string {
    const failed = this.updates.find((update) => update.change.state === 'failed')
    const why =
      failed?.change.state === 'failed'
        ? `${failed.change.failure.message}\n${failed.change.failure.stack}`
        : ''
    return `${this.updates.map(({ task, change }) => `${taskKey(task)} ${change.state}`).join(', ')} ${why}`
  }

  #perSlot(
    tasks: readonly TaskId[],
    call: (slot: SlotRuntime, tasks: readonly TaskId[]) => void,
  ): void {
    for (const slot of this.slots) {
      const own = this.request.tasks.filter((task) => task.slot === slot.endpoint.slot)
      const keys = own.map(({ task }) => taskKey(task))
      const here = tasks.filter((task) => keys.includes(taskKey(task)))
      if (here.length > 0) call(slot, here)
    }
  }
}
