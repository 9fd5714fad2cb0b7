// Lines of a TCP connection. A socket cannot be asked to say something again: lines that were read but not yet part of a
// completed checkpoint are lost by a restart, and one subtask reads alone. For trying things out, not for data.

import { type Socket, connect } from 'node:net'
import type { ReaderContext, Source, SourceOutput, SourceReader } from '@weirjs/api/connector'
import { textCodec } from '@weirjs/common/codec/primitives'
import type { Codec } from '@weirjs/common/core/codec'
import { WeirError } from '@weirjs/common/core/errors'
import { NO_TIMESTAMP } from '@weirjs/common/core/time-constants'
import { plainCodec } from '../plain-codec.ts'
import { StaticEnumerator, type StaticState, staticStateCodec } from '../static-enumerator.ts'

/** Lines held before the socket is told to pause, and their characters. */
const LINES_HELD_MAX = 10_000
const CHARS_HELD_MAX = 4_194_304
const PORT_MAX = 65_535
/** A line longer than this is refused. */
export const SOCKET_LINE_CHARS_MAX = 1_048_576

export interface SocketSplit {
  readonly id: string
}

export interface SocketOptions {
  /** Default: this machine. */
  readonly host?: string
  readonly port: number
}

const splitCodec: Codec<SocketSplit> = plainCodec('socket/split', 1)

/** The lines that the peer sends, until it closes the connection. Throws WeirError `socket/bad-option`. */
export function socketLines(options: SocketOptions): Source<string, SocketSplit, StaticState> {
  const { host = '127.0.0.1', port } = options
  if (!(Number.isInteger(port) && port >= 1 && port <= PORT_MAX))
    throw new WeirError('socket/bad-option', `port is ${port}: a whole number, 1 … ${PORT_MAX}`, {
      domain: 'user',
    })
  return {
    description: `socket ${host}:${port} (no replay: lines in flight at a failure are lost)`,
    bounded: false,
    record: textCodec,
    splitCodec,
    enumeratorStateCodec: staticStateCodec,
    createEnumerator: (context, restored) =>
      new StaticEnumerator(context, restored, () => [{ id: `${host}:${port}` }]),
    createReader: (context) => new SocketReader(context, host, port),
  }
}

class SocketReader implements SourceReader<string, SocketSplit> {
  readonly #context: ReaderContext
  readonly #host: string
  readonly #port: number
  #split: SocketSplit | null = null
  #socket: Socket | null = null
  #lines: string[] = []
  #taken = 0
  /** Of the lines that are held, those that were taken since included. */
  #chars = 0
  /** The beginning of a line whose end has not come yet. */
  #rest = ''
  #ended = false
  #failure: WeirError | null = null

  constructor(context: ReaderContext, host: string, port: number) {
    this.#context = context
    this.#host = host
    this.#port = port
  }

  addSplits(splits: readonly SocketSplit[]): void {
    const [split] = splits
    if (split === undefined || this.#split !== null) return
    this.#split = split
    this.#connect()
  }

  get idle(): boolean {
    return this.#split === null
  }

  poll(output: SourceOutput<string>, max: number): 'more' | 'wait' {
    if (this.#failure !== null) throw this.#failure
    const stop = Math.min(this.#lines.length, this.#taken + max)
    while (this.#taken < stop) {
      output.emit(this.#lines[this.#taken++] as string, NO_TIMESTAMP)
      if (!output.wanted) break
    }
    if (this.#taken < this.#lines.length) return 'more'
    this.#lines = []
    this.#taken = 0
    this.#chars = 0
    if (this.#ended) this.#split = null
    else this.#socket?.resume()
    return 'wait'
  }

  snapshot(): readonly SocketSplit[] {
    return this.#split === null ? [] : [this.#split]
  }

  async close(): Promise<void> {
    this.#socket?.destroy()
  }

  #connect(): void {
    const socket = connect({ host: this.#host, port: this.#port })
    this.#socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string | Buffer) => this.#receive(String(chunk)))
    socket.on('error', (cause) => this.#fail('socket/connection', 'failed', cause))
    socket.on('end', () => {
      if (this.#rest !== '') this.#lines.push(stripped(this.#rest))
      this.#rest = ''
      this.#ended = true
      this.#context.wake()
    })
  }

  #receive(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      this.#lines.push(stripped(line))
      this.#chars += line.length
    }
    if (this.#rest.length > SOCKET_LINE_CHARS_MAX) {
      this.#fail(
        'socket/line-too-long',
        `sent a line of more than ${SOCKET_LINE_CHARS_MAX} characters`,
      )
    }
    const held = this.#lines.length - this.#taken
    if (held > LINES_HELD_MAX || this.#chars > CHARS_HELD_MAX) this.#socket?.pause()
    this.#context.wake()
  }

  #fail(code: string, what: string, cause?: unknown): void {
    const why = cause instanceof Error ? `: ${cause.message}` : ''
    this.#failure ??= new WeirError(
      code,
      `the connection to ${this.#host}:${this.#port} ${what}${why}`,
      {
        domain: 'external',
        cause,
      },
    )
    this.#socket?.destroy()
    this.#context.wake()
  }
}

const stripped = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)
