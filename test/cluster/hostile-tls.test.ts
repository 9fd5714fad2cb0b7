// Hostile bytes at every listening port of a cluster where everything goes by TLS, REST as well: in the clear, instead of a
// handshake, in one that never ends, with certificates that nobody believes or of another role, and, with a good one, over
// TLS. From a seed (WEIR_SEED). As without TLS nobody may die, start anew, lose a record or keep honest people waiting; and
// what strangers have opened is closed when they are gone.

import { STRANGERS_MAX } from '@weirjs/common/rpc/serve'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cameTrue } from '../processes/src/until.ts'
import { ATTACKS } from './hostile/attacks.ts'
import { makePapers } from './hostile/papers.ts'
import { AGAIN_ROUNDS, Siege, SIEGE_START_MS_MAX } from './hostile/siege.ts'
import { HALF_OPEN, TLS_ATTACKS } from './hostile/tls-attacks.ts'

const SEED = Number(process.env['WEIR_SEED'] ?? 20_261_128)
/** Without TLS it is 200; a thousand handshakes that have begun take some 70 KB each. */
const GROWTH_MIB_MAX = 270
/** What the hungriest attacks may add when they come again: what the first ones took is free for them. */
const AGAIN_MIB_MAX = 32
const HUNGRIEST = {
  grpc: ['half-open handshakes', 'mutated hellos', 'huge headers'],
  http: ['half-open handshakes', 'pipelined'],
}
/** Of honest clients that come and go, and of files of checkpoints. */
const OTHERS = 50
const LOG_LINES_MAX = 200
/** Five ports, and the patience of each. */
const ROW_MS_MAX = 300_000
/** Two thousand times TLS would be a test of the attacker. */
const OVER_TLS = {
  grpc: Object.keys(ATTACKS.grpc).filter((name) => name !== 'idle'),
  http: Object.keys(ATTACKS.http).filter((name) => name !== 'idle'),
}

let siege: Siege

beforeAll(async () => {
  siege = await Siege.start({ jobSeconds: 500, papers: makePapers() })
  console.log(`hostile bytes from WEIR_SEED=${SEED}`)
}, SIEGE_START_MS_MAX)

afterAll(async () => {
  await siege?.[Symbol.asyncDispose]()
})

async function expectBorne(name: string, speaks: 'grpc' | 'http'): Promise<void> {
  const borne = await siege.bear(name, siege.portsOf(speaks), SEED)
  expect([...borne.problems]).toEqual([])
  expect(borne.p99Ms).toBeLessThan(borne.p99AllowedMs)
  expect(borne.died).toEqual([])
  expect(siege.cluster.surprises()).toEqual([])
  for (const [{ pid }, who] of siege.lives) {
    const isClosed = await cameTrue({ withinMs: 10_000 }, () => siege.open.left(pid) < OTHERS)
    expect(isClosed, `${who} keeps ${siege.open.left(pid)} descriptors`).toBe(true)
  }
}

test('all doors are known, and speak TLS', () => {
  expect(siege.counted()).toEqual({ grpc: 5, http: 4 })
})

describe.each(['grpc', 'http'] as const)('ports that speak %s by TLS', (speaks) => {
  test.each(Object.keys(TLS_ATTACKS[speaks]))(
    'bear %s',
    (name) => expectBorne(name, speaks),
    ROW_MS_MAX,
  )
  test.each(OVER_TLS[speaks])('bear, over TLS, %s', (name) => expectBorne(name, speaks), ROW_MS_MAX)
})

describe('afterwards', () => {
  test('nobody has taken much memory, or had more open than strangers may', () => {
    expect(HALF_OPEN).toBeGreaterThan(STRANGERS_MAX + OTHERS)
    for (const [{ pid }, who] of siege.lives) {
      expect(siege.memory.growth(pid), who).toBeLessThanOrEqual(GROWTH_MIB_MAX)
      expect(siege.open.growth(pid), who).toBeLessThanOrEqual(STRANGERS_MAX + OTHERS)
    }
  })

  test(
    'the hungriest, again and again, find the memory that the first ones have left',
    async () => {
      for (const [who, mib] of Object.entries(await siege.again(HUNGRIEST, SEED)))
        expect(mib, who).toBeLessThanOrEqual(AGAIN_MIB_MAX)
      expect(await siege.died()).toEqual([])
    },
    AGAIN_ROUNDS * ROW_MS_MAX,
  )

  test('the logs say what happened, in few lines', () => {
    const lines = siege.warnings()
    console.log(`${siege.made} frames, requests and connections; ${lines.length} lines of warning`)
    for (const code of ['plaintext', 'untrusted', 'expired', 'no-certificate', 'handshake-failed'])
      expect(lines.filter((line) => line.includes(`"tls/${code}"`))).not.toEqual([])
    for (const what of ['without the cluster token', 'by certificates of another role'])
      expect(lines.filter((line) => line.includes(what))).not.toEqual([])
    expect(lines.length, lines.join('\n')).toBeLessThan(LOG_LINES_MAX)
  })

  test('the job has never restarted, and its result is exact', async () => {
    const { job, wrong } = await siege.result()
    expect(job).toMatchObject({ state: 'FINISHED', attempt: 1 })
    expect(wrong).toEqual([])
    expect(await siege.cluster.client.list()).toHaveLength(1)
  })
})
