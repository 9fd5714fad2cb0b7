// Tells a peer that is busy from one that cannot be reached. When nothing has come for a while, a second connection is
// opened to the same address: the kernel over there answers it, whatever the loop behind it does, so that user code that
// thinks for minutes is never mistaken for a broken network; and a network that swallows every packet is noticed within
// seconds although nobody reports an error. While the peer says nothing on it the connection stays, under the kernel's
// keep-alive; so there is at most one.
//
// It never judges what the peer says, and a problem of this machine (no descriptors, no ports) is no verdict on others.

import { connect, type Socket } from 'node:net'

import type { Scheduler } from '../core/clock.ts'

export interface PeerProbeTimes {
  /** Silence after which the peer is asked. */
  readonly afterMs: number
  /** A peer whose kernel does not answer within this cannot be reached. */
  readonly answerMsMax: number
}

export interface PeerProbeOptions extends PeerProbeTimes {
  /** `host:port`; IPv6 in brackets. */
  readonly address: string
  readonly scheduler: Scheduler
  /** Once; the probe has ended. */
  readonly onUnreachable: (reason: string) => void
}

/** What a network says of a peer that is not there; all other errors are our own. */
const UNREACHABLE: ReadonlySet<string | undefined> = new Set([
  'ECONNREFUSED',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
])
const KEEPALIVE_AFTER_MS = 1_000

export class PeerProbe {
  readonly #options: PeerProbeOptions
  #heard = false
  #socket: Socket | null = null
  #cancelTick: () => void
  #cancelAnswer = (): void => {}
  #stopped = false

  constructor(options: PeerProbeOptions) {
    this.#options = options
    this.#cancelTick = options.scheduler.timer(options.afterMs, () => this.#tick())
  }

  /** The peer has said something on the connection that matters. Cheap. */
  heard(): void {
    this.#heard = true
  }

  stop(): void {
    this.#stopped = true
    this.#cancelTick()
    this.#end()
  }

  #tick(): void {
    const { scheduler, afterMs } = this.#options
    this.#cancelTick = scheduler.timer(afterMs, () => this.#tick())
    if (this.#heard) this.#end()
    else if (this.#socket === null) this.#ask()
    this.#heard = false
  }

  #ask(): void {
    const { address, scheduler, answerMsMax } = this.#options
    const colon = address.lastIndexOf(':')
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
    const socket = connect({ host, port: Number(address.slice(colon + 1)) })
    this.#socket = socket
    socket.once('connect', () => {
      this.#cancelAnswer()
      socket.setKeepAlive(true, KEEPALIVE_AFTER_MS)
    })
    // Whatever it says shows that its loop turns: that is more than was asked.
    socket.once('data', () => this.#end())
    socket.once('close', () => this.#end())
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (this.#socket === socket && UNREACHABLE.has(error.code)) this.#give(error.message)
    })
    // Our own loop may have been the one that stood still: what has arrived meanwhile is looked at first.
    this.#cancelAnswer = scheduler.timer(answerMsMax, () => {
      this.#cancelAnswer = scheduler.nextTurn(() => this.#give(`no answer for ${answerMsMax} ms`))
    })
  }

  #give(reason: string): void {
    if (this.#stopped) return
    this.stop()
    this.#options.onUnreachable(reason)
  }

  #end(): void {
    this.#cancelAnswer()
    const socket = this.#socket
    this.#socket = null
    socket?.destroy()
  }
}
