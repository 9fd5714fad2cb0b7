import type { CheckpointStorage } from '@weirjs/common/core/checkpoint/storage'
import { WeirError } from '@weirjs/common/core/errors'

/** Whether there is such a file. Throws `storage/…` when nobody can say. */
export async function isThere(storage: CheckpointStorage, path: string): Promise<boolean> {
  try {
    await storage.size(path)
    return true
  } catch (error) {
    if (error instanceof WeirError && error.code === 'storage/not-found') return false
    throw error
  }
}
