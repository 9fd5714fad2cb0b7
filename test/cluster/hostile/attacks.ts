// What strangers do to a port that speaks gRPC, or HTTP/1. Each attack is bounded in count, follows from the seed, and
// answers how many frames, requests or connections it made.

import { gzipSync } from 'node:zlib'
import type { Prng } from '@weirjs/common/core/prng'
import { Connection, type Door } from './connection.ts'
import {
  callHeaders,
  CONTINUATION,
  DATA,
  dataFrames,
  END_HEADERS,
  END_STREAM,
  frame,
  grpcMessage,
  type Header,
  headerBlock,
  HEADERS,
  PING,
  PREFACE,
  PRIORITY,
  remembered,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frames.ts'

export interface Target extends Door {
  readonly speaks: 'grpc' | 'http'
}

export interface Means {
  readonly target: Target
  readonly random: Prng
  /** The cluster token: some attacks come from a friend that has gone mad. */
  readonly token: string
}

export type Attack = (means: Means) => Promise<number>

const PATHS: readonly string[] = [
  '/weir.v1.JobService/List',
  '/weir.v1.JobService/Submit',
  '/weir.v1.CoordinatorService/Register',
  '/weir.v1.CoordinatorService/Attach',
  '/weir.v1.WorkerService/Allocate',
  '/weir.v1.ExchangeService/Open',
  '/weir.v1.JobService/\u00ff\u00fe',
  '/',
]
const none = Buffer.alloc(0)
/** How every HTTP/2 client begins. */
export const hello: Buffer = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, none)])
export const range = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => i)

export function bytesOf(random: Prng, count: number): Buffer {
  return Buffer.from(range(count).map(() => random.int(256)))
}

/** Connects, sends everything, and gives the other side a moment to answer or to hang up. */
async function say(door: Door, pieces: Iterable<Uint8Array>, deaf = false): Promise<number> {
  const connection = await Connection.open(door, deaf)
  if (connection === null) return 1
  let sent = 0
  for (const piece of pieces) {
    sent += 1
    if (!(await connection.send(piece))) break
  }
  await connection.endsWithin(deaf ? 500 : 100)
  connection.destroy()
  return sent
}

async function total(counts: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
}

/** `count` rounds, `width` at a time. */
export async function rounds(
  count: number,
  width: number,
  one: (i: number) => Promise<number>,
): Promise<number> {
  let done = 0
  for (let at = 0; at < count; at += width)
    done += await total(range(Math.min(width, count - at)).map((i) => one(at + i)))
  return done
}

export function openCall(
  stream: number,
  path: string,
  more: readonly Header[] = [],
  end = false,
): Buffer {
  const flags = END_HEADERS | (end ? END_STREAM : 0)
  return frame(HEADERS, flags, stream, headerBlock(callHeaders(path, more)))
}
export const bearer = (token: string): Header => ['authorization', `Bearer ${token}`]
const odd = (i: number): number => 2 * i + 1

// ---- both ----

const garbage: Attack = ({ target, random }) =>
  rounds(200, 20, () => say(target, [bytesOf(random, 1 + random.int(2_000))]))

const idle: Attack = async ({ target }) => {
  const open = await Promise.all(range(2_000).map(() => Connection.open(target)))
  const inside = open.filter((one) => one !== null)
  await Promise.all(inside.map((one) => one.endsWithin(2_000)))
  for (const one of open) one?.destroy()
  return open.length
}

/** A byte now and then, for ever: until somebody loses patience, or for three seconds. */
async function trickle(door: Door, bytes: Uint8Array, width: number): Promise<number> {
  const open = await Promise.all(range(width).map(() => Connection.open(door)))
  let sent = 0
  for (let at = 0; at < bytes.length && at < 30; at += 1) {
    for (const one of open) {
      if (one === null || one.closed) continue
      await one.send(bytes.subarray(at, at + 1))
      sent += 1
    }
    await open[0]?.endsWithin(100)
  }
  for (const one of open) one?.destroy()
  return sent
}

const slow: Attack = ({ target }) =>
  trickle(
    target,
    target.speaks === 'http'
      ? Buffer.from('GET /livez HTTP/1.1\r\nhost: a\r\nx-slow: 1\r\n')
      : hello,
    100,
  )

// ---- gRPC ----

