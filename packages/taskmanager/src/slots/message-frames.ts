// How messages lie on the pipes between a TaskManager and a job process. Both ends of a pipe can be reached by code of the
// job, which may write what it likes there, so whoever reads takes the bytes as hostile: a length that is beyond the
// bound is refused before anything is kept for it, and a message is weighed before it is made.
//
//   | version u8 = 1 | bytes u32, little endian | message: a value of the dynamic codec, as a block |
//
// The format is private to one installation: both ends are the same version of Weir.

import { decodeValue, encodeValue } from '@weirjs/common/codec/block'
import { dynamicCodec } from '@weirjs/common/codec/dynamic-codec'
import { weighedCodec } from '@weirjs/common/codec/weighed-codec'
import type { Codec } from '@weirjs/common/core/codec'
import { toFailure, WeirError } from '@weirjs/common/core/errors'

const VERSION = 1
const HEADER_BYTES = 5
const MEBIBYTE = 1_048_576

/**
 * To a job process. The largest are a deployment and a start: each is what one call of the JobManager has brought, at most
 * 32 MiB there, and some secrets.
 */
export const COMMAND_BYTES_MAX: number = 64 * MEBIBYTE
/**
 * From a job process. The largest is the acknowledgement of a checkpoint: some 13 bytes for each key group of each keyed
 * state, so there is room for 600,000 of those in one subtask. A batch of output is a twentieth of it.
 */
export const EVENT_BYTES_MAX: number = 8 * MEBIBYTE
/** What an event may become on the heap, as it is weighed: a little more than the largest acknowledgement. */
const EVENT_HEAP_BYTES_MAX = 192 * MEBIBYTE
/** Room that is kept from one message to the next. */
const KEPT_BYTES_MAX = 64 * 1_024

/** Errors: `job/message-too-large`, `record/not-encodable`. */
export function frameOf(message: unknown, bytesMax: number): Uint8Array {
  const block = blockOf(message, bytesMax)
  const frame = new Uint8Array(HEADER_BYTES + block.length)
  frame[0] = VERSION
  new DataView(frame.buffer).setUint32(1, block.length, true)
  frame.set(block, HEADER_BYTES)
  return frame
}

function blockOf(message: unknown, bytesMax: number): Uint8Array {
  try {
    const block = encodeValue(dynamicCodec, message)
    if (block.length <= bytesMax) return block
    throw tooLarge(bytesMax)
  } catch (error) {
    if (error instanceof WeirError && error.code === 'record/too-large') throw tooLarge(bytesMax)
    throw error
  }
}

const tooLarge = (bytesMax: number): WeirError =>
  new WeirError(
    'job/message-too-large',
    `what a job process and its TaskManager say to each other takes more than ${bytesMax / MEBIBYTE} MiB`,
    {
      domain: 'user',
      retry: 'backoff',
      hint: 'a snapshot lists every key group of every state: lower pipeline.max-parallelism, or raise the parallelism',
    },
  )

/** Of what a job process says. */
export const eventCodec: Codec = weighedCodec(EVENT_HEAP_BYTES_MAX)
/** Of what its TaskManager says, and nobody else can. */
export const commandCodec: Codec = dynamicCodec

export interface MessageReaderOptions {
  readonly bytesMax: number
  readonly codec: Codec
  readonly take: (message: unknown) => void
  /** What came has been written by no end of ours. Once: nothing more is read. */
  readonly onNonsense: (why: string) => void
}

/** Puts the pieces of a pipe together again. Holds no more than has come, and never more than `bytesMax`. */
export class MessageReader {
  readonly #options: MessageReaderOptions
  #bytes = new Uint8Array(KEPT_BYTES_MAX)
  #held = 0
  /** Of the header; then of the whole frame. */
  #wanted = HEADER_BYTES
  #stopped = false

  constructor(options: MessageReaderOptions) {
    this.#options = options
  }

  write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#stopped; ) {
      const part = chunk.subarray(at, at + this.#wanted - this.#held)
      this.#keep(part)
      at += part.length
      if (this.#held === this.#wanted) this.#advance()
    }
  }

  #keep(part: Uint8Array): void {
    const needed = this.#held + part.length
    if (needed > this.#bytes.length) {
      const room = new Uint8Array(Math.min(this.#wanted, Math.max(needed, 2 * this.#bytes.length)))
      room.set(this.#bytes.subarray(0, this.#held))
      this.#bytes = room
    }
    this.#bytes.set(part, this.#held)
    this.#held = needed
  }

  #advance(): void {
    if (this.#wanted === HEADER_BYTES) return this.#expectMessage()
    const read = this.#decode()
    if (read === null) return
    this.#held = 0
    this.#wanted = HEADER_BYTES
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = new Uint8Array(KEPT_BYTES_MAX)
    this.#options.take(read.message)
  }

  #expectMessage(): void {
    const header = new DataView(this.#bytes.buffer, 0, HEADER_BYTES)
    const version = header.getUint8(0)
    const length = header.getUint32(1, true)
    if (version !== VERSION) return this.#stop(`a message of version ${version}`)
    if (length === 0 || length > this.#options.bytesMax)
      return this.#stop(`a message of ${length} bytes`)
    this.#wanted = HEADER_BYTES + length
  }

  /** null: it is none. */
  #decode(): { readonly message: unknown } | null {
    try {
      const block = this.#bytes.subarray(HEADER_BYTES, this.#wanted)
      return { message: decodeValue(this.#options.codec, block) }
    } catch (error) {
      this.#stop(toFailure(error).message)
      return null
    }
  }

  #stop(why: string): void {
    this.#stopped = true
    this.#bytes = new Uint8Array(0)
    this.#options.onNonsense(why)
  }
}
