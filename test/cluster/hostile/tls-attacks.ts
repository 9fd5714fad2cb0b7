// What strangers do to a port that speaks TLS, before and with a handshake. Each attack is bounded in count, follows from the
// seed, and holds against the port what it must not do: let them in, answer in the clear, or bear them for longer than a
// handshake may take.

import type { SecureVersion } from 'node:tls'
import { HANDSHAKE_MS_MAX } from '@weirjs/common/rpc/tls-door'
import { cameTrue } from '../../processes/src/until.ts'
import { bytesOf, hello, type Means, openCall, range, rounds, type Target } from './attacks.ts'
import {
  ALERT,
  APPLICATION_DATA,
  CHANGE_CIPHER_SPEC,
  CLIENT_HELLO,
  clientHello,
  HANDSHAKE,
  handshake,
  oldVersion,
  record,
  withExtension,
} from './client-hello.ts'
import { Connection, type Door } from './connection.ts'
import { type Papers, REFUSED_PAPERS } from './papers.ts'
import { callRaw } from './raw-call.ts'

export interface TlsMeans extends Means {
  readonly papers: Papers
}

export type TlsAttack = (means: TlsMeans) => Promise<number>

/** Before the time for a handshake is over; busy machines take a while for what is done at once. */
const SOON_MS = 8_000
const LATE_MS = HANDSHAKE_MS_MAX + SOON_MS
const EARLY_DATA = 42
/** More than a port keeps. */
export const HALF_OPEN = 1_500
const ANSWERED_MS_MAX = 40_000
const SLOW = 50
const SLOW_BYTE_MS = 100

const UNAUTHENTICATED = '16'
const UNIMPLEMENTED = '12'

/** In the clear, whatever is dialed. */
const plainly = ({ port }: Door): Door => ({ port })

interface Expected {
  /** A hello was sent: then the port may say its own. */
  readonly afterHello?: boolean
  /** Nothing more will come, and the port is told. */
  readonly end?: boolean
}

/** Sends all of it, and expects to be thrown out soon. */
async function thrownOut(
  { target }: Means,
  pieces: readonly Uint8Array[],
  { afterHello = false, end = false }: Expected = {},
): Promise<number> {
  const connection = await Connection.open(plainly(target))
  if (connection === null) throw new Error('the port is closed')
  let sent = 0
  for (const piece of pieces) {
    if (!(await connection.send(piece))) break
    sent += 1
  }
  if (end) connection.end()
  const isOut = await connection.endsWithin(SOON_MS)
  connection.destroy()
  if (!isOut) throw new Error(`still there after ${SOON_MS} ms`)
  const said = connection.heard?.[0] ?? ALERT
  const allowed = afterHello ? [ALERT, HANDSHAKE] : [ALERT]
  if (!allowed.includes(said)) throw new Error(`answered ${connection.heard?.toString('latin1')}`)
  return Math.max(1, sent)
}

// ---- bytes ----

const REQUEST = Buffer.from('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')

const inTheClear: TlsAttack = (means) =>
  rounds(40, 10, (i) => thrownOut(means, i % 2 === 0 ? [hello, openCall(1, '/')] : [REQUEST]))

const randomly: TlsAttack = (means) => {
  const { random } = means
  return rounds(200, 20, (i) => {
    const bytes = bytesOf(random, 1 + random.int(2_000))
    return thrownOut(means, [i % 2 === 0 ? bytes : record(HANDSHAKE, bytes)], { end: true })
  })
}

/** One that begins well, damaged in a few bytes: it may be taken for a hello all the same. */
const mutatedHellos: TlsAttack = (means) => {
  const { random } = means
  const honest = clientHello()
  return rounds(200, 20, () => {
    const bytes = Buffer.from(honest)
    for (const _ of range(1 + random.int(4))) bytes[random.int(bytes.length)] = random.int(256)
    return thrownOut(means, [bytes], { afterHello: true, end: true })
  })
}

const cutHellos: TlsAttack = (means) => {
  const honest = clientHello()
  return rounds(100, 20, () =>
    thrownOut(means, [honest.subarray(0, 1 + means.random.int(honest.length - 1))], { end: true }),
  )
}

/** Says it has 2^16 - 1 bytes, where 2^14 and a few are allowed. */
const longRecords: TlsAttack = (means) =>
  rounds(40, 10, (i) =>
    thrownOut(means, [
      record(i % 2 === 0 ? HANDSHAKE : APPLICATION_DATA, bytesOf(means.random, 65_535)),
    ]),
  )

