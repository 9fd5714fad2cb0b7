// One connection of somebody hostile: bytes go out as fast as the other side takes them; what comes back is counted, or not
// even read. Every wait has an end.

import { connect, type Socket } from 'node:net'

const CONNECT_MS_MAX = 5_000
const DRAIN_MS_MAX = 5_000

export class Connection {
  readonly #socket: Socket
  #closed = false

  private constructor(socket: Socket) {
    this.#socket = socket
    // Being thrown out is the expected end; `closed` tells of it.
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#closed = true
    })
  }

  /** null: not let in. `deaf`: never reads. */
  static open(port: number, deaf = false): Promise<Connection | null> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, noDelay: true })
      const late = setTimeout(() => socket.destroy(), CONNECT_MS_MAX)
      const connection = new Connection(socket)
      socket.once('close', () => {
        clearTimeout(late)
        resolve(null)
      })
      socket.once('connect', () => {
        clearTimeout(late)
        if (!deaf) socket.resume()
        resolve(connection)
      })
    })
  }

  get closed(): boolean {
    return this.#closed
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

  destroy(): void {
    this.#socket.destroy()
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
