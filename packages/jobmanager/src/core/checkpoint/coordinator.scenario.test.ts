// Plays the golden transcripts in scenarios/*.txt. There `==` names a scenario and `given` its settings; a line at the
// margin is what happens, `@ms` sets the clock, and the indented lines below are what the coordinator asks for.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  DEFAULT_CHECKPOINT_SETTINGS,
  type CheckpointSettings,
} from '@weirjs/common/core/graph/logical-graph'
import {
  attempt,
  checkpointId,
  jobId,
  leaderEpoch,
  vertexId,
  type TaskId,
} from '@weirjs/common/core/ids'
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

function completed(
  id: number,
  kind: CompletedCheckpoint['kind'] = 'periodic',
): CompletedCheckpoint {
  return {
    checkpointId: checkpointId(id),
    kind,
    manifestPath: `chk-${id}/manifest`,
    manifestSha256: 'x',
    triggeredAtMs: 0,
    completedAtMs: 0,
    stateBytes: 0,
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
      const stats = {
        syncMs: 1,
        asyncMs: 1,
        alignmentMs: 0,
        startDelayMs: 0,
        stallMsMax: 2,
        stateBytes: 10,
      }
      const snapshot = { file: null, operators: [] }
      return {
        type: 'acknowledged',
        ack: { fence, task: task(second), checkpointId: id, snapshot, stats },
        ...now,
      }
    }
    case 'decline':
      return {
        type: 'declined',
        decline: { fence, task: task(second), checkpointId: id, failure: failure(third) },
        ...now,
      }
    case 'trigger-failed':
      return {
        type: 'trigger-failed',
        checkpointId: id,
        failure: failure('rpc/unavailable'),
        ...now,
      }
    case 'manifest':
      return {
        type: 'manifest-written',
        checkpointId: id,
        path: `chk-${id}/manifest`,
        sha256: 'x',
        ...now,
      }
    case 'manifest-failed':
      return {
        type: 'manifest-failed',
        checkpointId: id,
        failure: failure(second === '' ? 'storage/full' : second),
        ...now,
      }
    case 'logged':
      return { type: 'completion-logged', checkpointId: id, ...now }
    case 'log-failed':
      return {
        type: 'completion-failed',
        checkpointId: id,
        failure: failure('log/unavailable'),
        ...now,
      }
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

/** `key=value …` as settings and as the past that a leader finds. */
function given(line: string): {
  settings: Partial<CheckpointSettings>
  nextId: number
  past: CompletedCheckpoint[]
} {
  const words = new Map(
    line
      .split(' ')
      .slice(1)
      .map((word) => word.split('=') as [string, string]),
  )
  const past = (words.get('completed') ?? '').split(',').filter((one) => one !== '')
  const nextId = Number(words.get('nextId') ?? 1)
  words.delete('completed')
  words.delete('nextId')
  const settings = Object.fromEntries(
    [...words].map(([key, value]) => [key, JSON.parse(value) as unknown]),
  )
  const kindOf = (one: string) => (one.endsWith(':final') ? 'final' : 'periodic')
  return {
    settings,
    nextId,
    past: past.map((one) => completed(Number.parseInt(one, 10), kindOf(one))),
  }
}

function play(header: string, script: readonly string[]): string {
  const { settings, nextId, past } = given(header)
  const coordinator = new CheckpointCoordinator({
    settings: { ...DEFAULT_CHECKPOINT_SETTINGS, ...settings },
    tasks: [task('a'), task('b')],
    nextCheckpointId: checkpointId(nextId),
    retained: past,
  })
  const lines: string[] = []
  let nowMs = 0
  for (const line of script) {
    lines.push(line)
    const words = line.split(' ')
    if (words[0]?.startsWith('@') === true) nowMs = Number(words.shift()?.slice(1))
    for (const effect of coordinator.step(eventOf(words, nowMs))) lines.push(`    ${show(effect)}`)
  }
  return lines.join('\n')
}

const directory = join(import.meta.dirname, 'scenarios')
for (const file of readdirSync(directory).sort()) {
  describe(file.replace('.txt', '').replaceAll('-', ' '), () => {
    const scenarios = readFileSync(join(directory, file), 'utf8').split(/^== /m).slice(1)
    for (const scenario of scenarios) {
      const [name = '', header = '', ...rest] = scenario.trimEnd().split('\n')
      it(name, () => {
        const golden = rest.join('\n').trim()
        const happenings = golden.split('\n').filter((line) => !line.startsWith(' '))
        expect(happenings.length).toBeGreaterThan(0)
        expect(play(header, happenings)).toBe(golden)
      })
    }
  })
}
