// The measures of a TaskManager process. Tasks are not among them: the JobManager tells those of the whole cluster, so that
// sums count each once.

import { MetricText } from '@weirjs/common/core/metrics/metric-text'
import type { ProcessMeter } from '@weirjs/common/node/process-meter'
import type { Worker } from './worker.ts'

export interface WorkerMeasures {
  readonly worker: Pick<Worker, 'counters' | 'registered' | 'groupCount'>
  readonly slots: number
  /** Resident memory of each job process in use, bytes. */
  readonly jobProcesses: readonly number[]
}

export function workerMetrics(meter: ProcessMeter, measures: WorkerMeasures): string {
  const { worker, slots, jobProcesses } = measures
  const { strangersRefused, messagesRefused, linesDropped } = worker.counters
  const text = new MetricText()
  meter.write(text)
  const one = (name: string, type: 'gauge' | 'counter', help: string, value: number): void => {
    text.family(name, type, help).sample(value)
  }
  one('weir_worker_slots', 'gauge', 'Slots that it offers.', slots)
  one('weir_worker_registered', 'gauge', '1: the JobManager knows it.', worker.registered ? 1 : 0)
  one('weir_worker_attempts', 'gauge', 'Attempts of jobs that hold slots.', worker.groupCount)
  one('weir_job_processes', 'gauge', 'Job processes at work.', jobProcesses.length)
  one(
    'weir_job_process_memory_bytes',
    'gauge',
    'Resident memory of all job processes at work.',
    jobProcesses.reduce((sum, bytes) => sum + bytes, 0),
  )
  one(
    'weir_worker_calls_refused_total',
    'counter',
    'Calls of older leaders and attempts.',
    strangersRefused,
  )
  one(
    'weir_worker_messages_refused_total',
    'counter',
    'Messages that the JobManager did not take.',
    messagesRefused,
  )
  one(
    'weir_worker_lines_dropped_total',
    'counter',
    'Printed lines that came faster than they could be sent.',
    linesDropped,
  )
  return text.toString()
}
