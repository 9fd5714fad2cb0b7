// What a watcher of a job is told, between the wire and ours.

import { OUTPUT_LINE_CHARS_MAX } from '../core/gateways.ts'
import { unreachable } from '../core/assert.ts'
import type { JobEventView } from '../job-client.ts'
import { ratio, real, required, whole, word } from './check.ts'
import { failureFromWire, failureToWire, toCheckpointId } from './convert.ts'
import { OUTPUT_STREAM } from './convert-coordinator.ts'
import {
  checkpointFromWire,
  checkpointToWire,
  summaryFromWire,
  summaryToWire,
} from './convert-job.ts'
import type { WatchResponse, WatchResponse__Output } from './gen/weir/v1/WatchResponse.ts'

export function jobEventToWire(event: JobEventView): WatchResponse {
  switch (event.type) {
    case 'state':
      return { state: summaryToWire(event.job) }
    case 'checkpoint':
      return { checkpoint: checkpointToWire(event.checkpoint) }
    case 'failure':
      return {
        failure: {
          failure: failureToWire(event.failure),
          willRestart: event.willRestart,
          delayMs: event.delayMs,
        },
      }
    case 'restored':
      return {
        restored: { checkpointId: event.checkpointId, attempt: whole(event.attempt, 'attempt') },
      }
    case 'progress':
      return {
        progress: {
          recordsIn: whole(event.recordsIn, 'recordsIn'),
          recordsOut: whole(event.recordsOut, 'recordsOut'),
          ...(event.doneRatio === null ? {} : { doneRatio: event.doneRatio }),
        },
      }
    case 'output':
      return {
        output: {
          stream: OUTPUT_STREAM[event.stream],
          text: event.text.slice(0, OUTPUT_LINE_CHARS_MAX),
        },
      }
    case 'lost-output':
      return { lostOutput: { lines: whole(event.lines, 'lines') } }
    case 'output-log':
      return { outputLog: { epoch: whole(event.epoch, 'epoch') } }
    default:
      return unreachable(event)
  }
}

/** null: of a kind that came with a newer JobManager. Whoever follows the job does without it. */
export function jobEventFromWire(wire: WatchResponse__Output): JobEventView | null {
  switch (wire.event) {
    case 'state':
      return { type: 'state', job: summaryFromWire(wire.state, 'state') }
    case 'checkpoint':
      return { type: 'checkpoint', checkpoint: checkpointFromWire(wire.checkpoint, 'checkpoint') }
    case 'failure': {
      const { failure, willRestart, delayMs } = required(wire.failure, 'failure')
      return {
        type: 'failure',
        failure: failureFromWire(failure, 'failure.failure'),
        willRestart,
        delayMs: real(delayMs, 'failure.delayMs'),
      }
    }
    case 'restored': {
      const { checkpointId, attempt } = required(wire.restored, 'restored')
      return {
        type: 'restored',
        checkpointId: toCheckpointId(checkpointId, 'restored.checkpointId'),
        attempt: whole(attempt, 'restored.attempt'),
      }
    }
    case 'progress': {
      const { recordsIn, recordsOut, doneRatio } = required(wire.progress, 'progress')
      return {
        type: 'progress',
        recordsIn: whole(recordsIn, 'progress.recordsIn'),
        recordsOut: whole(recordsOut, 'progress.recordsOut'),
        doneRatio: doneRatio === undefined ? null : ratio(doneRatio, 'progress.doneRatio'),
      }
    }
    case 'output': {
      const { stream, text } = required(wire.output, 'output')
      return {
        type: 'output',
        stream: word(OUTPUT_STREAM, stream, 'output.stream'),
        text: text.slice(0, OUTPUT_LINE_CHARS_MAX),
      }
    }
    case 'lostOutput':
      return { type: 'lost-output', lines: whole(wire.lostOutput?.lines, 'lostOutput.lines') }
    case 'outputLog':
      return { type: 'output-log', epoch: whole(wire.outputLog?.epoch, 'outputLog.epoch') }
    default:
      return null
  }
}
