// The bytes of the data plane, byte for byte the protobuf messages of exchange.proto, written and read by hand: slots
// need no protobuf library, and a frame is never copied field by field.
//
//   ExchangeDown:  any number of  | 0x0a | varint bytes of the rest |
//                                 | 0x0d | channel u32 LE | 0x12 | varint bytes of frame | frame ... |
//   and at the end of every message, down and up:  | 0x7d | sequence u32 LE |
//
// Reading is strict where speed counts (frames: only the form above) and tolerant of unknown fields where the format
// may grow (messages up).

import { attempt, jobId, leaderEpoch, workerId, type Fence, type SlotRef } from '../core/ids.ts'
import { matching, refuse, required, text, whole } from './check.ts'

/** First message of a consumer: whose frames it wants. */
export interface ExchangeOpen {
  readonly fence: Fence
  /** Good for this job and attempt; travels as metadata, never in a message. */
  readonly credential: string
  readonly consumerSlot: SlotRef
  /** Names like `${edgeId}:${producerSubtask}:${consumerSubtask}`; a name's index is its channel from then on. */
  readonly channels: readonly string[]
}

/** What a message up holds, told one by one. */
export interface UpVisitor {
  onOpen(open: ExchangeOpen): void
  onChannel(name: string): void
  onCredit(channel: number, bytes: number): void
  onHint(channel: number): void
  onClosing(): void
}

/** A record may have 64 MiB; its frame holds what came before it and heads. */
export const EXCHANGE_FRAME_BYTES_MAX: number = 66 * 1_024 * 1_024
export const EXCHANGE_CHANNELS_MAX = 65_536
export const UP_MESSAGE_BYTES_MAX: number = 8 * 1_024 * 1_024
const CHANNEL_CHARS_MAX = 128

/** One message down: what waited together, or one frame of any size. */
export const DOWN_BATCH_BYTES: number = 256 * 1_024
const FRAME_HEADS_BYTES_MAX = 24
export const DOWN_MESSAGE_BYTES_MAX: number =
  EXCHANGE_FRAME_BYTES_MAX + DOWN_BATCH_BYTES + FRAME_HEADS_BYTES_MAX

// ---- every message ----

const TAG_SEQUENCE = 0x7d
/** At the end of every message. */
export const SEQUENCE_BYTES = 5

/** `sequence`: messages of this stream and direction before this one; wraps at 2^32. */
export function writeSequence(target: Buffer, at: number, sequence: number): void {
  target[at] = TAG_SEQUENCE
  target.writeUInt32LE(sequence >>> 0, at + 1)
}

/** The message without its number. Throws `rpc/invalid-argument` when another one was expected. */
export function takeSequence(message: Buffer, expected: number): Buffer {
  const end = message.length - SEQUENCE_BYTES
  if (end < 0 || message[end] !== TAG_SEQUENCE) refuse('sequence', 'is missing')
  const found = message.readUInt32LE(end + 1)
  const due = expected >>> 0
  if (found !== due) refuse('sequence', `message ${found} has come where ${due} was due`)
  return message.subarray(0, end)
}

// ---- frames, down ----

const TAG_ENTRY = 0x0a
const TAG_CHANNEL = 0x0d
const TAG_FRAME = 0x12
const CHANNEL_BYTES = 5

/** Bytes of a frame in a message down, heads included. */
export function downBytes(frame: Uint8Array): number {
  const entry = entryBytes(frame)
  return 1 + varintBytes(entry) + entry
}

function entryBytes(frame: Uint8Array): number {
  return CHANNEL_BYTES + 1 + varintBytes(frame.length) + frame.length
}

/** Writes one frame of a message down at `at`; `target` has room for downBytes. Returns where it ends. */
export function writeDown(target: Buffer, at: number, channel: number, frame: Uint8Array): number {
  target[at] = TAG_ENTRY
  let end = writeVarint(target, at + 1, entryBytes(frame))
  target[end] = TAG_CHANNEL
  target.writeUInt32LE(channel, end + 1)
  target[end + CHANNEL_BYTES] = TAG_FRAME
  end = writeVarint(target, end + CHANNEL_BYTES + 1, frame.length)
  target.set(frame, end)
  return end + frame.length
}

/**
 * Calls `visit` for each frame of a message down: a view that stays valid, not an owner of its ArrayBuffer. Throws
 * `rpc/invalid-argument` unless the bytes are exactly as we write them; frames before the lie are visited.
 */
