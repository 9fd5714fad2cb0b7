// Faults of the checkpoint storage by place: the state files of a checkpoint, its manifest, entries of the job log.

import type {
  StorageOperation,
  StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'

export type StorageHook = (operation: StorageOperation, path: string) => StorageVerdict

const OK: StorageVerdict = { verdict: 'ok' }
const FULL: StorageVerdict = { verdict: 'fail', code: 'storage/full' }

export const checkpointOf = (path: string): number | null => {
  const id = /\/chk-(\d+)\//.exec(path)?.[1]
  return id === undefined ? null : Number(id)
}

/** The storage is full when a state file of these checkpoints is published: the asynchronous part fails. */
export function fullForStates(...ids: readonly number[]): StorageHook {
  return (operation, path) =>
    operation === 'publish' && ids.includes(checkpointOf(path) ?? 0) ? FULL : OK
}

/** The storage is full when the manifests of these checkpoints are written. */
export function fullForManifests(...ids: readonly number[]): StorageHook {
  return (operation, path) =>
    operation === 'create' && path.endsWith('/manifest') && ids.includes(checkpointOf(path) ?? 0)
      ? FULL
      : OK
}

/** Publishing a state file of these checkpoints takes `ms`. */
export function slowStates(ms: number, ...ids: readonly number[]): StorageHook {
  return (operation, path) =>
    operation === 'publish' && ids.includes(checkpointOf(path) ?? 0) ? { verdict: 'delay', ms } : OK
}

/** The first hook that has something to say. */
export function either(...hooks: readonly StorageHook[]): StorageHook {
  return (operation, path) => {
    for (const hook of hooks) {
      const verdict = hook(operation, path)
      if (verdict.verdict !== 'ok') return verdict
    }
    return OK
  }
}
