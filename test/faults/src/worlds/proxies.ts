// Every connection between two processes passes a proxy of ours, which can hold bytes back, slow them down, repeat some
// of them, or cut the wire. A process listens on 127.0.2.x and is known to the others as 127.0.3.x, at the same port. The
// address of the JobManager may be given to a rival of it, as an address that moves from one machine to another.

import { connect, createServer, type Server, type Socket } from 'node:net'
import type { ProcessName, ProcessPlace } from '../../../processes/src/process-cluster.ts'
import type { World, WorldKind } from '../world.ts'
import { Http2Frames, isData } from './http2-frames.ts'

const NAMES: readonly ProcessName[] = [
  'jobmanager',
  'taskmanager-1',
  'taskmanager-2',
  'taskmanager-3',
]
/** Nobody knows it until it leads. */
const RIVAL: ProcessName = 'jobmanager-2'
const hostOf = (name: ProcessName): number =>
  (name === RIVAL ? NAMES.length : NAMES.indexOf(name)) + 1
/** Of each process: control, and slots of an attempt that ends while the next one begins. */
const PORTS = 14
const FIRST_PORT = 21_000

export interface Wire {
  /** Later by so much, in order. */
  delayMs: number
  /** Nothing passes, nothing is lost. */
  held: boolean
  /** Of each direction of each connection; null: as fast as it goes. */
  bytesPerSecond: number | null
  /** So many of the next messages of the data plane come twice, each as one whole HTTP/2 frame. */
  repeat: number
  /** What was done so far: bytes delayed or held, frames that came twice, connections cut. */
  readonly done: { delayed: number; held: number; repeated: number; cut: number }
  /** Cuts every connection. */
  cut(): void
  /**
   * Whoever dials the JobManager from now on reaches the rival. Who was connected sees that break; the JobManager itself
   * sees nothing of it.
   */
  giveToRival(): void
}

export interface ProxyWorld extends World {
  readonly wire: Wire
}

export const PROXIES: WorldKind = {
  needs: [],
  open: async () => {
    const links = new Set<Link>()
    let leader: ProcessName = NAMES[0] as ProcessName
    const wire: Wire = {
      delayMs: 0,
      held: false,
      bytesPerSecond: null,
      repeat: 0,
      done: { delayed: 0, held: 0, repeated: 0, cut: 0 },
      cut: () => {
        for (const link of links) link.cut()
        wire.done.cut += links.size
      },
      giveToRival: () => {
        leader = RIVAL
        for (const link of links) if (link.to === NAMES[0]) link.abandon()
      },
    }
    const servers = await Promise.all(
      NAMES.flatMap((name, i) => {
        const host = (): number => hostOf(i === 0 ? leader : name)
        return Array.from({ length: PORTS }, (_, k) =>
          forward({ name, host, port: FIRST_PORT + k, wire, links }),
        )
      }),
    )
    const place = (name: ProcessName): Partial<ProcessPlace> => ({
      host: `127.0.2.${hostOf(name)}`,
      seenAs: `127.0.3.${hostOf(name)}`,
      defines: [
        `taskmanager.rpc.port=${FIRST_PORT}`,
        `taskmanager.data.port-range=${FIRST_PORT + 1}-${FIRST_PORT + PORTS - 1}`,
      ],
    })
    return {
      wire,
      cluster: { place, port: FIRST_PORT },
      [Symbol.asyncDispose]: async () => {
        for (const server of servers) server.close()
        for (const link of links) link.cut()
      },
    } satisfies ProxyWorld
  },
}

interface Forwarding {
  readonly name: ProcessName
  /** Who is reached under that name just now. */
  readonly host: () => number
  readonly port: number
  readonly wire: Wire
  readonly links: Set<Link>
}

function forward({ name, host, port, wire, links }: Forwarding): Promise<Server> {
  const server = createServer((near) => {
    const far = connect(port, `127.0.2.${host()}`)
    const link = new Link(near, far, { wire, to: name, control: port === FIRST_PORT })
    links.add(link)
    far.once('close', () => links.delete(link))
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: `127.0.3.${hostOf(name)}` }, () => resolve(server))
  })
}

const HELD_LOOK_MS = 10

/** Two sockets, and what is between them. */
class Link {
  readonly to: ProcessName
  readonly #near: Socket
  readonly #sockets: readonly Socket[]
  readonly #wire: Wire
  readonly #control: boolean
  #abandoned = false

  constructor(
    near: Socket,
    far: Socket,
    { wire, to, control }: Pick<Forwarding, 'wire'> & { to: ProcessName; control: boolean },
  ) {
    this.to = to
    this.#near = near
    this.#control = control
    this.#sockets = [near, far]
    this.#wire = wire
    // What ends one side ends the other.
    for (const socket of this.#sockets) {
      socket.setNoDelay(true)
      socket.on('error', () => this.#broke())
      socket.once('close', () => this.#broke())
    }
    // Cannot reject: errors of both sockets cut the link.
    void this.#carry(near, far)
    void this.#carry(far, near)
  }

  /**
   * Not by `resetAndDestroy`: when the other end goes while its shutdown is under way, Node never closes that handle, and
   * spins over it when the process has come to its end.
   */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Who dialled sees the end of it, who was dialled does not. */
  abandon(): void {
    this.#abandoned = true
    this.#near.destroy()
  }

  #broke(): void {
    if (!this.#abandoned) this.cut()
  }

  async #carry(from: Socket, to: Socket): Promise<void> {
    let last: Promise<void> = Promise.resolve()
    const frames = new Http2Frames()
    /** When all that has come would have passed a slow wire. */
    let freeMs = 0
    from.on('data', (chunk: Buffer) => {
      const { delayMs, bytesPerSecond, done } = this.#wire
      const nowMs = performance.now()
      if (bytesPerSecond === null) freeMs = nowMs
      else freeMs = Math.max(freeMs, nowMs) + (chunk.length * 1_000) / bytesPerSecond
      const dueMs = freeMs + delayMs
      if (dueMs > nowMs) done.delayed += chunk.length
      for (const frame of frames.cut(chunk)) last = last.then(() => this.#pass(frame, dueMs, to))
    })
    from.once('end', () => {
      last = last.then(() => void to.end())
    })
  }

  async #pass(chunk: Buffer, dueMs: number, to: Socket): Promise<void> {
    const wire = this.#wire
    if (wire.held) wire.done.held += chunk.length
    for (;;) {
      const leftMs = wire.held ? HELD_LOOK_MS : dueMs - performance.now()
      if (leftMs <= 0 || to.destroyed) break
      await new Promise((resolve) => setTimeout(resolve, leftMs))
    }
    if (to.destroyed) return
    to.write(chunk)
    if (wire.repeat === 0 || this.#control || !isData(chunk)) return
    wire.repeat -= 1
    wire.done.repeated += 1
    to.write(chunk)
  }
}
