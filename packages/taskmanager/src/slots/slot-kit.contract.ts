// For tests of the task loop: several real SlotRuntimes, small operators written in the test, a plan written by hand,
// and a JobManager that does what it is told. By default under virtual time, over a wire in memory that copies frames,
// delivers a turn later and can be cut; or over real ports.

import type { JobFunctions, NodeRuntime, StateRuntime } from '@weirjs/api/functions'
import type { TaskRestore } from '@weirjs/common/core/checkpoint/handles'
import type { Codec, Key } from '@weirjs/common/core/codec'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { MemoryStorage } from '@weirjs/common/core/checkpoint/memory-storage'
import { settle } from '@weirjs/common/node/virtual-time'
import type { Scheduler } from '@weirjs/common/core/clock'
import type {
  CheckpointAck,
  CheckpointDecline,
  DeployRequest,
  OutputLine,
  SlotEndpoint,
  TaskPlacement,
  TaskUpdate,
} from '@weirjs/common/core/gateways'
import type {
  CheckpointMode,
  OperatorKind,
  Partitioning,
} from '@weirjs/common/core/graph/logical-graph'
import type {
  PhysicalPlan,
  PlanEdge,
  PlanOperator,
  PlanVertex,
} from '@weirjs/common/core/graph/physical-plan'
import {
  attempt,
  bundleHash,
  checkpointId,
  edgeId,
  jobId,
  leaderEpoch,
  operatorUid,
  taskKey,
  vertexId,
  workerId,
} from '@weirjs/common/core/ids'
import type { Fence, TaskId } from '@weirjs/common/core/ids'
import { Prng } from '@weirjs/common/core/prng'
import type {
  Accept,
  ChannelKey,
  ChannelRequests,
  DownstreamWire,
  FrameReceiver,
  Handshake,
  Transport,
  UpstreamWire,
} from '../exchange/exchange.ts'
import { peerLost } from '../exchange/exchange.ts'
import type { Operator, OperatorContext } from '../operators/operator.ts'
import { heapSnapshots } from '../state/state-factory.ts'
import type { SnapshotFactory } from '../task/factories.ts'
import { SlotRuntime } from './slot-runtime.ts'

export const FENCE: Fence = {
  jobId: jobId('0'.repeat(32)),
  epoch: leaderEpoch(1),
  attempt: attempt(1),
}

export interface KitOperator {
  readonly uid: string
  readonly kind?: OperatorKind
  readonly make: (context: OperatorContext) => Operator
  readonly state?: readonly StateRuntime[]
  /** Index in the chain of the next operator, for `main`; default: the one behind. */
  readonly next?: number | null
}

export interface KitVertex {
  readonly parallelism: number
  readonly operators: readonly KitOperator[]
  /** Slot of each subtask; default: subtask modulo slots. */
  readonly slotOf?: (subtask: number) => number
  readonly maxParallelism?: number
}

export interface KitEdge {
  readonly from: number
  readonly to: number
  readonly partitioning?: Partitioning['kind']
  readonly input?: number
  readonly output?: string
  /** Chain index of the producing operator; default: the last one. */
  readonly fromOperator?: number
  readonly codec?: Codec
  readonly key?: (value: never) => Key
  readonly partition?: (key: Key, subtasks: number) => number
}

export interface KitOptions {
  readonly vertices: readonly KitVertex[]
  readonly edges: readonly KitEdge[]
  readonly slots?: number
  readonly mode?: CheckpointMode
  readonly bufferTimeoutMs?: number | null
  readonly config?: Readonly<Record<string, string>>
  readonly restores?: ReadonlyMap<string, TaskRestore>
  readonly storage?: MemoryStorage
  readonly snapshots?: (plain: SnapshotFactory) => SnapshotFactory
  /** Instead of virtual time and the wire in memory. */
  readonly real?: { readonly scheduler: Scheduler; readonly transport: (slot: number) => Transport }
  /** Run only this slot here; the others run elsewhere. Then the slots of `deploy` and the calls are only this one. */
  readonly only?: number
  /** Given to `createOperator` for nodes whose functions the wiring needs. */
  readonly runtimes?: Readonly<Record<string, NodeRuntime>>
}

