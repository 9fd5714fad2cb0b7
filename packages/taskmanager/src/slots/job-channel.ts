// The two pipes between a TaskManager and a job process, one for each direction: what the process has said last can be
// read although nobody takes commands any more. They are pipes of our own, because Node's channel between processes
// decodes what comes where nothing can be caught, and code of the job can write there: a broken message would end the
// TaskManager, and a long one fill it.

import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { type Failure, toFailure } from '@weirjs/common/core/errors'
import type { SystemUser } from '@weirjs/common/node/config-values'
import { badMessage } from './host-event-check.ts'
import {
  COMMAND_BYTES_MAX,
  commandCodec,
  EVENT_BYTES_MAX,
  eventCodec,
  frameOf,
  MessageReader,
} from './message-frames.ts'
import type { HostCommand, HostEvent } from './protocol.ts'

/** Numbers of the pipes in the job process, behind its standard output. */
const EVENTS = 3
const COMMANDS = 4
/** Of commands that wait for a process which does not read. */
const WAITING_BYTES_MAX = COMMAND_BYTES_MAX

export interface JobNodeOptions {
  readonly entry: URL
  readonly args: readonly string[]
  readonly nodeFlags: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Whom it runs as; null: whom the TaskManager does. */
  readonly user: SystemUser | null
}

/** It leads a process group of its own: what the job's code starts ends with it. */
export function spawnJobNode({ entry, args, nodeFlags, env, user }: JobNodeOptions): ChildProcess {
  return spawn(process.execPath, [...nodeFlags, fileURLToPath(entry), ...args], {
    env,
    // Who stands in a directory reaches what is in it, although those above are closed.
    ...(user === null ? {} : { uid: user.uid, gid: user.gid, cwd: '/' }),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  })
}

// ---- in the TaskManager ----

export interface HostListener {
  /** A message, of whatever form. */
  heard(message: unknown): void
  /** What came is no message. Nothing more will be heard. */
  nonsense(): void
  /** A pipe is broken or closed: the process is gone, or will be. May be told more than once. */
  ended(why: string): void
  /** It does not read what it is told. */
  deaf(why: string): void
}

/** Of the TaskManager: hears events, sends commands. */
export class HostEnd {
  readonly #commands: Socket | null
  readonly #listener: HostListener

  constructor(child: ChildProcess, listener: HostListener) {
    this.#listener = listener
    const events = pipeOf(child, EVENTS)
    const reader = new MessageReader({
      bytesMax: EVENT_BYTES_MAX,
      codec: eventCodec,
      take: (message) => listener.heard(message),
      onNonsense: () => {
        events?.destroy()
        listener.nonsense()
      },
    })
    events?.on('data', (chunk: Uint8Array) => reader.write(chunk))
    this.#commands = pipeOf(child, COMMANDS)
    for (const pipe of [events, this.#commands]) {
      pipe?.on('error', ({ message }) => listener.ended(message))
      pipe?.on('close', () => listener.ended('it has closed a pipe'))
    }
  }

  /** Errors: `job/message-too-large`, `record/not-encodable`. */
  send(command: HostCommand): void {
    const pipe = this.#commands
    if (pipe === null || pipe.destroyed) return
    if (pipe.writableLength > WAITING_BYTES_MAX)
      return this.#listener.deaf(`it has left ${pipe.writableLength} bytes unread`)
    pipe.write(frameOf(command, COMMAND_BYTES_MAX))
  }
}

/** null: the process could not be started. */
function pipeOf(child: ChildProcess, index: typeof EVENTS | typeof COMMANDS): Socket | null {
  const pipe = (child.stdio as ChildProcess['stdio'] | undefined)?.[index]
  return pipe instanceof Socket ? pipe : null
}

// ---- in the job process ----

export interface ProcessEndOptions {
  readonly take: (command: HostCommand) => void
  /** The TaskManager is gone, or cannot be understood. */
  readonly onEnd: () => void
}

/** Of the job process: takes commands, sends events. */
export class ProcessEnd {
  readonly #events: Socket
  readonly #onEnd: () => void

  constructor({ take, onEnd }: ProcessEndOptions) {
    this.#onEnd = onEnd
    this.#events = new Socket({ fd: EVENTS, readable: false, writable: true })
    this.#events.on('error', onEnd)
    const commands = new Socket({ fd: COMMANDS, readable: true, writable: false })
    const reader = new MessageReader({
      bytesMax: COMMAND_BYTES_MAX,
      codec: commandCodec,
      take: (command) => take(command as HostCommand),
      onNonsense: onEnd,
    })
    commands.on('data', (chunk: Uint8Array) => reader.write(chunk))
    commands.on('error', onEnd)
    commands.on('close', onEnd)
  }

  /** `sent` is called when it has left this process. */
  send(event: HostEvent, sent: () => void): void {
    const [frame, then] = this.#framed(event, sent)
    this.#events.write(frame, (error) => {
      if (error === undefined || error === null) then()
    })
  }

  /** What cannot be told has an end that can be: of a checkpoint, or of the process. */
  #framed(event: HostEvent, sent: () => void): readonly [Uint8Array, () => void] {
    try {
      return [frameOf(event, EVENT_BYTES_MAX), sent]
    } catch (error) {
      const why = untold(error)
      const decline = declined(event, why)
      if (decline !== null) return [frameOf(decline, EVENT_BYTES_MAX), sent]
      return [
        frameOf({ type: 'lost', failure: why } satisfies HostEvent, EVENT_BYTES_MAX),
        this.#onEnd,
      ]
    }
  }
}

/** What it says of itself is too long; or it says what is no data, which only code of the job does. */
function untold(error: unknown): Failure {
  const failure = toFailure(error)
  return failure.code === 'job/message-too-large' ? failure : toFailure(badMessage())
}

function declined(event: HostEvent, failure: Failure): HostEvent | null {
  if (event.type !== 'slot' || event.event.type !== 'acknowledge') return null
  const { fence, task, checkpointId } = event.event.ack
  return {
    ...event,
    event: { type: 'decline', decline: { fence, task, checkpointId, failure } },
  }
}
