// Golden transcripts of the checkpoint coordinator. A line at the margin is what happens, `@ms` sets the clock, the
// indented lines below are what the coordinator asks for. Times are ms, wall clock = 1,000,000 + monotonic.

import { DEFAULT_CHECKPOINT_SETTINGS, type CheckpointSettings } from '@weirjs/common/core/graph/logical-graph'
import { attempt, checkpointId, jobId, leaderEpoch, vertexId, type TaskId } from '@weirjs/common/core/ids'
import type { Failure } from '@weirjs/common/core/errors'
import { describe, expect, it } from 'vitest'
import { CheckpointCoordinator } from './coordinator.ts'
import type { CompletedCheckpoint, CoordinatorEffect, CoordinatorEvent } from './events.ts'

const WALL_MS = 1_000_000
const task = (name: string): TaskId => ({ vertexId: vertexId(name), subtask: 0 })
const fence = { jobId: jobId('j'), epoch: leaderEpoch(1), attempt: attempt(1) }

function failure(code: string): Failure {
  return { code, message: code, domain: 'external', retry: 'backoff' }
}

function completed(id: number, kind: CompletedCheckpoint['kind'] = 'periodic'): CompletedCheckpoint {
  return {
    checkpointId: checkpointId(id), kind, manifestPath: `chk-${id}/manifest`, manifestSha256: 'x',
    triggeredAtMs: 0, completedAtMs: 0, stateBytes: 0,
  }
}

function eventOf(words: readonly string[], nowMs: number): CoordinatorEvent {
  const [verb = '', first = '', second = '', third = 'checkpoint/failed'] = words
  const now = { nowMs, wallMs: WALL_MS + nowMs }
  const id = checkpointId(Number(first))
  switch (verb) {
    case 'run':
      return { type: 'tasks-running', attempt: attempt(Number(first)), ...now }
    case 'stop':
      return { type: 'tasks-stopped', failure: failure('worker lost'), ...now }
    case 'end':
      return { type: 'all-end-of-data', ...now }
    case 'manual':
      return { type: 'manual-trigger', requestId: first, ...now }
    case 'tick':
      return { type: 'tick', ...now }
    case 'ack': {
      const stats = { syncMs: 1, asyncMs: 1, alignmentMs: 0, startDelayMs: 0, stallMsMax: 2, stateBytes: 10 }
      const snapshot = { file: null, operators: [] }
      return { type: 'acknowledged', ack: { fence, task: task(second), checkpointId: id, snapshot, stats }, ...now }
    }
    case 'decline':
      return {
        type: 'declined', decline: { fence, task: task(second), checkpointId: id, failure: failure(third) }, ...now,
      }
    case 'trigger-failed':
      return { type: 'trigger-failed', checkpointId: id, failure: failure('rpc/unavailable'), ...now }
    case 'manifest':
      return { type: 'manifest-written', checkpointId: id, path: `chk-${id}/manifest`, sha256: 'x', ...now }
    case 'manifest-failed':
      return { type: 'manifest-failed', checkpointId: id, failure: failure('storage/full'), ...now }
    case 'logged':
      return { type: 'completion-logged', checkpointId: id, ...now }
    case 'log-failed':
      return { type: 'completion-failed', checkpointId: id, failure: failure('log/unavailable'), ...now }
    default:
      throw new Error(`no such line: ${verb}`)
  }
}

