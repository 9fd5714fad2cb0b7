import { describe, expect, it } from 'vitest'
import { SimProcess } from './src/process.ts'
import { World } from './src/world.ts'

function sleeper(): { world: World; process: SimProcess; told: string[]; tell: TellAt } {
  const world = new World(1)
  const process = new SimProcess(world, 'sleeper')
  const told: string[] = []
  const tell: TellAt = (ms, what) =>
    process.timer(ms, () => told.push(`${what} at ${Math.round(process.nowMs())}`))
  return { world, process, told, tell }
}

type TellAt = (ms: number, what: string) => () => void

describe('a process that is paused', () => {
  it('hears its timers late, in their order, and loses none', async () => {
    const { world, process, told, tell } = sleeper()
    tell(300, 'third')
    tell(100, 'first')
    tell(200, 'second')
    tell(900, 'later')
    process.pause()
    world.scheduler.timer(500, () => process.resume())
    await world.run(1_000, () => false)
    expect(told).toEqual(['first at 500', 'second at 500', 'third at 500', 'later at 900'])
  })

  it('hears them after the second sleep when it falls asleep again at once', async () => {
    const { world, process, told, tell } = sleeper()
    tell(100, 'timer')
    process.pause()
    world.scheduler.timer(500, () => {
      process.resume()
      process.pause()
    })
    world.scheduler.timer(700, () => process.resume())
    await world.run(1_000, () => false)
    expect(told).toEqual(['timer at 700'])
  })

  it('does not hear a timer that expired in its sleep once it has taken it back', async () => {
    const { world, process, told, tell } = sleeper()
    const cancelTimer = tell(200, 'timer')
    process.timer(100, cancelTimer)
    const cancelTurn = process.nextTurn(() => told.push('turn'))
    process.run(cancelTurn)
    process.pause()
    world.scheduler.timer(500, () => process.resume())
    await world.run(1_000, () => false)
    expect(told).toEqual([])
  })

  it('hears nothing when it is killed in its sleep', async () => {
    const { world, process, told, tell } = sleeper()
    tell(100, 'timer')
    process.pause()
    world.scheduler.timer(500, () => {
      process.kill()
      process.resume()
    })
    await world.run(1_000, () => false)
    expect(told).toEqual([])
  })
})
