// Connections of which nobody knows yet whether they have business here. There is room for so many; when one more comes,
// the one that has been quiet longest is put out, not the new one: so whoever only sits there can keep nobody from coming
// in, however many they are. Who shows a secret is no stranger any more, and stays.

import type { Socket } from 'node:net'

export interface StrangersOptions {
  readonly max: number
  /** One has been put out. */
  readonly onPutOut?: (peer: string) => void
}

export class Strangers {
  readonly #options: StrangersOptions
  /** By peer, quietest first. */
  readonly #sockets = new Map<string, Socket>()

  constructor(options: StrangersOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#sockets.size
  }

  /** A connection has come. */
  meet(socket: Socket): void {
    const peer = peerOf(socket)
    this.#sockets.set(peer, socket)
    socket.once('close', () => {
      if (this.#sockets.get(peer) === socket) this.#sockets.delete(peer)
    })
    if (this.#sockets.size > this.#options.max) this.#putOutQuietest()
  }

  /** It has said something sensible: others are quieter now. Also by the socket that TLS lays above. */
  heard(above: Socket): void {
    const peer = peerOf(above)
    const socket = this.#sockets.get(peer)
    if (socket === undefined) return
    this.#sockets.delete(peer)
    this.#sockets.set(peer, socket)
  }

  /** It is one of ours. `peer`: `address:port`. */
  vouch(peer: string): void {
    this.#sockets.delete(peer)
  }

  #putOutQuietest(): void {
    const [quietest] = this.#sockets
    if (quietest === undefined) return
    const [peer, socket] = quietest
    this.#sockets.delete(peer)
    socket.destroy()
    this.#options.onPutOut?.(peer)
  }
}

/** As gRPC names it. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`
