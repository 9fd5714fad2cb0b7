// Hostile bytes at every listening port of a real cluster, while a job runs between two TaskManagers and honest clients
// ask: some 20,000 frames, requests and connections a minute, from a seed (WEIR_SEED). Nobody may die, start anew, lose a
// record, take much memory, keep honest people waiting, or write the disk full about it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ATTACKS } from './hostile/attacks.ts'
import { AGAIN_ROUNDS, Siege, SIEGE_START_MS_MAX } from './hostile/siege.ts'

const SEED = Number(process.env['WEIR_SEED'] ?? 20_261_128)
const GROWTH_MIB_MAX = 200
/** What the hungriest attacks may add when they come again: what the first ones took is free for them. */
const AGAIN_MIB_MAX = 32
const HUNGRIEST = { grpc: ['bombs', 'huge headers', 'mutated'], http: ['pipelined', 'idle'] }
const LOG_LINES_MAX = 100

let siege: Siege

beforeAll(async () => {
  siege = await Siege.start({ jobSeconds: 270 })
  console.log(`hostile bytes from WEIR_SEED=${SEED}`)
}, SIEGE_START_MS_MAX)

afterAll(async () => {
  await siege?.[Symbol.asyncDispose]()
})

test('all doors are known: control of three processes, two data planes, REST, three health ports', () => {
  expect(siege.counted()).toEqual({ grpc: 5, http: 4 })
})

describe.each(['grpc', 'http'] as const)('ports that speak %s', (speaks) => {
  test.each(Object.keys(ATTACKS[speaks]))('bear %s', async (name) => {
    const borne = await siege.bear(name, siege.portsOf(speaks), SEED)
    expect([...borne.problems]).toEqual([])
    expect(borne.p99Ms).toBeLessThan(borne.p99AllowedMs)
    expect(borne.died).toEqual([])
    expect(siege.cluster.surprises()).toEqual([])
  })
})

describe('afterwards', () => {
  test('nobody has taken much memory', () => {
    for (const [{ pid }, who] of siege.lives)
      expect(siege.memory.growth(pid), who).toBeLessThanOrEqual(GROWTH_MIB_MAX)
  })

  test(
    'the hungriest, again and again, find the memory that the first ones have left',
    async () => {
      for (const [who, mib] of Object.entries(await siege.again(HUNGRIEST, SEED)))
        expect(mib, who).toBeLessThanOrEqual(AGAIN_MIB_MAX)
      expect(await siege.died()).toEqual([])
    },
    AGAIN_ROUNDS * 120_000,
  )

  test('the logs say what happened, in few lines', () => {
    const lines = siege.warnings()
    console.log(`${siege.made} frames, requests and connections; ${lines.length} lines of warning`)
    expect(siege.made).toBeGreaterThan(20_000)
    expect(lines.filter((line) => line.includes('without the cluster token'))).not.toEqual([])
    expect(lines.length, lines.join('\n')).toBeLessThan(LOG_LINES_MAX)
  })

  test('the job has never restarted, and its result is exact', async () => {
    const { job, wrong } = await siege.result()
    expect(job).toMatchObject({ state: 'FINISHED', attempt: 1 })
    expect(wrong).toEqual([])
    expect(await siege.cluster.client.list()).toHaveLength(1)
  })
})
