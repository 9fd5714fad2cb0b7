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
    failpoints.arm('after sink.rename', 'pause', 0)
    failpoints.arm('before sink.rename', 'crash', 0)
    failpoints.pass('after', 'sink.rename', process)
    failpoints.pass('before', 'sink.rename', process)
    expect(did).toEqual(['pause', 'crash'])
    expect(process.alive).toBe(false)
  })

  it('lie before and behind every step by which a checkpoint becomes durable', () => {
    const job = `/store/${'0'.repeat(32)}`
    const steps = [
      storageStep('mkdir', `${job}/chk-7`),
      storageStep('write', `${job}/chk-7/.staging-1-1-40-0-v1-0-1-1.state`),
      storageStep('sync', `${job}/chk-7/.staging-m-40-0-manifest`),
      storageStep('link', `${job}/chk-7/manifest`),
      storageStep('syncdir', `${job}/chk-7`),
      storageStep('link', `${job}/log/0000000007`),
      storageStep('syncdir', `${job}/log`),
      storageStep('sync', `${job}/.staging-bundle-40-0-bundle-${'a'.repeat(50)}`),
      storageStep('syncdir', job),
      storageStep('syncdir', '/store'),
      storageStep('remove-tree', `${job}/chk-7`),
    ]
    expect(steps).toEqual([
      'checkpoint.mkdir',
      'state.write',
      'manifest.sync',
      'manifest.link',
      'checkpoint.syncdir',
      'log.link',
      'log.syncdir',
      'bundle.sync',
      'job.syncdir',
      'root.syncdir',
      'checkpoint.remove-tree',
    ])
    for (const step of steps)
      expect(FAILPOINTS).toEqual(expect.arrayContaining([`before ${step}`, `after ${step}`]))
    expect(storageStep('list', job)).toBeNull()
  })
})
