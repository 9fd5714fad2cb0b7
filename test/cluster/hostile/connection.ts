// One connection of somebody hostile: bytes go out as fast as the other side takes them; what comes back is counted, or not
// even read. Every wait has an end.

import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'

const CONNECT_MS_MAX = 5_000
const DRAIN_MS_MAX = 5_000

export interface Door {
  readonly port: number
  /** What is shown there; left out: bytes go as they are. */
  readonly tls?: ConnectionOptions | undefined
}

export class Connection {
  readonly #socket: Socket
  #closed = false
  #heard: Buffer | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    // Being thrown out is the expected end; `closed` tells of it.
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#closed = true
    })
  }

  /** null: not let in. `deaf`: never reads. Who is refused for a certificate of TLS 1.3 hears of it only later. */
  static open({ port, tls }: Door, deaf = false): Promise<Connection | null> {
    return new Promise((resolve) => {
      const at = { host: '127.0.0.1', port, noDelay: true }
      // Whom the other side is does not matter to who attacks it.
      const socket =
        tls === undefined ? connect(at) : connectTls({ ...at, ...tls, rejectUnauthorized: false })
      const late = setTimeout(() => socket.destroy(), CONNECT_MS_MAX)
      const connection = new Connection(socket)
      socket.once('close', () => {
        clearTimeout(late)
        resolve(null)
      })
      socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
        clearTimeout(late)
        if (!deaf) connection.#listen()
        resolve(connection)
      })
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The first that came back; null: nothing. */
  get heard(): Buffer | null {
    return this.#heard
  }

  /** Resolves when the system has taken it, the connection is closed, or nothing moves. False: it is no use any more. */
  async send(bytes: Uint8Array): Promise<boolean> {
    if (this.#closed) return false
    if (this.#socket.write(bytes)) return true
    await this.#once('drain', DRAIN_MS_MAX)
    return !this.#closed && !this.#socket.writableNeedDrain
  }

  /** Until the other side ends it, at most for so long. Answers whether it did. */
  async endsWithin(ms: number): Promise<boolean> {
    if (!this.#closed) await this.#once('close', ms)
    return this.#closed
  }

  /** Nothing more will be sent. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #listen(): void {
    this.#socket.once('data', (bytes: Buffer) => {
      this.#heard = bytes
    })
    this.#socket.resume()
  }

  #once(event: string, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#socket.removeListener(event, done)
        this.#socket.removeListener('close', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#socket.once(event, done)
      this.#socket.once('close', done)
    })
  }
}
