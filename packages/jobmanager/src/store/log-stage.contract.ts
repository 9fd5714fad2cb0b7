// Leaders on one memory disk, for tests of the job log: what a storage does to them is said by the test.

import {
  MemoryDisk,
  MemoryStorage,
  type StorageVerdict,
} from '@weirjs/common/core/checkpoint/memory-storage'
import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { bundleHash, checkpointId, jobId, type JobId } from '@weirjs/common/core/ids'
import { ManualScheduler } from '@weirjs/common/core/manual-scheduler'
import { Prng } from '@weirjs/common/core/prng'
import { drive } from '@weirjs/common/node/virtual-time'
import type { CompletedCheckpoint } from '../core/checkpoint/events.ts'
import type { JobSubmission } from './job-history.ts'
import { JobLog, type JobLogOptions } from './job-log.ts'

export const JOB: JobId = jobId('0123456789abcdef0123456789abcdef')
export const submission: JobSubmission = {
  submissionId: 's',
  graph: { version: 1, name: 'job', nodes: [], edges: [] },
  plan: { jobName: 'job', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
  settings: DEFAULT_JOB_SETTINGS,
  bundleHash: bundleHash('b'),
  args: { text: 'ä\u0000"', big: 2 ** 53 - 1 },
  submittedAtMs: 5,
  restore: null,
}

export function completed(
  id: number,
  kind: CompletedCheckpoint['kind'] = 'periodic',
): CompletedCheckpoint {
  return {
    checkpointId: checkpointId(id),
    kind,
    manifestPath: `${JOB}/chk-${id}/manifest`,
    manifestSha256: 'x',
    triggeredAtMs: 1,
    completedAtMs: 2,
    stateBytes: 3,
  }
}
export const complete = (log: JobLog, id: number): Promise<void> =>
  log.append({ type: 'completed', checkpoint: completed(id) })
export const isEntry = (path: string): boolean => /\/\d{10}$/.test(path)
export const ids = (checkpoints: readonly CompletedCheckpoint[]): number[] =>
  checkpoints.map((one) => one.checkpointId)

/** Leaders on one disk; `fault` may spoil any operation. */
export class Stage {
  readonly disk = new MemoryDisk()
  readonly time = new ManualScheduler()
  readonly reader = new MemoryStorage({ disk: this.disk })
  fault: (operation: string, path: string) => StorageVerdict = () => ({ verdict: 'ok' })
  #seed = 1

  options(): JobLogOptions {
    const storage = new MemoryStorage({
      disk: this.disk,
      onOperation: (op, path) => this.fault(op, path),
    })
    return { storage, jobId: JOB, prng: new Prng(this.#seed++), scheduler: this.time }
  }

  create(): Promise<JobLog> {
    return drive(this.time, JobLog.create(this.options(), submission))
  }

  open(): Promise<JobLog> {
    return drive(this.time, JobLog.open(this.options()))
  }

  run<T>(work: Promise<T>): Promise<T> {
    return drive(this.time, work)
  }
}
