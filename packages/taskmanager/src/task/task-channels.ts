// The ends of channels that one task holds: made at deployment, tied to the slot's exchange, and taken back at the end.
// A channel whose other end lies in the same slot is local; every other one is a stream of frames.

import { present } from '@weirjs/common/core/assert'
import type { Key } from '@weirjs/common/core/codec'
import type { Failure } from '@weirjs/common/core/errors'
import type { EdgeId } from '@weirjs/common/core/ids'
import type { GateChannel } from '../exchange/input-gate.ts'
import type { HeadInput, InputChannel } from '../exchange/input-channel.ts'
import { FrameInputChannel } from '../exchange/input-channel.ts'
import { LocalInputChannel, LocalOutputChannel } from '../exchange/local-exchange.ts'
import type { OutputChannel } from '../exchange/output-channel.ts'
import { FrameOutputChannel } from '../exchange/output-channel.ts'
import type { Uplink } from '../exchange/slot-exchange.ts'
import type { Blamed } from '../operators/blame.ts'
import type { KeyContext, Operator } from '../operators/operator.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { CountingOutput, TaskOutputs } from './task-output.ts'
import { edgeOutputs } from './task-wiring.ts'
import type { ChannelPlan, EdgePlan, TaskPlan } from './task-wiring.ts'

/** What the channels tell their task. */
export interface ChannelHost {
  wake(): void
  /** A connection that the task needs is gone. */
  lost(failure: Failure): void
  /** A consumer of operator `operator` asked for more. */
  hinted(operator: number, subtask: number): void
}

export interface OutputSide {
  readonly outputs: TaskOutputs
  /** Each record of an edge goes to all of its outputs. */
  readonly byEdge: ReadonlyMap<EdgeId, readonly CountingOutput[]>
}

/** Makes the producing ends and lets consumers connect to them. */
export function openOutputs(
  env: TaskEnvironment,
  plan: TaskPlan,
  outputs: TaskOutputs,
  host: ChannelHost,
): OutputSide {
  const byEdge = new Map<EdgeId, readonly CountingOutput[]>()
  for (const [id, edge] of plan.outputs) {
    const channels = edge.channels.map((channel) =>
      openOutput(env, plan, edge, channel, outputs, host),
    )
    for (const channel of channels) outputs.add(channel)
    byEdge.set(id, edgeOutputs(edge, plan, channels, env.prng))
  }
  return { outputs, byEdge }
}

function openOutput(
  env: TaskEnvironment,
  plan: TaskPlan,
  edge: EdgePlan,
  channel: ChannelPlan,
  { gauge, counters }: TaskOutputs,
  host: ChannelHost,
): OutputChannel {
  const operator = plan.vertex.operators.findIndex((node) => node.uid === edge.edge.fromOperator)
  const onHint = (): void => host.hinted(operator, channel.peer.subtask)
  if (isHere(env, channel)) {
    return new LocalOutputChannel({
      channel: env.exchange.local(channel.key),
      gauge,
      counters,
      onHint,
    })
  }
  const output = new FrameOutputChannel({
    key: channel.key,
    codec: edge.codec,
    frameBytesMax: env.sizes.frameBytesMax,
    gauge,
    counters,
  })
  env.exchange.publish(channel.key, {
    connect: (send, creditBytes) => output.connect(send, creditBytes),
    grant: (bytes) => output.grant(bytes),
    hint: onHint,
    lost: (failure) => host.lost(failure),
  })
  return output
}

export interface InputTarget {
  readonly operator: Operator
  readonly keyed: KeyContext | null
  readonly gauge: { readonly available: boolean }
}

/** Makes the consuming ends and asks the producers for their frames. */
export function openInputs(
  env: TaskEnvironment,
  plan: TaskPlan,
  target: InputTarget,
  host: ChannelHost,
): readonly GateChannel[] {
  const node = present(plan.vertex.operators[0], 'the head of the vertex')
  return plan.inputs.flatMap((edge) => {
    const head = headInput(edge, target, node)
    return edge.channels.map((channel) => ({ channel: openInput(env, edge, channel, host), head }))
  })
}

function headInput(edge: EdgePlan, target: InputTarget, node: Blamed): HeadInput {
  return {
    operator: target.operator,
    node,
    second: edge.edge.input === 1,
    keyed: edge.keyOf === null ? null : target.keyed,
    keyOf: edge.keyOf as ((value: never) => Key) | null,
    gauge: target.gauge,
  }
}

function openInput(
  env: TaskEnvironment,
  edge: EdgePlan,
  channel: ChannelPlan,
  host: ChannelHost,
): InputChannel {
  const onReadable = (): void => host.wake()
  if (isHere(env, channel))
    return new LocalInputChannel(env.exchange.local(channel.key), onReadable)
  let uplink: Uplink | null = null
  const windowBytes = env.sizes.creditBytesPerChannel
  const input = new FrameInputChannel({
    codec: edge.codec,
    windowBytes,
    credit: (bytes) => uplink?.credit(bytes),
    hint: () => uplink?.hint(),
    onReadable,
  })
  uplink = env.exchange.subscribe(channel.endpoint, channel.key, windowBytes, {
    deliver: (frame) => input.deliver(frame),
    lost: (failure) => host.lost(failure),
  })
  return input
}

/** Takes all ends of the task out of the exchange. */
export function closeChannels(env: TaskEnvironment, plan: TaskPlan): void {
  for (const edge of plan.inputs) {
    for (const channel of edge.channels) {
      if (isHere(env, channel)) env.exchange.dropLocal(channel.key)
      else env.exchange.unsubscribe(channel.key)
    }
  }
  for (const edge of plan.outputs.values()) {
    for (const channel of edge.channels) {
      if (!isHere(env, channel)) env.exchange.unpublish(channel.key)
    }
  }
}

function isHere(env: TaskEnvironment, channel: ChannelPlan): boolean {
  const { workerId, slot } = channel.endpoint
  return workerId === env.self.workerId && slot === env.self.slot
}