/** Says it has 2^24 - 1 bytes, and begins to send them in records as they should be. */
const longHellos: TlsAttack = (means) =>
  rounds(20, 10, () => {
    const begun = handshake(CLIENT_HELLO, bytesOf(means.random, 16_380), 0xff_ff_ff)
    const more = record(HANDSHAKE, bytesOf(means.random, 16_384))
    return thrownOut(means, [record(HANDSHAKE, begun), ...range(100).map(() => more)])
  })

const WARNING = record(ALERT, Buffer.from([1, 90]))
const CHANGE = record(CHANGE_CIPHER_SPEC, Buffer.from([1]))
const NOTHING = record(HANDSHAKE, Buffer.alloc(0))

/** Records that cost the sender nothing, by the thousand, in front of a hello and behind it. */
const floods: TlsAttack = (means) => {
  const honest = clientHello()
  return rounds(24, 6, (i) => {
    const one = [WARNING, CHANGE, NOTHING][i % 3] ?? NOTHING
    const many = range(50).map(() => Buffer.concat(range(100).map(() => one)))
    return thrownOut(means, i % 2 === 0 ? many : [honest, ...many], { afterHello: true })
  })
}

/** In TLS 1.3 nobody negotiates again, and Node's clients cannot even ask; so it is asked for by hand. */
const renegotiation: TlsAttack = (means) => {
  const honest = clientHello()
  return rounds(40, 10, () => thrownOut(means, [honest, honest], { afterHello: true }))
}

/** Data before there is a key for it: a server that has given no ticket passes over a little of it, not over all. */
const earlyData: TlsAttack = (means) => {
  const early = withExtension(clientHello(), EARLY_DATA, Buffer.alloc(0))
  const data = record(APPLICATION_DATA, bytesOf(means.random, 16_384))
  return rounds(20, 5, () =>
    thrownOut(means, [early, ...range(200).map(() => data)], { afterHello: true }),
  )
}

// ---- patience ----

/** A byte now and then. Nobody waits for longer than a handshake may take. */
const slowHellos: TlsAttack = async ({ target }) => {
  const honest = clientHello()
  const open = await openMany(target, SLOW)
  const dueMs = performance.now() + LATE_MS
  let sent = 0
  for (let at = 0; performance.now() < dueMs; at += 1) {
    const inside = open.filter(({ closed }) => !closed)
    if (inside.length === 0) return sent
    for (const one of inside) await one.send(honest.subarray(at, at + 1))
    sent += inside.length
    await inside[0]?.endsWithin(SLOW_BYTE_MS)
  }
  throw new Error(`${leave(open)} are waited for after ${LATE_MS} ms`)
}

/** Everybody says hello at once, is answered or put out for others, and falls silent. */
const halfOpen: TlsAttack = async ({ target }) => {
  const honest = clientHello()
  const open = await openMany(target, HALF_OPEN)
  await Promise.all(open.map((one) => one.send(honest)))
  // A busy machine takes its time for so many keys; patience is counted from then on.
  await cameTrue({ withinMs: ANSWERED_MS_MAX }, () =>
    open.every(({ closed, heard }) => closed || heard !== null),
  )
  await Promise.all(open.map((one) => one.endsWithin(LATE_MS)))
  const left = leave(open)
  if (left > 0) throw new Error(`${left} are waited for after ${LATE_MS} ms`)
  return open.length
}

async function openMany(door: Door, count: number): Promise<readonly Connection[]> {
  const open = await Promise.all(range(count).map(() => Connection.open(plainly(door))))
  return open.filter((one) => one !== null)
}

/** Answers how many of them were still there. */
function leave(open: readonly Connection[]): number {
  const inside = open.filter(({ closed }) => !closed)
  for (const one of inside) one.destroy()
  return inside.length
}

// ---- handshakes ----

/** A handshake that comes to an end, for the dialing side, and not a byte behind it. */
async function refused(door: Door): Promise<number> {
  const connection = await Connection.open(door)
  if (connection === null) return 1
  await connection.send(hello)
  const isOut = await connection.endsWithin(SOON_MS)
  connection.destroy()
  if (connection.heard !== null) throw new Error('let in')
  if (!isOut) throw new Error(`still there after ${SOON_MS} ms`)
  return 1
}

