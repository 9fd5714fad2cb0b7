import { describe, expect, it } from 'vitest'
import { FAILPOINTS, Failpoints, storageStep } from './src/failpoints.ts'
import { SimProcess } from './src/process.ts'
import { World } from './src/world.ts'

function kit(): { failpoints: Failpoints; process: SimProcess; did: string[] } {
  const world = new World(1)
  const did: string[] = []
  const process = new SimProcess(world, 'p')
  const failpoints = new Failpoints({
    world,
    crash: (victim) => {
      did.push('crash')
      victim.kill()
    },
    pause: () => did.push('pause'),
  })
  return { failpoints, process, did }
}

describe('failpoints', () => {
  it('do nothing until they are armed, and then once', () => {
    const { failpoints, process } = kit()
    expect(failpoints.pass('before', 'log.create', process)).toBe('go')
    failpoints.arm('before log.create', 'error', 1)
    expect(failpoints.pass('before', 'log.create', process)).toBe('go')
    expect(failpoints.pass('after', 'log.create', process)).toBe('go')
    expect(failpoints.pass('before', 'log.create', process)).toBe('error')
    expect(failpoints.pass('before', 'log.create', process)).toBe('go')
    expect([...failpoints.hits]).toEqual([['before log.create', 1]])
  })

  it('crash and pause the process that passes', () => {
    const { failpoints, process, did } = kit()
    failpoints.arm('after sink.link', 'pause', 0)
    failpoints.arm('before sink.link', 'crash', 0)
    failpoints.pass('after', 'sink.link', process)
    failpoints.pass('before', 'sink.link', process)
    expect(did).toEqual(['pause', 'crash'])
    expect(process.alive).toBe(false)
  })

  it('lie before and behind every step by which a checkpoint becomes durable', () => {
    const job = '0'.repeat(32)
    const steps = [
      storageStep('publish', `${job}/chk-7/v1-0-1-1.state`),
      storageStep('create', `${job}/chk-7/manifest`),
      storageStep('create', `${job}/log/0000000007`),
      storageStep('publish', `${job}/bundle-${'a'.repeat(64)}.mjs`),
      storageStep('remove-tree', `${job}/chk-7`),
    ]
    expect(steps).toEqual([
      'state.publish',
      'manifest.create',
      'log.create',
      'bundle.publish',
      'checkpoint.remove-tree',
    ])
    for (const step of steps)
      expect(FAILPOINTS).toEqual(expect.arrayContaining([`before ${step}`, `after ${step}`]))
    expect(storageStep('list', job)).toBeNull()
  })
})
