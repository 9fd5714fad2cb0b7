import type { FsStorage } from '@weirjs/common/node/fs-storage'
import { describe, expect, it } from 'vitest'
import { Failpoints } from './src/failpoints.ts'
import { SimProcess } from './src/process.ts'
import { type FileNode, SimDisk, STORE } from './src/sim-disk.ts'
import { HEALTHY_DISK } from './src/sim-files.ts'
import { storageOf } from './src/sim-storage.ts'
import { World } from './src/world.ts'

const bytes = new TextEncoder().encode('a state')
const LOSES = (): number => 0.9
const KEEPS = (): number => 0.1

/** A disk with `name` in it; `steps` of its publication were made. */
function published(...steps: readonly ('sync' | 'link' | 'syncdir')[]): SimDisk {
  const disk = new SimDisk({ honest: true })
  const file: FileNode = disk.create(`${STORE}/.staging-a`)
  disk.append(file, bytes)
  if (steps.includes('sync')) disk.sync(file)
  if (steps.includes('link')) disk.link(`${STORE}/.staging-a`, `${STORE}/a`)
  if (steps.includes('syncdir')) disk.syncDirectory(STORE)
  return disk
}

describe('the disk of the simulator', () => {
  it('keeps what was synced, with its name, through every loss of power', () => {
    const disk = published('sync', 'link', 'syncdir')
    expect(disk.get('a')).toEqual(bytes)
    disk.losePower(LOSES)
    expect(disk.get('a')).toEqual(bytes)
  })

  it('keeps or loses a name whose directory was not synced, and its content whole', () => {
    for (const luck of [LOSES, KEEPS]) {
      const disk = published('sync', 'link')
      expect(disk.get('a')).toBeUndefined()
      disk.losePower(luck)
      expect(disk.get('a')).toEqual(luck === KEEPS ? bytes : undefined)
    }
  })

  it('tears what was not synced before its name was', () => {
    const disk = published('link', 'syncdir')
    expect(disk.get('a')).toBeUndefined()
    disk.losePower(KEEPS)
    expect(disk.paths('')).toEqual(['a'])
    expect(disk.get('a')).not.toEqual(bytes)
  })

  it('loses everything below a directory whose own name was not synced', () => {
    const disk = new SimDisk({ honest: true })
    disk.makeDirectory(`${STORE}/d`)
    disk.sync(disk.create(`${STORE}/d/a`))
    disk.syncDirectory(`${STORE}/d`)
    expect(disk.get('d/a')).toBeUndefined()
    disk.losePower(LOSES)
    expect(disk.find(`${STORE}/d`)).toBeUndefined()
  })

  it('may bring back what was removed, until the directory is synced', () => {
    for (const synced of [false, true]) {
      const disk = published('sync', 'link', 'syncdir')
      disk.unlink(`${STORE}/a`)
      if (synced) disk.syncDirectory(STORE)
      disk.losePower(LOSES)
      expect(disk.get('a')).toEqual(synced ? undefined : bytes)
    }
  })

  it('loses what it promised when it lies', () => {
    const disk = new SimDisk({ honest: false })
    const file = disk.create(`${STORE}/a`)
    disk.append(file, bytes)
    disk.sync(file)
    disk.syncDirectory(STORE)
    expect(disk.get('a')).toEqual(bytes)
    disk.losePower(KEEPS)
    expect(disk.get('a')).not.toEqual(bytes)
  })
})

describe('the real storage over it', () => {
  it('has lost nothing that it said was there, at whichever step the power fails', async () => {
    for (let dieAfter = 1; dieAfter <= 60; dieAfter++) {
      const world = new World(dieAfter)
      const disk = new SimDisk({ honest: true })
      const victim = new SimProcess(world, 'p')
      const failpoints = new Failpoints({ world, crash: () => {}, pause: () => {} })
      const at = {
        world,
        disk,
        prng: world.prng.fork(),
        failpoints,
        cutOff: new Set<string>(),
        full: new Set<string>(),
        soundDelayMs: HEALTHY_DISK.delayMsMax,
      }
      const storage: FsStorage = storageOf({ ...at, faults: () => HEALTHY_DISK }, victim)
      const said: string[] = []
      const publishing = async (): Promise<void> => {
        for (const path of ['job/log/1', 'job/chk-1/manifest', 'job/log/2']) {
          await storage.createExclusive(path, bytes, 'tag')
          said.push(path)
        }
      }
      // Does not settle when the process dies before its end.
      void publishing()
      let steps = 0
      await world.run(1_000, () => steps++ >= dieAfter)
      victim.kill()
      disk.losePower(() => world.prng.float())
      for (const path of said) expect(disk.get(path), `${dieAfter}: ${path}`).toEqual(bytes)
      for (const path of disk.paths('job')) expect(disk.get(path)).toEqual(bytes)
    }
  })
})
