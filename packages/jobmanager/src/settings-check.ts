// Refuses job settings that cannot be meant, by the key of the setting. The command line and the SDK check earlier, by the
// same table of bounds, and say it nearer to the author; this is the last door, for whoever comes over the wire.

import { WeirError } from '@weirjs/common/core/errors'
import type { JobSettings } from '@weirjs/common/core/graph/logical-graph'
import {
  jobValueProblem,
  jobValuesOf,
  type JobKey,
  shownValue,
  TASK_BOUNDS,
  type TaskKey,
  taskValue,
  unfitNeighbours,
  wantedOf,
} from '@weirjs/common/core/job-bounds'

/** Throws `job/invalid-settings`. */
export function checkSettings(settings: JobSettings): void {
  const values = jobValuesOf(settings)
  for (const [key, value] of Object.entries(values)) {
    const problem = jobValueProblem(key as JobKey, value, 'as submitted')
    if (problem !== null) throw invalid(problem)
  }
  for (const [larger, smaller] of unfitNeighbours(values))
    throw invalid(`${larger} must be at least ${smaller}, which is ${String(values[smaller])}`)
  for (const [key, text] of Object.entries(settings.config)) {
    if (!isTaskKey(key) || taskValue(key, text) !== null) continue
    throw invalid(`${key} is ${shownValue(text)}, but must be ${wantedOf(TASK_BOUNDS[key])}`)
  }
}

const isTaskKey = (key: string): key is TaskKey => Object.hasOwn(TASK_BOUNDS, key)

function invalid(message: string): WeirError {
  return new WeirError('job/invalid-settings', message, { domain: 'user', retry: 'never' })
}