export function eachFrame(
  message: Buffer,
  channels: number,
  visit: (channel: number, frame: Uint8Array) => void,
): void {
  const cursor = { at: 0 }
  while (cursor.at < message.length) {
    if (message[cursor.at] !== TAG_ENTRY) refuse('frame', 'is no exchange frame')
    cursor.at += 1
    const entry = takeVarint(message, cursor, 'frame')
    const end = cursor.at + entry
    if (end > message.length || entry < CHANNEL_BYTES + 2) refuse('frame', 'is cut off')
    const head = cursor.at
    if (message[head] !== TAG_CHANNEL || message[head + CHANNEL_BYTES] !== TAG_FRAME) {
      refuse('frame', 'is no exchange frame')
    }
    const channel = message.readUInt32LE(head + 1)
    if (channel >= channels) refuse('frame.channel', `${channel} of ${channels} channels`)
    cursor.at = head + CHANNEL_BYTES + 1
    const length = takeVarint(message, cursor, 'frame')
    if (cursor.at + length !== end) refuse('frame.frame', 'its length is a lie')
    visit(channel, message.subarray(cursor.at, end))
    cursor.at = end
  }
}

// ---- messages up ----

export function encodeOpen(open: ExchangeOpen): Buffer {
  const fence: number[] = []
  putText(fence, 1, open.fence.jobId)
  putNumber(fence, 2, open.fence.epoch)
  putNumber(fence, 3, open.fence.attempt)
  const body: number[] = []
  putBytes(body, 1, fence)
  putText(body, 2, open.consumerSlot.workerId)
  putNumber(body, 3, open.consumerSlot.index)
  for (const channel of open.channels) putText(body, 4, channel)
  const up: number[] = []
  putBytes(up, 1, body)
  return Buffer.from(up)
}

/** New channels, credits (channel → bytes) and hints (channels) of one turn, as one message. */
export function encodeUp(
  channels: readonly string[],
  credits: ReadonlyMap<number, number>,
  hints: ReadonlySet<number>,
): Buffer {
  const up: number[] = []
  for (const channel of channels) putText(up, 2, channel)
  for (const [channel, bytes] of credits) {
    const credit: number[] = []
    putNumber(credit, 1, channel)
    putNumber(credit, 2, bytes)
    putBytes(up, 3, credit)
  }
  if (hints.size > 0) {
    const packed: number[] = []
    for (const channel of hints) putVarint(packed, channel)
    putBytes(up, 4, packed)
  }
  return Buffer.from(up)
}

/** The consumer's last message. */
export function encodeClosing(): Buffer {
  const up: number[] = []
  putNumber(up, 5, 1)
  return Buffer.from(up)
}

/** Tells `visitor` what the message holds. Throws `rpc/invalid-argument` on anything malformed. */
export function decodeUp(message: Uint8Array, credential: string, visitor: UpVisitor): void {
  eachField(message, 'exchange', (field, value) => {
    if (field === 1) visitor.onOpen(decodeOpen(bytesOf(value, 'open'), credential))
    else if (field === 2) visitor.onChannel(channelName(value))
    else if (field === 3) decodeCredit(bytesOf(value, 'credit'), visitor)
    else if (field === 4) decodeHints(value, visitor)
    else if (field === 5) visitor.onClosing()
  })
}

function decodeOpen(message: Uint8Array, credential: string): ExchangeOpen {
  let fence: Fence | null = null
  let worker = ''
  let index = 0
  const channels: string[] = []
  eachField(message, 'open', (field, value) => {
    if (field === 1) fence = decodeFence(bytesOf(value, 'open.fence'))
    else if (field === 2) worker = textOf(value, 'open.consumerWorker')
    else if (field === 3)
      index = whole(numberOf(value, 'open.consumerSlot'), 'open.consumerSlot', 0, 65_535)
    else if (field === 4) {
      if (channels.length >= EXCHANGE_CHANNELS_MAX) refuse('open.channels', 'too many')
      channels.push(channelName(value))
    }
  })
  return {
    fence: required<Fence>(fence, 'open.fence'),
    credential,
    consumerSlot: { workerId: workerId(text(worker, 'open.consumerWorker')), index },
    channels,
  }
}

function channelName(value: number | Uint8Array): string {
  return text(textOf(value, 'channel'), 'channel', 1, CHANNEL_CHARS_MAX)
}

