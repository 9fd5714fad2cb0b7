import { ProcessMeter } from '@weirjs/common/node/process-meter'
import { jobId } from '@weirjs/common/core/ids'
import { expect, it } from 'vitest'
import { workerMetrics } from './metrics.ts'

it('tells what a worker holds, what it refused, and what its process uses', () => {
  const counters = { strangersRefused: 3, messagesRefused: 2, linesDropped: 1 }
  const worker = { counters, registered: true, groupCount: 1 }
  const meter = new ProcessMeter({ role: 'taskmanager', version: 'test' })
  const [one, other] = [jobId('1'.repeat(32)), jobId('2'.repeat(32))]
  const ofOne = { jobId: one, jobName: 'one', memoryBytesMax: 40 }
  const jobProcesses = [
    { ...ofOne, memoryBytes: 10 },
    { jobId: other, jobName: 'other', memoryBytes: 20, memoryBytesMax: 60 },
    // Its next attempt, while the one before ends.
    { ...ofOne, memoryBytes: 5 },
  ]
  const text = workerMetrics(meter, { worker, slots: 2, jobProcesses })
  const lines = [
    'weir_build_info{role="taskmanager",version="test"} 1',
    'weir_worker_slots 2',
    'weir_worker_registered 1',
    'weir_worker_attempts 1',
    'weir_job_processes 3',
    `weir_job_process_memory_bytes{job="one",job_id="${one}"} 15`,
    `weir_job_process_memory_bytes{job="other",job_id="${other}"} 20`,
    `weir_job_process_memory_limit_bytes{job="one",job_id="${one}"} 80`,
    `weir_job_process_memory_limit_bytes{job="other",job_id="${other}"} 60`,
    'weir_worker_calls_refused_total 3',
    'weir_worker_messages_refused_total 2',
    'weir_worker_lines_dropped_total 1',
  ]
  for (const line of lines) expect(text).toContain(`${line}\n`)
  expect(text).toMatch(/^weir_eventloop_utilization [\d.e-]+$/m)
})
