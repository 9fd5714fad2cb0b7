// One manifest of a job with one task, for tests of whoever reads manifests.

import type { Manifest } from '@weirjs/common/core/checkpoint/manifest'
import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import {
  checkpointId,
  type JobId,
  leaderEpoch,
  operatorUid,
  vertexId,
} from '@weirjs/common/core/ids'

/** The file of its one task. */
export const SAMPLE_FILE = 'chk-7/v0-0-1-1.state'
export const SAMPLE_FILE_BYTES = 24

export function sampleManifest(job: JobId, change: Partial<Manifest> = {}): Manifest {
  const int = { name: 'int', version: 1 }
  return {
    version: 1,
    jobId: job,
    jobName: 'job',
    epoch: leaderEpoch(1),
    checkpointId: checkpointId(7),
    triggeredAtMs: 1,
    completedAtMs: 2,
    final: false,
    graph: { version: 1, name: 'job', nodes: [], edges: [] },
    settings: DEFAULT_JOB_SETTINGS,
    operators: [{ uid: operatorUid('op'), vertex: 'v0', parallelism: 1, maxParallelism: 128 }],
    tasks: [
      {
        task: { vertexId: vertexId('v0'), subtask: 0 },
        snapshot: {
          file: { path: SAMPLE_FILE, bytes: SAMPLE_FILE_BYTES, sha256: 'a'.repeat(64) },
          operators: [
            {
              uid: operatorUid('op'),
              ended: false,
              watermark: Number.MIN_SAFE_INTEGER,
              keyed: [
                {
                  name: 'n',
                  kind: 'value',
                  codec: int,
                  segments: [{ keyGroup: 3, offset: 0, bytes: 24, entries: 1 }],
                },
              ],
              lists: [
                {
                  name: 'l',
                  mode: 'list',
                  codec: int,
                  segment: { offset: 0, bytes: 0, entries: 0 },
                },
              ],
            },
          ],
        },
        stats: {
          syncMs: 0,
          asyncMs: 0,
          alignmentMs: 0,
          startDelayMs: 0,
          stallMsMax: 0,
          stateBytes: 24,
        },
      },
    ],
    ...change,
  }
}