function decodeFence(message: Uint8Array): Fence {
  let job = ''
  let epoch = 0
  let number = 0
  eachField(message, 'open.fence', (field, value) => {
    if (field === 1) job = textOf(value, 'open.fence.jobId')
    else if (field === 2) epoch = numberOf(value, 'open.fence.epoch')
    else if (field === 3) number = numberOf(value, 'open.fence.attempt')
  })
  return {
    jobId: jobId(matching(job, 'open.fence.jobId', /^[0-9a-f]{32}$/)),
    epoch: leaderEpoch(whole(epoch, 'open.fence.epoch', 1)),
    attempt: attempt(whole(number, 'open.fence.attempt', 1)),
  }
}

function decodeCredit(message: Uint8Array, visitor: UpVisitor): void {
  let channel = 0
  let bytes = 0
  eachField(message, 'credit', (field, value) => {
    if (field === 1) channel = numberOf(value, 'credit.channel')
    else if (field === 2) bytes = numberOf(value, 'credit.bytes')
  })
  visitor.onCredit(
    whole(channel, 'credit.channel', 0, EXCHANGE_CHANNELS_MAX - 1),
    whole(bytes, 'credit.bytes', 1),
  )
}

function decodeHints(value: number | Uint8Array, visitor: UpVisitor): void {
  const hint = (channel: number): void =>
    visitor.onHint(whole(channel, 'hint', 0, EXCHANGE_CHANNELS_MAX - 1))
  if (typeof value === 'number') return hint(value)
  const cursor = { at: 0 }
  while (cursor.at < value.length) hint(takeVarint(value, cursor, 'hint'))
}

// ---- protobuf, as much as is needed ----

function varintBytes(value: number): number {
  let bytes = 1
  while (value > 0x7f) {
    value = Math.floor(value / 128)
    bytes += 1
  }
  return bytes
}

/** Returns where it ends. */
function writeVarint(target: Buffer, at: number, value: number): number {
  let rest = value
  while (rest > 0x7f) {
    target[at] = (rest & 0x7f) | 0x80
    at += 1
    rest >>>= 7
  }
  target[at] = rest
  return at + 1
}

function putVarint(out: number[], value: number): void {
  while (value > 0x7f) {
    out.push((value % 128) | 0x80)
    value = Math.floor(value / 128)
  }
  out.push(value)
}

/** Zero is the default and is not written, as proto3 has it. */
function putNumber(out: number[], field: number, value: number): void {
  if (value === 0) return
  out.push(field << 3)
  putVarint(out, value)
}

function putText(out: number[], field: number, value: string): void {
  putBytes(out, field, Buffer.from(value))
}

function putBytes(out: number[], field: number, bytes: ArrayLike<number>): void {
  out.push((field << 3) | 2)
  putVarint(out, bytes.length)
  for (let i = 0; i < bytes.length; i += 1) out.push(bytes[i] as number)
}

/** Calls `visit` per field: numbers of wire type 0, bytes of wire type 2; fixed numbers are skipped. */
function eachField(
  message: Uint8Array,
  name: string,
  visit: (field: number, value: number | Uint8Array) => void,
): void {
  const cursor = { at: 0 }
  while (cursor.at < message.length) {
    const tag = takeVarint(message, cursor, name)
    const type = tag & 7
    if (type === 0) visit(tag >>> 3, takeVarint(message, cursor, name))
    else if (type === 2) {
      const length = takeVarint(message, cursor, name)
      if (length > message.length - cursor.at) refuse(name, 'is cut off')
      visit(tag >>> 3, message.subarray(cursor.at, cursor.at + length))
      cursor.at += length
    } else if (type === 5) cursor.at += 4
    else if (type === 1) cursor.at += 8
    else refuse(name, `has wire type ${type}`)
  }
  if (cursor.at !== message.length) refuse(name, 'is cut off')
}

function takeVarint(bytes: Uint8Array, cursor: { at: number }, name: string): number {
  let value = 0
  for (let shift = 0; shift <= 49; shift += 7) {
    const byte = bytes[cursor.at]
    if (byte === undefined) refuse(name, 'is cut off')
    cursor.at += 1
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return whole(value, name)
  }
  return refuse(name, 'has a number beyond 2^53')
}

function bytesOf(value: number | Uint8Array, field: string): Uint8Array {
  return typeof value === 'number' ? refuse(field, 'is no message') : value
}

function numberOf(value: number | Uint8Array, field: string): number {
  return typeof value === 'number' ? value : refuse(field, 'is no number')
}

function textOf(value: number | Uint8Array, field: string): string {
  return Buffer.from(bytesOf(value, field)).toString('utf8')
}