function show(effect: CoordinatorEffect): string {
  switch (effect.type) {
    case 'trigger':
      return `trigger ${effect.checkpointId} ${effect.kind}`
    case 'write-manifest':
      return `write-manifest ${effect.checkpointId} of ${effect.content.tasks.map((one) => one.task.vertexId).join(' ')}`
    case 'log-completion':
      return `log-completion ${effect.completed.checkpointId}`
    case 'notify-complete':
      return `notify-complete ${effect.checkpointId}${effect.final ? ' final' : ''}`
    case 'notify-aborted':
      return `notify-aborted ${effect.checkpointId} ${effect.reason.code}`
    case 'discard-completed':
      return `discard ${effect.checkpoints.map((one) => one.checkpointId).join(' ')}`
    case 'discard-aborted':
      return `discard-aborted ${effect.checkpointId}`
    case 'wake-at':
      return `wake-at ${effect.atMs}`
    case 'fail-job':
      return `fail-job ${effect.failure.code}`
    case 'manual-result':
      return 'completed' in effect.result
        ? `answer ${effect.requestId} with ${effect.result.completed.checkpointId}`
        : `answer ${effect.requestId} with ${effect.result.failure.code}`
    case 'record': {
      const { checkpointId: id, state, acknowledged, total } = effect.record
      return `record ${id} ${state} ${acknowledged}/${total}`
    }
  }
}

function play(
  script: string,
  settings: Partial<CheckpointSettings>,
  start: { nextId?: number; retained?: readonly CompletedCheckpoint[] } = {},
): string {
  const coordinator = new CheckpointCoordinator({
    settings: { ...DEFAULT_CHECKPOINT_SETTINGS, ...settings },
    tasks: [task('a'), task('b')],
    nextCheckpointId: checkpointId(start.nextId ?? 1),
    retained: start.retained ?? [],
  })
  const lines: string[] = []
  let nowMs = 0
  for (const line of script.split('\n').filter((one) => one.trim() !== '' && !one.startsWith(' '))) {
    lines.push(line)
    const words = line.split(' ')
    if (words[0]?.startsWith('@') === true) nowMs = Number(words.shift()?.slice(1))
    for (const effect of coordinator.step(eventOf(words, nowMs))) lines.push(`    ${show(effect)}`)
  }
  return lines.join('\n')
}

function scenario(name: string, settings: Partial<CheckpointSettings>, script: string, start = {}): void {
  it(name, () => {
    const golden = script.replaceAll(/^ {6}/gm, '').trim()
    expect(play(golden, settings, start)).toBe(golden)
  })
}

const quick = { intervalMs: 100, timeoutMs: 1_000 }

describe('a checkpoint', () => {
  scenario('goes from trigger to notification step by step, and starts the next after its interval', quick, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 ack 1 a
          record 1 IN_PROGRESS 1/2
      @120 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @130 manifest 1
          log-completion 1
      @140 logged 1
          record 1 COMPLETED 2/2
          notify-complete 1
          wake-at 200
      @200 tick
          trigger 2 periodic
          record 2 IN_PROGRESS 0/2
          wake-at 1200
  `)

  scenario('ignores repeated and unknown acknowledgements', quick, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 ack 1 a
          record 1 IN_PROGRESS 1/2
      @111 ack 1 a
      @112 ack 1 zombie
      @113 ack 9 a
      @120 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @121 ack 1 b
      @130 manifest 1
          log-completion 1
      @140 logged 1
          record 1 COMPLETED 2/2
          notify-complete 1
          wake-at 200
      @150 ack 1 b
  `)

  scenario('is aborted when it takes too long, and what comes late is garbage', quick, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 ack 1 a
          record 1 IN_PROGRESS 1/2
      @1099 tick
          wake-at 1100
      @1100 tick
          record 1 FAILED 1/2
          notify-aborted 1 checkpoint/timed-out
          discard-aborted 1
          trigger 2 periodic
          record 2 IN_PROGRESS 0/2
          wake-at 2100
      @1150 ack 1 b
          discard-aborted 1
  `)

  scenario('does not time out any more once it is being written', quick, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 ack 1 a
          record 1 IN_PROGRESS 1/2
      @120 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @1100 tick
      @5000 manifest 1
          log-completion 1
      @9000 logged 1
          record 1 COMPLETED 2/2
          notify-complete 1
          trigger 2 periodic
          record 2 IN_PROGRESS 0/2
          wake-at 10000
  `)
})