/** A conversation as a client would have it, then changed: bits, bytes, frames left out, said twice, in another order. */
const mutated: Attack = ({ target, random, token }) =>
  rounds(300, 10, () => {
    const frames: Buffer[] = [hello]
    for (const i of range(1 + random.int(4))) {
      const more = random.int(2) === 0 ? [bearer(token)] : []
      // With an honest token only what is no message may be sent: the cluster is to stay as it is.
      frames.push(openCall(odd(i), PATHS[random.int(PATHS.length)] ?? '/', more))
      const message = grpcMessage(bytesOf(random, random.int(200)))
      frames.push(dataFrames(odd(i), message, random.int(3) > 0))
      frames.push(frame(random.int(12), random.int(256), odd(i), bytesOf(random, 8)))
    }
    for (const _ of range(random.int(4))) damage(frames, random)
    return say(target, frames)
  })

function damage(frames: Buffer[], random: Prng): void {
  const at = random.int(frames.length)
  const victim = Buffer.from(frames[at] ?? none)
  switch (random.int(4)) {
    case 0:
      frames.splice(at, 1)
      return
    case 1:
      frames.splice(random.int(frames.length), 0, victim)
      return
    case 2:
      frames[at] = victim.subarray(0, random.int(victim.length))
      return
    default:
      for (const _ of range(1 + random.int(4))) victim[random.int(victim.length)] = random.int(256)
      frames[at] = victim
  }
}

const rapidReset: Attack = ({ target }) =>
  rounds(20, 5, () =>
    say(target, [
      hello,
      ...range(200).map((i) =>
        Buffer.concat([
          openCall(odd(i), PATHS[0] ?? '/'),
          frame(RST_STREAM, 0, odd(i), Buffer.from([0, 0, 0, 8])),
        ]),
      ),
    ]),
  )

/** Headers that never end. */
const continuations: Attack = ({ target }) =>
  rounds(8, 4, () =>
    say(target, [
      hello,
      frame(HEADERS, 0, 1, headerBlock(callHeaders('/'))),
      ...range(200).map((i) =>
        frame(CONTINUATION, 0, 1, headerBlock([[`x-${i}`, 'y'.repeat(8_000)]])),
      ),
    ]),
  )

const FLOODS: readonly Buffer[] = [
  frame(PING, 0, 0, Buffer.alloc(8)),
  frame(SETTINGS, 0, 0, none),
  frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
  frame(WINDOW_UPDATE, 0, 0, Buffer.from([0, 0, 0, 1])),
  frame(PRIORITY, 0, 1, Buffer.from([0, 0, 0, 3, 1])),
  frame(DATA, 0, 1, none),
  frame(0xbb, 0, 0, Buffer.alloc(16_000)),
]

/** Frames that cost the sender nothing, by the thousand, from one who reads the answers and one who does not. */
const floods: Attack = ({ target }) =>
  rounds(FLOODS.length * 2, 4, (i) => {
    const many = Buffer.concat(range(100).map(() => FLOODS[i >> 1] ?? none))
    const start = Buffer.concat([hello, openCall(1, '/')])
    return say(target, [start, ...range(50).map(() => many)], i % 2 === 0).then((n) => n * 100)
  })

/** A message that says it has 4 GiB, from strangers and from friends. */
const longMessages: Attack = ({ target, token }) =>
  rounds(60, 10, (i) => {
    const more = i % 2 === 0 ? [bearer(token)] : []
    const claim = grpcMessage(Buffer.alloc(1_000), false, 0xff_ff_ff_ff)
    const call = openCall(1, PATHS[i % PATHS.length] ?? '/', more)
    return say(target, [hello, call, dataFrames(1, claim, false), dataFrames(1, claim, true)])
  })

const BOMB: Buffer = gzipSync(Buffer.alloc(64 * 1_024 * 1_024))

/** 64 MiB of nothing, compressed a thousand times: from strangers, and from two friends at a time. */
const bombs: Attack = ({ target, token }) =>
  rounds(40, 20, (i) => {
    const more: Header[] = [['grpc-encoding', 'gzip'], ...(i % 10 === 0 ? [bearer(token)] : [])]
    const call = openCall(1, PATHS[i % PATHS.length] ?? '/', more)
    return say(target, [hello, call, dataFrames(1, grpcMessage(BOMB, true), true)])
  })

/** Headers of a megabyte, thousands of them, and one that is remembered and then said again with a single byte. */
const hugeHeaders: Attack = ({ target }) =>
  rounds(24, 6, (i) => {
    const big = headerBlock([...callHeaders('/'), ['x', 'y'.repeat(1_000_000)]])
    const many = headerBlock([
      ...callHeaders('/'),
      ...range(5_000).map((k): Header => [`x-${k}`, 'y']),
    ])
    const again = Buffer.concat([
      headerBlock(callHeaders('/')),
      remembered(['x', 'y'.repeat(3_900)]),
      Buffer.alloc(12_000, 0x80 | 62),
    ])
    return say(target, [hello, ...blocks([big, many, again][i % 3] ?? none)])
  })

