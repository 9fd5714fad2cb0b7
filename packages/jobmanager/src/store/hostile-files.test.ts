// Files of the checkpoint storage that somebody made to do harm: whole envelopes, with a checksum that fits, and nonsense in
// them. What is behind the envelope is refused with a WeirError, or is what it says.

import { seal } from '@weirjs/common/codec/envelope'
import { attack, type Decoder, tell } from '@weirjs/common/codec/hostile.contract'
import { PROPERTY_SEED, runs } from '@weirjs/common/codec/runs.contract'
import { DEFAULT_JOB_SETTINGS } from '@weirjs/common/core/graph/logical-graph'
import { attempt, bundleHash, checkpointId, jobId, leaderEpoch } from '@weirjs/common/core/ids'
import { expect, test } from 'vitest'
import { foldEntry, type JobSubmission, type LogBody } from './job-history.ts'
import { openEntry } from './log-entry.ts'
import { openManifest } from './manifest-format.ts'
import { sampleManifest } from './sample-manifest.fixture.ts'

const JOB = jobId('0123456789abcdef0123456789abcdef')
const INDEX = 7
const CASES = runs(4_000, 1_000_000)

const submission: JobSubmission = {
  submissionId: 's',
  graph: { version: 1, name: 'job', nodes: [], edges: [] },
  plan: { jobName: 'job', vertices: [], edges: [], mode: 'exactly-once', bufferTimeoutMs: 5 },
  settings: DEFAULT_JOB_SETTINGS,
  bundleHash: bundleHash('b'),
  args: { text: 'ä' },
  submittedAtMs: 5,
  restore: null,
}
const stamp = { index: 1, epoch: leaderEpoch(1), atMs: 1 }
const history = foldEntry(null, { type: 'submitted', submission }, stamp)
const checkpoint = {
  checkpointId: checkpointId(3),
  kind: 'periodic' as const,
  manifestPath: `${JOB}/chk-3/manifest`,
  manifestSha256: 'a'.repeat(64),
  triggeredAtMs: 1,
  completedAtMs: 2,
  stateBytes: 3,
}
const bodies: readonly LogBody[] = [
  { type: 'submitted', submission },
  { type: 'epoch', firstCheckpointId: checkpointId(12) },
  { type: 'attempt', attempt: attempt(2), restoredFrom: null, failure: null },
  { type: 'ids', upTo: checkpointId(40) },
  { type: 'completed', checkpoint },
  { type: 'discarded', ids: [checkpointId(1), checkpointId(2)] },
  { type: 'finishing', checkpointId: checkpointId(3) },
  { type: 'cancel-requested' },
  { type: 'terminal', state: 'FINISHED', failure: null, endedAtMs: 9 },
  { type: 'fold', history: foldEntry(history, { type: 'completed', checkpoint }, stamp) },
]
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

const decoders: readonly Decoder[] = [
  {
    name: 'manifest',
    samples: [json(sampleManifest(JOB))],
    disguise: (bytes) => seal('manifest', 1, bytes),
    read: (bytes) => openManifest(bytes, 'file'),
  },
  {
    name: 'job log entry',
    samples: bodies.map((body) =>
      json({ job: JOB, index: INDEX, epoch: 1, uuid: 'u', previous: 'p', atMs: 5, body }),
    ),
    disguise: (bytes) => seal('job-log', 1, bytes),
    read: (bytes) => {
      const entry = openEntry(JOB, INDEX, bytes, 'file')
      return foldEntry(history, entry.body, entry)
    },
  },
]

test.each(decoders.map((decoder) => [decoder.name, decoder] as const))(
  'nonsense behind a checksum that fits is refused, or is read: %s',
  (_name, decoder) => {
    const report = attack(decoder, CASES, PROPERTY_SEED)
    if (CASES >= 100_000) console.log(tell(report))
    expect(report.refused).toBeGreaterThan(0)
  },
  600_000,
)
