// The job that a simulated cluster works on: a shape with its settings, writing exactly-once files. Built anew at submit
// and in every slot, as from a bundle.

import { buildJob } from '@weirjs/api/build-job'
import type { BuiltJob } from '@weirjs/api/built-job'
import { job, type JobDefinition } from '@weirjs/api/define-job'
import type { SettingsOptions } from '@weirjs/api/settings'
import type { FileSystem } from '@weirjs/connectors/files/file-system'
import { ndjsonFiles } from '@weirjs/connectors/files/files'
import { print } from '@weirjs/connectors/print/print'
import type { MemoryFileSystem } from '@weirjs/connectors/files/memory-file-system'
import type { RunOptions, WorkloadOptions } from './options.ts'
import { alert, counted } from './records.ts'
import { buildShape } from './shapes.ts'
import { inputOf, numberedOf } from './sources.ts'

/** What the checks inside the job say. */
export const alertsOf = ({ directory }: WorkloadOptions): string => `${directory}/alerts`
/** Records for each that is printed. */
const PRINTED_EACH = 20
/** The files that the shape `files` reads. */
export function writeInput(options: WorkloadOptions, files: MemoryFileSystem): void {
  const { shape, records, inputFiles } = options
  if (shape !== 'files') return
  for (let i = 0; i < inputFiles; i++) {
    const lines: string[] = []
    for (let n = i; n < records; n += inputFiles) lines.push(JSON.stringify(numberedOf(n, options)))
    files.put(`${inputOf(options)}/${i}.ndjson`, lines.map((line) => `${line}\n`).join(''))
  }
}

export function buildWorkload(
  options: WorkloadOptions,
  run: RunOptions,
  files: FileSystem,
): BuiltJob {
  return buildJob(defineWorkload(options, run, files), {}, 0)
}

function defineWorkload(
  options: WorkloadOptions,
  run: RunOptions,
  files: FileSystem,
): JobDefinition {
  return job('workload', settings(options, run), (env) => {
    const graph = buildShape(env, options, files)
    graph.counted.forEach((stream, i) => {
      const sink = ndjsonFiles(run.output, counted, { fileSystem: files, ...rolling(options) })
      stream.filter(() => true).to(sink, { uid: `out-${i}`, parallelism: run.sinkParallelism })
    })
    if (options.prints)
      for (const [i, stream] of graph.counted.entries())
        stream.filter(({ n }) => n % PRINTED_EACH === 0).to(print(), { uid: `shown-${i}` })
    graph.alerts.forEach((alerts, i) => {
      const sink = ndjsonFiles(alertsOf(options), alert, { fileSystem: files })
      alerts.to(sink, { uid: `alerts-${i}`, parallelism: 1 })
    })
  })
}

const rolling = ({ roll }: WorkloadOptions) => (roll === null ? {} : { roll })

function settings(options: WorkloadOptions, run: RunOptions): SettingsOptions {
  const { checkpointMs, minPauseMs, maxConcurrent, retained, mode } = options
  const { maxParallelism, bufferTimeoutMs, chaining, frameBytes, creditBytes } = options
  return {
    parallelism: run.parallelism,
    ...(maxParallelism === null ? {} : { maxParallelism }),
    bufferTimeout: bufferTimeoutMs ?? 'off',
    chaining,
    checkpoint: {
      every: checkpointMs ?? 'off',
      minPause: minPauseMs,
      timeout: options.checkpointTimeoutMs,
      ...(options.tolerableFailures === null
        ? {}
        : { tolerableFailures: options.tolerableFailures }),
      maxConcurrent,
      retained,
      mode,
    },
    restart: options.restart,
    config: {
      'exchange.frame-bytes': frameBytes,
      'exchange.credit-bytes': creditBytes,
      'dev.freeze-records': options.freezeRecords,
    },
  }
}
