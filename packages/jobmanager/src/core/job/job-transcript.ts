// Effects of a job machine as lines that a person reads: golden transcripts in tests, traces in the simulator.

import { unreachable } from '@weirjs/common/core/assert'
import { taskKey } from '@weirjs/common/core/ids'
import type { JobEffect } from '../events.ts'

/** One line for one effect. */
export function describeEffect(effect: JobEffect): string {
  switch (effect.type) {
    case 'request-seats':
      return `request-seats ${effect.wanted.batches.map((seats) => seats.length).join('+') || 0} keep ${effect.wanted.kept.size}`
    case 'load-restore':
      return `load-restore ${effect.source.kind === 'own' ? effect.source.completed.checkpointId : effect.source.path}`
    case 'allocate':
      return `allocate ${effect.workerId} a${effect.fence.attempt} ${effect.slots.join(',')}`
    case 'deploy': {
      const { tasks, fence } = effect.request
      const restored = tasks[0]?.restore
      const from =
        restored === null || restored === undefined
          ? ''
          : ` from ${restored.checkpointId}${restored.commitOnly ? ' commit-only' : ''}`
      return `deploy ${effect.workerId} a${fence.attempt} ${tasks.map(({ task }) => taskKey(task)).join(' ')}${from}`
    }
    case 'run':
    case 'cancel':
      return `${effect.type} ${effect.workerId} a${effect.request.fence.attempt} ${effect.request.tasks.map(taskKey).join(' ')}`
    case 'release':
      return `release ${effect.workerId} a${effect.fence.attempt}`
    case 'trigger':
      return `trigger ${effect.request.checkpointId}${effect.request.final ? ' final' : ''} ${effect.workerId} a${effect.request.fence.attempt} ${effect.request.tasks.map(taskKey).join(' ')}`
    case 'notify-complete':
    case 'notify-aborted':
      return `${effect.type} ${effect.notice.checkpointId}${effect.notice.final ? ' final' : ''} ${effect.workerId} a${effect.notice.fence.attempt}`
    case 'write-manifest':
      return `write-manifest ${effect.content.checkpointId}`
    case 'log-completion':
      return `log-completion ${effect.completed.checkpointId} ${effect.completed.kind}`
    case 'discard-completed':
      return `discard-completed ${effect.checkpoints.map((one) => one.checkpointId).join(',')}`
    case 'discard-aborted':
      return `discard-aborted ${effect.checkpointId}`
    case 'log-terminal':
      return `log-terminal ${effect.state}${effect.failure === null ? '' : ` ${effect.failure.code}`}`
    case 'clean-up':
      return `clean-up ${effect.keepCheckpoints ? 'keep' : 'delete'} checkpoints`
    case 'state-changed':
      return `${effect.from} → ${effect.to}`
    case 'health-changed':
      return `health ${effect.degraded?.code ?? 'ok'}`
    case 'failed':
      return `failed ${effect.failure.code} ${effect.willRestart ? `restart in ${Math.round(effect.delayMs)}` : 'for good'}`
    case 'restored':
      return `restored ${effect.checkpointId} a${effect.attempt}`
    case 'manual-result':
      return `manual-result ${effect.requestId} ${'completed' in effect.result ? effect.result.completed.checkpointId : effect.result.failure.code}`
    case 'attempt-changed':
    case 'cancel-accepted':
    case 'checkpoint-record':
    case 'ended':
    case 'free-seats':
    case 'log-cancel':
    case 'wake-at':
      return effect.type
    default:
      return unreachable(effect)
  }
}