function blocks(block: Buffer): readonly Buffer[] {
  const parts: Buffer[] = []
  for (let at = 0; at < block.length; at += 16_384) {
    const last = at + 16_384 >= block.length
    const type = at === 0 ? HEADERS : CONTINUATION
    parts.push(frame(type, last ? END_HEADERS : 0, 1, block.subarray(at, at + 16_384)))
  }
  return parts
}

/** Calls without a token, or with a guess, as fast as they are refused. */
const guesses: Attack = ({ target, random }) =>
  rounds(20, 4, () => {
    const calls = range(50).map((i) => {
      const guess = bytesOf(random, 32).toString('hex')
      return openCall(odd(i), PATHS[i % PATHS.length] ?? '/', [bearer(guess)], true)
    })
    return say(target, [hello, ...calls])
  })

// ---- HTTP/1 ----

const REQUEST = 'GET /v1/jobs?a=b HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n'

const mutatedRequests: Attack = ({ target, random }) =>
  rounds(300, 10, () => {
    const bytes = Buffer.from(REQUEST.repeat(1 + random.int(3)), 'latin1')
    for (const _ of range(random.int(6))) bytes[random.int(bytes.length)] = random.int(256)
    return say(target, [bytes.subarray(0, 1 + random.int(bytes.length))])
  })

const HEAD = ' HTTP/1.1\r\nHost: localhost\r\n'
const ODD_REQUESTS: readonly string[] = [
  `GET /${'a'.repeat(100_000)}${HEAD}\r\n`,
  `GET /v1/jobs${HEAD}x: ${'y'.repeat(1_000_000)}\r\n\r\n`,
  `GET /v1/jobs${HEAD}${range(3_000)
    .map((i) => `x-${i}: y\r\n`)
    .join('')}\r\n`,
  `POST /v1/jobs${HEAD}Content-Type: application/json\r\nContent-Length: 200000\r\n\r\n${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  `POST /v1/jobs${HEAD}Content-Length: 99999999999999\r\n\r\n`,
  `POST /v1/jobs${HEAD}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx`,
  `POST /v1/jobs${HEAD}Transfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(10_000)}`,
  `POST /v1/jobs${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
  `GET /v1/jobs${HEAD}Cookie: ${'a=b;'.repeat(1_800)}\r\n\r\n`,
  `GET /v1/jobs${HEAD}Authorization: Bearer ${'0'.repeat(7_000)}\r\n\r\n`,
  `GET /%00%ff/../..//etc/passwd?${'%'.repeat(2_000)}${HEAD}\r\n`,
  `GET /v1/jobs/__proto__${HEAD}\r\n`,
  `OPTIONS *${HEAD}\r\n`,
  `CONNECT localhost:1${HEAD}\r\n`,
  `GET /v1/jobs${HEAD}Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n`,
  `GET /v1/jobs${HEAD}Expect: 100-continue\r\n\r\n`,
]

const oddRequests: Attack = ({ target }) =>
  rounds(ODD_REQUESTS.length * 4, 8, (i) =>
    say(target, [Buffer.from(ODD_REQUESTS[i % ODD_REQUESTS.length] ?? '', 'latin1')]),
  )

/** Requests in a row by one who never reads an answer. */
const pipelined: Attack = ({ target }) =>
  rounds(8, 4, () =>
    say(
      target,
      range(50).map(() => Buffer.from(REQUEST.repeat(20))),
      true,
    ).then((n) => n * 20),
  )

const wrongProtocol: Attack = ({ target }) =>
  rounds(40, 10, () => say(target, [hello, openCall(1, '/')]))

export const ATTACKS: Readonly<Record<Target['speaks'], Readonly<Record<string, Attack>>>> = {
  grpc: {
    garbage,
    mutated,
    'rapid reset': rapidReset,
    continuations,
    floods,
    slow,
    'messages of 4 GiB': longMessages,
    bombs,
    'huge headers': hugeHeaders,
    guesses,
    idle,
  },
  http: {
    garbage,
    mutated: mutatedRequests,
    'odd requests': oddRequests,
    pipelined,
    'wrong protocol': wrongProtocol,
    slow,
    idle,
  },
}