export class SlotKit {
  readonly time = new ManualScheduler({ turnMs: 0.1 })
  readonly wire = new MemoryWire(this.time)
  readonly storage: MemoryStorage
  readonly slots: readonly SlotRuntime[]
  readonly updates: TaskUpdate[] = []
  readonly acks: CheckpointAck[] = []
  readonly declines: CheckpointDecline[] = []
  readonly lines: OutputLine[] = []
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
              taskUpdate: (update) => void this.updates.push(update),
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
            { checkpointId: of, directory: FENCE.jobId, operators, commitOnly },
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

export function endpointOf(slot: number): SlotEndpoint {
  return { workerId: workerId('w1'), slot, dataAddress: `slot-${slot}` }
}

function deployRequest(options: KitOptions, slots: number): DeployRequest {
  const plan = planOf(options)
  const placements: (TaskPlacement & { readonly slot: number })[] = []
  options.vertices.forEach((vertex, index) => {
    for (let subtask = 0; subtask < vertex.parallelism; subtask++) {
      const slot = vertex.slotOf?.(subtask) ?? subtask % slots
      placements.push({
        task: { vertexId: vertexId(`v${index}`), subtask },
        endpoint: endpointOf(slot),
        slot,
      })
    }
  })
  const tasks = placements.map(({ task, slot }) => ({
    task,
    slot,
    restore: options.restores?.get(taskKey(task)) ?? null,
  }))
  return { fence: FENCE, plan, placements, tasks }
}

function planOf(options: KitOptions): PhysicalPlan {
  const edges = options.edges.map((edge, index): PlanEdge => {
    const operators = options.vertices[edge.from]?.operators ?? []
    const from = operators[edge.fromOperator ?? operators.length - 1]
    return {
      id: edgeId(`e${index}`),
      from: vertexId(`v${edge.from}`),
      fromOperator: operatorUid(from?.uid ?? ''),
      output: edge.output ?? 'main',
      to: vertexId(`v${edge.to}`),
      input: edge.input ?? 0,
      partitioning: { kind: edge.partitioning ?? 'forward' },
      keyed: edge.key !== undefined && edge.partitioning === 'hash',
      codec: (edge.codec ?? dynamicCodec).descriptor,
      edgeIndex: index,
    }
  })
  const vertices = options.vertices.map(
    (vertex, index): PlanVertex => ({
      id: vertexId(`v${index}`),
      name: vertex.operators.map(({ uid }) => uid).join(' → '),
      parallelism: vertex.parallelism,
      maxParallelism: vertex.maxParallelism ?? 128,
      slotSharingGroup: 'default',
      operators: vertex.operators.map((operator, at) => planOperator(vertex, operator, at, edges)),
      inputs: edges.filter((edge) => edge.to === `v${index}`).map(({ id }) => id),
      outputs: edges.filter((edge) => edge.from === `v${index}`).map(({ id }) => id),
    }),
  )
  return {
    jobName: 'kit',
    vertices,
    edges,
    mode: options.mode ?? 'exactly-once',
    bufferTimeoutMs: options.bufferTimeoutMs === undefined ? 5 : options.bufferTimeoutMs,
  }
}

function planOperator(
  vertex: KitVertex,
  operator: KitOperator,
  at: number,
  edges: readonly PlanEdge[],
): PlanOperator {
  const next = operator.next === undefined ? at + 1 : operator.next
  const chained = next !== null && next < vertex.operators.length
  return {
    uid: operatorUid(operator.uid),
    name: `the ${operator.uid}`,
    kind: operator.kind ?? 'process',
    state: [],
    outputs: [
      ...(chained
        ? [{ tag: 'main', target: { to: 'operator', index: next, edgeIndex: 0 } as const }]
        : []),
      ...edges
        .filter((edge) => edge.fromOperator === operator.uid)
        .map((edge) => ({
          tag: edge.output,
          target: { to: 'edge', edge: edge.id } as const,
        })),
    ],
  }
}

function functionsOf(options: KitOptions): JobFunctions {
  const nodes = options.vertices
    .flatMap(({ operators }) => operators)
    .map((operator): [string, NodeRuntime] => {
      const given = options.runtimes?.[operator.uid]
      return [
        operator.uid,
        given ?? {
          kind: 'keyed-process',
          functions: { each: () => {} },
          state: operator.state ?? [],
        },
      ]
    })
  const edges = options.edges.map((edge) => ({
    codec: edge.codec ?? dynamicCodec,
    ...(edge.key === undefined ? {} : { key: edge.key }),
    ...(edge.partition === undefined ? {} : { partition: edge.partition }),
  }))
  return { nodes: new Map(nodes), edges }
}

/** Transports that meet in memory; each message takes one turn. */
export class MemoryWire {
  readonly #scheduler: Scheduler
  readonly #accepts = new Map<string, Accept>()
  readonly #cuts = new Map<string, () => void>()
  /** Bytes of frames that went over, by channel. */
  readonly sent = new Map<string, number>()
  frames = 0

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  transport(slot: number): Transport {
    return {
      listen: (accept) => void this.#accepts.set(`slot-${slot}`, accept),
      connect: (producer, handshake, receiver) => this.#connect(producer, handshake, receiver),
      close: () => Promise.resolve(),
    }
  }

  /** Breaks the connection on which `consumer` receives from `producer`. */
  cut(producer: number, consumer: number): void {
    this.#cuts.get(`${producer}→${consumer}`)?.()
  }

  #connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire {
    let alive = true
    let requests: ChannelRequests | null = null
    const later = (fn: () => void): void => {
      this.#scheduler.nextTurn(() => (alive ? fn() : undefined))
    }
    const end = (reason: string): void => {
      if (!alive) return
      alive = false
      this.#scheduler.nextTurn(() => {
        receiver.lost(peerLost({ workerId: producer.workerId, index: producer.slot }, reason))
        requests?.lost(peerLost(handshake.consumer, reason))
      })
    }
    this.#cuts.set(`${producer.slot}→${handshake.consumer.index}`, () => end('cut'))
    const wire: DownstreamWire = {
      send: (key: ChannelKey, frame: Uint8Array) => {
        this.sent.set(key, (this.sent.get(key) ?? 0) + frame.byteLength)
        this.frames += 1
        const copy = frame.slice()
        frame.fill(0xdb)
        later(() => receiver.frame(key, copy))
      },
      close: () => end('closed by the producer'),
    }
    later(() => {
      requests = this.#accepts.get(producer.dataAddress)?.(handshake, wire) ?? null
      if (requests === null) end('refused')
    })
    return {
      open: (key, bytes) => later(() => requests?.open(key, bytes)),
      credit: (key, bytes) => later(() => requests?.credit(key, bytes)),
      hint: (key) => later(() => requests?.hint(key)),
      close: () => end('closed by the consumer'),
    }
  }
}
