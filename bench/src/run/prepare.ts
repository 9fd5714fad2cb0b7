// What `weir run` does before it submits: bundle, build the graph in a throw-away process, settle the settings.

import { GraphBuilder } from '@weirjs/cli/job/build-graph'
import { bundleJob } from '@weirjs/cli/job/bundle'
import type { PreparedJob } from '@weirjs/cli/job/prepare'
import { loadConfig } from '@weirjs/common/node/config'
import { jobSettingsFrom } from '@weirjs/common/node/job-settings'
import { findRuntimeRoot } from '@weirjs/common/node/runtime-modules'
import type { BenchJob } from './job.ts'

export async function prepareBenchJob(job: BenchJob, parallelism: number): Promise<PreparedJob> {
  const { file, argv } = job
  const submittedAtMs = Date.now()
  using builder = new GraphBuilder((chunk) => process.stderr.write(chunk))
  const bundle = await bundleJob(file)
  const runtimeRoot = findRuntimeRoot(process.env)
  const built = await builder.build(bundle.bytes, {
    file,
    runtimeRoot,
    argv,
    directory: process.cwd(),
    submittedAtMs,
  })
  const defines = [...job.defines, `parallelism.default=${parallelism}`]
  const settings = jobSettingsFrom(loadConfig({ env: process.env }), built.settings, defines)
  return { bundle, built: { ...built, settings }, submittedAtMs }
}
