// The measures of a TaskManager process. Tasks are not among them: the JobManager tells those of the whole cluster, so that
// sums count each once.

import type { JobId } from '@weirjs/common/core/ids'
import { MetricText } from '@weirjs/common/core/metrics/metric-text'
import type { ProcessMeter } from '@weirjs/common/node/process-meter'
import type { Worker } from './worker.ts'

export interface WorkerMeasures {
  readonly worker: Pick<Worker, 'counters' | 'registered' | 'groupCount'>
  readonly slots: number
  /** Those in use. */
  readonly jobProcesses: readonly MeasuredProcess[]
}

export interface MeasuredProcess {
  readonly jobId: JobId
  readonly jobName: string
  /** Resident. */
  readonly memoryBytes: number
  readonly memoryBytesMax: number
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
  writeMemory(text, jobProcesses)
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

/** An attempt that ends and the next one may both have a process: a job is told once, with the sum. */
function writeMemory(text: MetricText, processes: readonly MeasuredProcess[]): void {
  const jobs = Map.groupBy(processes, ({ jobId }) => jobId)
  const each = (name: string, help: string, bytes: (one: MeasuredProcess) => number): void => {
    const family = text.family(name, 'gauge', help)
    for (const [jobId, own] of jobs) {
      const sum = own.reduce((total, one) => total + bytes(one), 0)
      family.sample(sum, { job: own[0]?.jobName ?? '', job_id: jobId })
    }
  }
  each(
    'weir_job_process_memory_bytes',
    'Resident memory of what a job has here.',
    ({ memoryBytes }) => memoryBytes,
  )
  each(
    'weir_job_process_memory_limit_bytes',
    'With more it is ended.',
    ({ memoryBytesMax }) => memoryBytesMax,
  )
}
