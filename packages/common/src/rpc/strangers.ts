// Connections of which nobody knows yet whether they have business here. There is room for so many; when one more comes,
// the one that has been quiet longest is put out, not the new one: so whoever only sits there can keep nobody from coming
// in, however many they are. Who shows a secret is no stranger any more, and stays. Who is refused again and again on one
// connection is put out as well: a call that is refused costs us more than it costs to send, above all one that is reset at
// once ("rapid reset", CVE-2023-44487), and Node's own bound of resets counts each connection for itself.

import type { Socket } from 'node:net'

/** Calls without the secret on one connection. Whoever has only mistaken the token learns it from the first. */
export const REFUSED_CALLS_MAX = 16

export interface StrangersOptions {
  readonly max: number
  /** One has been put out for another one to come, or because it was refused too often. */
  readonly onPutOut?: (peer: string) => void
}

export class Strangers {
  readonly #options: StrangersOptions
  /** By peer, quietest first. */
  readonly #sockets = new Map<string, Socket>()
  /** Calls that were refused, by peer; only of those above. */
  readonly #refused = new Map<string, number>()

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
      if (this.#sockets.get(peer) === socket) this.#forget(peer)
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
    this.#forget(peer)
  }

  /** It has made a call without the secret, and was told so. `peer`: `address:port`. */
  refused(peer: string): void {
    const socket = this.#sockets.get(peer)
    if (socket === undefined) return
    const times = (this.#refused.get(peer) ?? 0) + 1
    if (times < REFUSED_CALLS_MAX) this.#refused.set(peer, times)
    else this.#putOut(peer, socket)
  }

  #putOutQuietest(): void {
    const [quietest] = this.#sockets
    if (quietest === undefined) return
    this.#putOut(...quietest)
  }

  #putOut(peer: string, socket: Socket): void {
    this.#forget(peer)
    socket.destroy()
    this.#options.onPutOut?.(peer)
  }

  #forget(peer: string): void {
    this.#sockets.delete(peer)
    this.#refused.delete(peer)
  }
}

/** As gRPC names it. */
const peerOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`