describe('when the truth is in doubt', () => {
  scenario('a manifest that could not be written fails the checkpoint and deletes nothing', quick, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 ack 1 a
          record 1 IN_PROGRESS 1/2
      @120 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @130 manifest-failed 1
          record 1 FAILED 2/2
          notify-aborted 1 storage/full
          wake-at 200
      @140 ack 1 a
  `)

  scenario('a log entry in doubt keeps its files until a newer checkpoint is surely complete', { ...quick, retained: 1 }, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 7 periodic
          record 7 IN_PROGRESS 0/2
          wake-at 1100
      @110 ack 7 a
          record 7 IN_PROGRESS 1/2
      @110 ack 7 b
          record 7 IN_PROGRESS 2/2
          write-manifest 7 of a b
      @120 manifest 7
          log-completion 7
      @130 log-failed 7
          record 7 FAILED 2/2
          notify-aborted 7 log/unavailable
          wake-at 200
      @140 ack 7 a
      @200 tick
          trigger 8 periodic
          record 8 IN_PROGRESS 0/2
          wake-at 1200
      @210 ack 8 a
          record 8 IN_PROGRESS 1/2
      @210 ack 8 b
          record 8 IN_PROGRESS 2/2
          write-manifest 8 of a b
      @220 manifest 8
          log-completion 8
      @230 logged 8
          record 8 COMPLETED 2/2
          notify-complete 8
          discard 6 7
          wake-at 300
  `, { nextId: 7, retained: [completed(6)] })

  scenario('tasks that stop abort everything but the entry that is being logged', { ...quick, maxConcurrent: 3 }, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 200
      @110 ack 1 a
          record 1 IN_PROGRESS 1/2
      @110 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @120 manifest 1
          log-completion 1
      @200 tick
          trigger 2 periodic
          record 2 IN_PROGRESS 0/2
          wake-at 300
      @210 ack 2 a
          record 2 IN_PROGRESS 1/2
      @220 stop
          record 2 FAILED 1/2
          notify-aborted 2 checkpoint/tasks-stopped
          discard-aborted 2
      @230 ack 2 b
          discard-aborted 2
      @240 logged 1
          record 1 COMPLETED 2/2
      @300 tick
      @900 run 2
          trigger 3 periodic
          record 3 IN_PROGRESS 0/2
          wake-at 1000
  `)

  scenario('a manifest that arrives after the tasks stopped means nothing', quick, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 ack 1 a
          record 1 IN_PROGRESS 1/2
      @110 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @120 stop
          record 1 FAILED 2/2
          notify-aborted 1 checkpoint/tasks-stopped
          discard-aborted 1
      @130 manifest 1
      @131 manifest-failed 1
  `)
})

