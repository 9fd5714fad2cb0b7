// A workload as a job: its module, its arguments, its settings.

import { fileURLToPath } from 'node:url'
import { generateInputs, inputDirectory } from '../inputs/generate.ts'
import { type BenchOptions, inputData } from '../options.ts'

export interface BenchJob {
  readonly file: string
  /** The job's own arguments. */
  readonly argv: readonly string[]
  /** `-D` of the submission. */
  readonly defines: readonly string[]
}

/** Makes the input when it is not there; empty for the generator. */
export function prepareInput(options: BenchOptions, note: (text: string) => void): string {
  const data = inputData(options.workload)
  if (options.source === 'generator' || data === null) return ''
  const { events, seed, group, parallelism, input } = options
  const request = { data, events, seed, group, partitions: parallelism }
  const directory = inputDirectory(input, request)
  const { made, bytes } = generateInputs(directory, request)
  if (made) note(`made the input: ${(bytes / 1e6).toFixed(0)} MB in ${directory}`)
  return directory
}

export function benchJob(options: BenchOptions, input: string, results: string): BenchJob {
  const { workload, events, seed, group, parallelism, checkpointInterval } = options
  const file = fileURLToPath(new URL(`../workloads/${workload}.ts`, import.meta.url))
  const values = { events, seed, group, input, parts: parallelism, results }
  return {
    file,
    argv: Object.entries(values).map(([name, value]) => `--${name}=${value}`),
    defines: [
      `execution.checkpointing.interval=${checkpointInterval}`,
      'restart-strategy.type=none',
    ],
  }
}
