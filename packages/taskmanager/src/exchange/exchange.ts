// The wire between two slots of one job attempt, as everything above it sees it. A transport carries four things:
// frames of channels downstream; openings, credits and hints upstream. It delivers in order or reports the connection
// lost; it does not retry, does not look into frames and knows nothing of tasks. Credits and fencing live above it, in
// slot-exchange, so that MessagePort, gRPC and the simulator's wire behave the same.
//
//   consumer slot                                 producer slot
//   connect(handshake) ------------------------->  accept: right fence and credential? else refuse, count
//   open(channel, credit) / credit / hint ------>  ChannelRequests
//   FrameReceiver  <----------------------------   send(channel, frame)

import type { Failure } from '@weirjs/common/core/errors'
import { WeirError, toFailure } from '@weirjs/common/core/errors'
import type { SlotEndpoint } from '@weirjs/common/core/gateways'
import { slotKey } from '@weirjs/common/core/ids'
import type { Brand, EdgeId, Fence, SlotRef } from '@weirjs/common/core/ids'

/** `${edgeId}:${producer subtask}:${consumer subtask}`: one channel of a job attempt. */
export type ChannelKey = Brand<string, 'ChannelKey'>

export const channelKey = (edge: EdgeId, producer: number, consumer: number): ChannelKey =>
  `${edge}:${producer}:${consumer}` as ChannelKey

/** What a consuming slot shows before it is heard. */
export interface Handshake {
  readonly fence: Fence
  /** From SlotRequest: good for this job and attempt only. */
  readonly credential: string
  readonly consumer: SlotRef
}

/** Consuming end: what arrives. After `lost` nothing else does. */
export interface FrameReceiver {
  /** `frame` belongs to the receiver. */
  frame(channel: ChannelKey, frame: Uint8Array): void
  lost(failure: Failure): void
}

/** Consuming end: what it may ask. Calls never throw; those before the connection stands are kept, in order. */
export interface UpstreamWire {
  /** Starts a channel with its first credit. The producing task need not be there yet. */
  open(channel: ChannelKey, creditBytes: number): void
  credit(channel: ChannelKey, bytes: number): void
  hint(channel: ChannelKey): void
  /** Ends the connection; the other side is told `lost`. */
  close(): void
}

/** Producing end: what the consumer asks. After `lost` nothing else comes. */
export interface ChannelRequests {
  open(channel: ChannelKey, creditBytes: number): void
  credit(channel: ChannelKey, bytes: number): void
  hint(channel: ChannelKey): void
  lost(failure: Failure): void
}

/** Producing end: what it may send. Its bound is the credit, so nothing is refused. Harmless after `lost`. */
export interface DownstreamWire {
  /** Takes the frame over: the caller must not touch its buffer again (it may be transferred). */
  send(channel: ChannelKey, frame: Uint8Array): void
  close(): void
}

/** Answers a handshake: the handlers of the new connection, or null to refuse the stranger. */
export type Accept = (handshake: Handshake, wire: DownstreamWire) => ChannelRequests | null

/** One slot's way to the other slots: MessagePort, gRPC, or simulated. Made and listening before the SlotRuntime. */
export interface Transport {
  /** Called once, before the first deployment. Connections that came earlier wait for it. */
  listen(accept: Accept): void
  /** Opens a connection to a producing slot; failures come as `receiver.lost`, in a later turn. */
  connect(producer: SlotEndpoint, handshake: Handshake, receiver: FrameReceiver): UpstreamWire
  /** Closes every connection and stops listening. */
  close(): Promise<void>
}

/** The connection to `peer` is gone, or never came: the tasks that used it cannot go on here. */
export function peerLost(peer: SlotRef | string, reason: string): Failure {
  const name = typeof peer === 'string' ? peer : slotKey(peer)
  return toFailure(
    new WeirError('exchange/peer-lost', `lost the data connection to slot ${name}: ${reason}`, {
      domain: 'external',
      retry: 'immediate',
      hint: 'the worker of that slot died or cannot be reached; see its log',
      ...(typeof peer === 'string' ? {} : { peer: peer.workerId }),
    }),
  )
}