describe('the trigger policy', () => {
  scenario('measures the minimum pause from the completion before', { ...quick, minPauseMs: 250 }, `
      @0 run 1
          wake-at 250
      @250 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1250
      @260 ack 1 a
          record 1 IN_PROGRESS 1/2
      @260 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @270 manifest 1
          log-completion 1
      @400 logged 1
          record 1 COMPLETED 2/2
          notify-complete 1
          wake-at 650
      @350 tick
          wake-at 650
      @650 tick
          trigger 2 periodic
          record 2 IN_PROGRESS 0/2
          wake-at 1650
  `)

  scenario('takes a manual checkpoint within the minimum pause, and with periodic ones off', { intervalMs: null, minPauseMs: 60_000, timeoutMs: 1_000 }, `
      @0 manual too-early
          answer too-early with job/wrong-state
      @0 run 1
      @10 manual r1
          trigger 1 manual
          record 1 IN_PROGRESS 0/2
          wake-at 1010
      @11 manual r1
      @20 ack 1 a
          record 1 IN_PROGRESS 1/2
      @20 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @30 manifest 1
          log-completion 1
      @40 logged 1
          record 1 COMPLETED 2/2
          notify-complete 1
          answer r1 with 1
      @41 manual r2
          trigger 2 manual
          record 2 IN_PROGRESS 0/2
  `)

  scenario('lets manual requests wait for their turn, and serves them together', { intervalMs: null, timeoutMs: 1_000 }, `
      @0 run 1
      @10 manual r1
          trigger 1 manual
          record 1 IN_PROGRESS 0/2
          wake-at 1010
      @20 manual r2
      @21 manual r3
      @30 decline 1 a
          record 1 FAILED 0/2
          notify-aborted 1 checkpoint/failed
          discard-aborted 1
          answer r1 with checkpoint/failed
          trigger 2 manual
          record 2 IN_PROGRESS 0/2
      @40 stop
          record 2 FAILED 0/2
          notify-aborted 2 checkpoint/tasks-stopped
          discard-aborted 2
          answer r2 with checkpoint/tasks-stopped
          answer r3 with checkpoint/tasks-stopped
  `)

  scenario('completes in rising order, and lets the newest subsume the older', { ...quick, maxConcurrent: 3 }, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 200
      @150 manual r
          trigger 2 manual
          record 2 IN_PROGRESS 0/2
      @200 tick
          trigger 3 periodic
          record 3 IN_PROGRESS 0/2
          wake-at 1100
      @210 ack 1 a
          record 1 IN_PROGRESS 1/2
      @211 ack 2 a
          record 2 IN_PROGRESS 1/2
      @212 ack 3 a
          record 3 IN_PROGRESS 1/2
      @213 ack 3 b
          record 3 IN_PROGRESS 2/2
          write-manifest 3 of a b
      @214 ack 1 b
          record 1 IN_PROGRESS 2/2
      @220 manifest 3
          log-completion 3
      @230 logged 3
          record 3 COMPLETED 2/2
          notify-complete 3
          record 1 FAILED 2/2
          notify-aborted 1 checkpoint/subsumed
          discard-aborted 1
          record 2 FAILED 1/2
          notify-aborted 2 checkpoint/subsumed
          discard-aborted 2
          answer r with 3
          wake-at 300
  `)

  scenario('waits only for the minimum pause after a restart', { ...quick, minPauseMs: 30 }, `
      @0 run 2
          wake-at 30
      @30 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1030
  `)
})

describe('failures of checkpoints', () => {
  scenario('fail the job when more are met in a row than are borne, each id counted once', { ...quick, tolerableFailures: 1 }, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 decline 1 a
          record 1 FAILED 0/2
          notify-aborted 1 checkpoint/failed
          discard-aborted 1
          wake-at 200
      @111 decline 1 b
      @200 tick
          trigger 2 periodic
          record 2 IN_PROGRESS 0/2
          wake-at 1200
      @210 decline 2 a
          record 2 FAILED 0/2
          notify-aborted 2 checkpoint/failed
          discard-aborted 2
          fail-job checkpoint/too-many-failures
          wake-at 300
  `)

  scenario('do not count when a worker was out of reach or a task was not ready', { ...quick, tolerableFailures: 0 }, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 trigger-failed 1
          record 1 FAILED 0/2
          notify-aborted 1 rpc/unavailable
          discard-aborted 1
          wake-at 200
      @200 tick
          trigger 2 periodic
          record 2 IN_PROGRESS 0/2
          wake-at 1200
      @210 decline 2 b checkpoint/task-not-ready
          record 2 FAILED 0/2
          notify-aborted 2 checkpoint/task-not-ready
          discard-aborted 2
          wake-at 300
  `)
})

describe('the final checkpoint', () => {
  scenario('is taken at once although periodic checkpoints are off, and nothing comes after it', { intervalMs: null }, `
      @0 run 1
      @50 end
          trigger 1 final
          record 1 IN_PROGRESS 0/2
          wake-at 600050
      @55 end
      @56 manual r
          answer r with job/wrong-state
      @60 ack 1 a
          record 1 IN_PROGRESS 1/2
      @60 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @70 manifest 1
          log-completion 1
      @80 logged 1
          record 1 COMPLETED 2/2
          notify-complete 1 final
      @90 manual r2
          answer r2 with job/wrong-state
      @600050 tick
  `)

  scenario('takes the place of what is being collected, and answers who waited for that', { ...quick, minPauseMs: 5_000 }, `
      @0 run 2
          wake-at 5000
      @10 manual r1
          trigger 1 manual
          record 1 IN_PROGRESS 0/2
          wake-at 1010
      @20 manual r2
      @30 ack 1 a
          record 1 IN_PROGRESS 1/2
      @40 end
          record 1 FAILED 1/2
          notify-aborted 1 checkpoint/subsumed
          discard-aborted 1
          trigger 2 final
          record 2 IN_PROGRESS 0/2
      @41 ack 1 b
          discard-aborted 1
      @50 ack 2 a
          record 2 IN_PROGRESS 1/2
      @50 ack 2 b
          record 2 IN_PROGRESS 2/2
          write-manifest 2 of a b
      @60 manifest 2
          log-completion 2
      @70 logged 2
          record 2 COMPLETED 2/2
          notify-complete 2 final
          answer r2 with 2
          answer r1 with 2
  `)

  scenario('is tried again after a delay that grows', quick, `
      @0 run 1
          wake-at 100
      @50 end
          trigger 1 final
          record 1 IN_PROGRESS 0/2
      @60 decline 1 a
          record 1 FAILED 0/2
          notify-aborted 1 checkpoint/failed
          discard-aborted 1
      @100 tick
          wake-at 560
      @560 tick
          trigger 2 final
          record 2 IN_PROGRESS 0/2
          wake-at 1560
      @600 decline 2 b
          record 2 FAILED 0/2
          notify-aborted 2 checkpoint/failed
          discard-aborted 2
      @1560 tick
          wake-at 1600
      @1600 tick
          trigger 3 final
          record 3 IN_PROGRESS 0/2
          wake-at 2600
  `)

  scenario('is forgotten when the tasks restart, until they reach their end again', { intervalMs: null, timeoutMs: 1_000 }, `
      @0 run 1
      @50 end
          trigger 1 final
          record 1 IN_PROGRESS 0/2
          wake-at 1050
      @60 ack 1 a
          record 1 IN_PROGRESS 1/2
      @70 stop
          record 1 FAILED 1/2
          notify-aborted 1 checkpoint/tasks-stopped
          discard-aborted 1
      @80 run 2
      @90 end
          trigger 2 final
          record 2 IN_PROGRESS 0/2
  `)

  scenario('waits behind the checkpoint that is being logged', quick, `
      @0 run 1
          wake-at 100
      @100 tick
          trigger 1 periodic
          record 1 IN_PROGRESS 0/2
          wake-at 1100
      @110 ack 1 a
          record 1 IN_PROGRESS 1/2
      @110 ack 1 b
          record 1 IN_PROGRESS 2/2
          write-manifest 1 of a b
      @120 manifest 1
          log-completion 1
      @130 end
          trigger 2 final
          record 2 IN_PROGRESS 0/2
      @140 ack 2 a
          record 2 IN_PROGRESS 1/2
      @140 ack 2 b
          record 2 IN_PROGRESS 2/2
      @150 logged 1
          record 1 COMPLETED 2/2
          notify-complete 1
          write-manifest 2 of a b
      @160 manifest 2
          log-completion 2
      @170 logged 2
          record 2 COMPLETED 2/2
          notify-complete 2 final
  `)

  scenario('is not repeated by a leader that finds it complete', quick, `
      @0 run 3
      @10 end
      @100 tick
  `, { nextId: 12, retained: [completed(4), completed(5, 'final')] })
})
