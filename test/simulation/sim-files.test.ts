import { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import { describe, expect, it } from 'vitest'
import { Failpoints } from './src/failpoints.ts'
import { SimProcess } from './src/process.ts'
import { HEALTHY_DISK, SimFiles } from './src/sim-files.ts'
import { World } from './src/world.ts'

const nothing = (): void => {}
const watcher = {
  created: nothing,
  written: nothing,
  sealed: nothing,
  removed: nothing,
  published: nothing,
}

/** What became of an attempt to make a directory and a file in it, on a machine in this state. */
async function attempt(state: { readonly full?: boolean; readonly cutOff?: boolean }) {
  const world = new World(1)
  const process = new SimProcess(world, 'p')
  const machines = (hit = false): Set<string> => new Set(hit ? [process.machine] : [])
  const files = new SimFiles(world, process, new MemoryFileSystem(), {
    faults: () => HEALTHY_DISK,
    soundDelayMs: HEALTHY_DISK.delayMsMax,
    watcher,
    failpoints: new Failpoints({ world, crash: nothing, pause: nothing }),
    cutOff: machines(state.cutOff),
    full: machines(state.full),
  })
  const made = files.makeDirectories('/out').then(() => files.create('/out/a'))
  const outcome = made.then(
    () => 'made',
    (error: unknown) => error,
  )
  await world.run(1_000, () => false)
  return outcome
}

describe('files of the simulator', () => {
  it('are made where there is room and a connection', async () => {
    expect(await attempt({})).toBe('made')
  })

  it('fail as real ones do where there is no room, or nothing answers', async () => {
    const external = { domain: 'external', retry: 'backoff', location: '/out' }
    expect(await attempt({ full: true })).toMatchObject({ ...external, code: 'files/full' })
    expect(await attempt({ cutOff: true })).toMatchObject({ ...external, code: 'files/io' })
  })
})