const older =
  (version: SecureVersion): TlsAttack =>
  ({ target: { port, tls } }) =>
    rounds(20, 5, async () => {
      const connection = await Connection.open({ port, tls: { ...tls, ...oldVersion(version) } })
      connection?.destroy()
      if (connection !== null) throw new Error(`let in by ${version}`)
      return 1
    })

const noCertificate: TlsAttack = ({ target: { port } }) =>
  rounds(40, 10, () => refused({ port, tls: { ALPNProtocols: ['h2'] } }))

const withPaper =
  (which: keyof Papers['refused']): TlsAttack =>
  ({ target: { port }, papers }) =>
    rounds(40, 10, () =>
      refused({ port, tls: { ...papers.refused[which], ALPNProtocols: ['h2'] } }),
    )

type Role = keyof Papers['believed']

/** Each of a role that may not call it. */
const MISPLACED: readonly (readonly [Role, string])[] = [
  ['client', '/weir.v1.WorkerService/Allocate'],
  ['client', '/weir.v1.CoordinatorService/Register'],
  ['taskmanager', '/weir.v1.WorkerService/Allocate'],
  ['taskmanager', '/weir.v1.JobService/List'],
  ['jobmanager', '/weir.v1.JobService/Submit'],
  ['jobmanager', '/weir.v1.CoordinatorService/Register'],
  ['nobody', '/weir.v1.JobService/List'],
  ['everybody', '/weir.v1.JobService/List'],
  ['everybody', '/weir.v1.WorkerService/Allocate'],
]

/** With the right token. A service that is not there is for nobody, and a slot believes its own attempt only. */
const wrongRole: TlsAttack = ({ target: { port }, papers, token }) =>
  rounds(MISPLACED.length * 4, 6, async (i) => {
    const [role, path] = MISPLACED[i % MISPLACED.length] ?? ['nobody', '/']
    const status = await callRaw({ port, paper: papers.believed[role], path, token })
    const isRefused = status === null || status.message.includes(' in its certificate, not ')
    if (isRefused || status.code === UNIMPLEMENTED) return 1
    throw new Error(`${role} may call ${path}: ${JSON.stringify(status)}`)
  })

/** By those who may call it, but for the token. */
const ALLOWED: readonly (readonly [Role, string])[] = [
  ['client', '/weir.v1.JobService/List'],
  ['taskmanager', '/weir.v1.CoordinatorService/Register'],
  ['jobmanager', '/weir.v1.WorkerService/Allocate'],
]

const wrongToken: TlsAttack = ({ target: { port }, papers, random }) =>
  rounds(60, 6, async (i) => {
    const [role, path] = ALLOWED[i % ALLOWED.length] ?? ['client', '/']
    const token = bytesOf(random, 32).toString('hex')
    const status = await callRaw({ port, paper: papers.believed[role], path, token })
    if (status === null || status.code === UNAUTHENTICATED) return 1
    throw new Error(`${path} is called with a wrong token: ${JSON.stringify(status)}`)
  })

/** At every port that speaks TLS. */
const BYTES: Readonly<Record<string, TlsAttack>> = {
  'HTTP in the clear': inTheClear,
  'random bytes': randomly,
  'mutated hellos': mutatedHellos,
  'cut hellos': cutHellos,
  'records of 65,535 bytes': longRecords,
  'hellos of 16 MiB': longHellos,
  'floods of empty records, warnings and changes of cipher': floods,
  'a second hello': renegotiation,
  'early data': earlyData,
  'TLS 1.0': older('TLSv1'),
  'TLS 1.1': older('TLSv1.1'),
  'TLS 1.2': older('TLSv1.2'),
  'hellos without end': slowHellos,
  'half-open handshakes': halfOpen,
}

const refusals = Object.fromEntries(
  REFUSED_PAPERS.map((which) => [`a certificate ${which}`, withPaper(which)] as const),
)

export const TLS_ATTACKS: Readonly<Record<Target['speaks'], Readonly<Record<string, TlsAttack>>>> =
  {
    /** HTTPS asks nobody for a certificate. */
    http: BYTES,
    grpc: {
      ...BYTES,
      'no certificate': noCertificate,
      ...refusals,
      'certificates of another role': wrongRole,
      'the wrong token': wrongToken,
    },
  }
