// A bundled job in this very process: for `weir dev`, where a breakpoint just stops. Each call of `functions` imports
// the bundle anew, so that slots share no module state, as in threads of their own.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildJob } from '@weirjs/api/build-job'
import { findJob } from '@weirjs/api/define-job'
import type { JobFunctions } from '@weirjs/api/functions'
import type { SecretValues } from '@weirjs/common/core/secrets'
import { resolveRuntimeFrom } from '@weirjs/common/node/runtime-modules'
import type { FunctionsOf } from '@weirjs/local/local-cluster'
import type { Bundle } from './bundle.ts'

export interface LoadBundleOptions {
  readonly bundle: Bundle
  /** Where the bundle is kept while the process lives. */
  readonly directory: string
  readonly runtimeRoot: string
  /** What this machine holds for jobs; asked for each slot. */
  readonly secrets: () => SecretValues
}

export function functionsOfBundle(options: LoadBundleOptions): FunctionsOf {
  const { bundle, directory, runtimeRoot, secrets } = options
  const path = join(directory, `${bundle.hash}.mjs`)
  writeFileSync(path, bundle.bytes, { mode: 0o600 })
  resolveRuntimeFrom(runtimeRoot)
  let copies = 0
  return async ({ args, submittedAtMs }): Promise<JobFunctions> => {
    const module = (await import(`${pathToFileURL(path).href}?copy=${copies++}`)) as object
    const definition = findJob(module, 'the job module')
    const built = buildJob(definition, args, submittedAtMs)
    built.secrets.open(secrets(), definition.name)
    return built.functions
  }
}
