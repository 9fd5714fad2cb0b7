import { describe, expect, it } from 'vitest'
import { HEALTHY_NETWORK, Network } from './src/network.ts'
import { SimProcess } from './src/process.ts'
import { World } from './src/world.ts'

/** The hash of a world in which nothing is traced: two processes, and what is asked for. */
async function hashOf(ask: (a: SimProcess, b: SimProcess, world: World) => void): Promise<string> {
  const world = new World(1)
  const [a, b] = [new SimProcess(world, 'a'), new SimProcess(world, 'b')]
  ask(a, b, world)
  await world.run(1_000, () => false)
  expect(world.tail).toEqual([])
  return world.traceHash
}

const nothing = (): void => {}

describe('the hash of a history', () => {
  it('is the same for the same events', async () => {
    const ask = (a: SimProcess, b: SimProcess): void => {
      a.timer(5, nothing)
      b.nextTurn(nothing)
    }
    expect(await hashOf(ask)).toBe(await hashOf(ask))
  })

  it('tells which of two processes had its turn first, at one moment', async () => {
    const first = await hashOf((a, b) => {
      a.timer(5, nothing)
      b.timer(5, nothing)
    })
    const second = await hashOf((a, b) => {
      b.timer(5, nothing)
      a.timer(5, nothing)
    })
    expect(first).not.toBe(second)
  })

  it('tells which of two timers of one process was asked for first', async () => {
    const first = await hashOf((a) => {
      a.timer(5, nothing)
      a.timer(7, nothing)
    })
    const second = await hashOf((a) => {
      a.timer(7, nothing)
      a.timer(5, nothing)
    })
    expect(first).not.toBe(second)
  })

  it('tells when something happened, to less than a nanosecond', async () => {
    const hashes = [5, 5.000_000_1].map((ms) => hashOf((a) => void a.timer(ms, nothing)))
    expect(new Set(await Promise.all(hashes)).size).toBe(2)
  })

  it('tells which of two calls was made', async () => {
    const hashes = ['heartbeat', 'register'].map((name) =>
      hashOf((from, to, world) => {
        const network = new Network(world, { ...HEALTHY_NETWORK })
        void network.call({ from, to, name, ordered: true }, async () => {})
      }),
    )
    expect(new Set(await Promise.all(hashes)).size).toBe(2)
  })

  it('tells which of two events that belong to nobody was asked for first', async () => {
    const first = await hashOf((_a, _b, { scheduler }) => {
      scheduler.timer(5, nothing)
      scheduler.timer(7, nothing)
    })
    const second = await hashOf((_a, _b, { scheduler }) => {
      scheduler.timer(7, nothing)
      scheduler.timer(5, nothing)
    })
    expect(first).not.toBe(second)
  })
})
