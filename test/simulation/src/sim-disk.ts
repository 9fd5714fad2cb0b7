// The checkpoint storage's disk in a simulation: the memory disk, with somebody who looks at everything that becomes
// durable or is deleted, at the moment when it happens.

import { MemoryDisk } from '@weirjs/common/core/checkpoint/memory-storage'

export interface DiskWatcher {
  created(path: string, bytes: Uint8Array): void
  deleted(path: string): void
}

export class SimDisk extends MemoryDisk {
  watcher: DiskWatcher | null = null

  override create(path: string, bytes: Uint8Array): boolean {
    const made = super.create(path, bytes)
    if (made) this.watcher?.created(path, bytes)
    return made
  }

  override delete(path: string): void {
    if (this.get(path) === undefined) return
    super.delete(path)
    this.watcher?.deleted(path)
  }
}
