// What Weir promises, and which suites try to break each promise (called pledge here: a Promise is something else in this
// language). P8 (bounds everywhere), P9 and P10 (rescaling and upgrades from savepoints) are not claimed yet.

export interface Pledge {
  readonly id: string
  readonly promise: string
  readonly boundary: string
  /** Names of suites whose last run must have passed for the page to say "proven". */
  readonly suites: readonly string[]
  /** Links, from docs/internals. */
  readonly tests: readonly (readonly [text: string, path: string])[]
}

const CONFORMANCE = '../../test/conformance'

export const PLEDGES: readonly Pledge[] = [
  {
    id: 'P1',
    promise:
      'State is exactly once: every record counts in state as if it had been processed once, through any number of crashes, pauses, partitions and changes of leader',
    boundary: 'sources that can be replayed; the checkpoint storage survives',
    suites: ['simulate', 'simulate-long', 'faults', 'chaos', 'mutants'],
    tests: [
      ['simulator', 'simulator.md'],
      ['chaos', 'chaos.md'],
      ['fault cells', 'faults.md'],
    ],
  },
  {
    id: 'P2',
    promise:
      'Committed output is exactly once: whoever reads it sees no duplicate, no lasting gap and no retraction, also while faults happen',
    boundary: 'sinks that commit (files today)',
    suites: ['simulate', 'faults', 'chaos', 'finish', 'mutants'],
    tests: [
      ['file sink', `${CONFORMANCE}/c40-file-sink.test.ts`],
      ['final checkpoint', `${CONFORMANCE}/c37-final-checkpoint.test.ts`],
      ['what a sink must survive', '../../packages/api/src/contracts/sink.contract.ts'],
    ],
  },
  {
    id: 'P3',
    promise:
      'A checkpoint that was reported complete survives `kill -9` of everything, and the loss of power',
    boundary: 'the storage honours `fsync`',
    suites: ['simulate', 'faults', 'mutants'],
    tests: [
      ['power loss, really', 'faults.md'],
      ['what a storage must do', '../../packages/common/src/core/checkpoint/storage.contract.ts'],
    ],
  },
  {
    id: 'P4',
    promise:
      'State that is damaged, cut, missing or foreign is found before a record is processed; nothing is half restored, nothing older is taken in silence',
    boundary: 'CRC-32 for each chunk, SHA-256 for each file',
    suites: ['prove', 'mutants'],
    tests: [
      ['damage', `${CONFORMANCE}/corruption.test.ts`],
      ['refusals', `${CONFORMANCE}/restore-refused.test.ts`],
    ],
  },
  {
    id: 'P5',
    promise:
      "At most one leader's decisions count; a JobManager or TaskManager that was deposed, cut off or asleep changes neither state nor output",
    boundary: 'the storage has an exclusive create, which is tried at start',
    suites: ['simulate', 'faults', 'mutants'],
    tests: [
      ['rival JobManagers', '../../packages/jobmanager/src/job-manager-rivals.test.ts'],
      ['zombies', 'faults.md'],
    ],
  },
  {
    id: 'P6',
    promise: 'Nothing correct depends on clocks; when they jump, only processing time does too',
    boundary: 'the monotonic clock is monotonic',
    suites: ['simulate', 'faults'],
    tests: [['clock cells', '../../test/faults/cells.md']],
  },
  {
    id: 'P7',
    promise:
      'A job is back soon: after the loss of a TaskManager within 2 s (95 of 100), of the JobManager within 8 s, after silence within the heartbeat time-out and 2 s',
    boundary: 'fast profile, small state, two cores; no standby JobManager yet',
    suites: ['recovery', 'faults'],
    tests: [['how it is measured', 'chaos.md']],
  },
  {
    id: 'P11',
    promise:
      'As installed, it listens on loopback only, every call that changes something needs the token, and nothing is executed for strangers',
    boundary: 'flags that open it say so and are logged',
    suites: ['tests', 'bad-input', 'compose'],
    tests: [
      ['calls of strangers', '../../packages/common/src/rpc/security.test.ts'],
      ['boundary', '../../SECURITY.md'],
    ],
  },
]
