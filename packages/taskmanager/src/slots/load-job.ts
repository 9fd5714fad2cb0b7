// Imports a job's bundle in the present thread and builds the job from it (decision D15). Errors say where in the
// user's file; what a module throws while it loads cannot be helped by trying again.

import { pathToFileURL } from 'node:url'
import { buildJob } from '@weirjs/api/build-job'
import type { BuiltJob } from '@weirjs/api/built-job'
import { findJob } from '@weirjs/api/define-job'
import { fromFailure, toFailure } from '@weirjs/common/core/errors'
import type { SecretValues } from '@weirjs/common/core/secrets'
import { withUserLocation } from '@weirjs/common/core/user-location'
import { ownDirectory, resolveRuntimeFrom } from '@weirjs/common/node/runtime-modules'

export interface LoadJobOptions {
  /** Absolute path of the bundle. */
  readonly bundlePath: string
  /** Directory of the `weirjs` package that bundles are to use. */
  readonly runtimeRoot: string
  readonly args: Readonly<Record<string, unknown>>
  readonly submittedAtMs: number
  /** What this machine holds. */
  readonly secrets: SecretValues
}

/**
 * Loads and builds. Errors: `job/load-failed` for what the module throws while it loads, `job/build-failed` for what its
 * build function throws, and the job's own `job/...` refusals (`job/no-secret` among them).
 */
export async function loadJob(options: LoadJobOptions): Promise<BuiltJob> {
  resolveRuntimeFrom(options.runtimeRoot)
  const module = await importBundle(options)
  const definition = findJob(module, 'the job module')
  try {
    const built = buildJob(definition, options.args, options.submittedAtMs)
    built.secrets.open(options.secrets, definition.name)
    return built
  } catch (thrown) {
    throw located(thrown, 'job/build-failed', options.runtimeRoot)
  }
}

async function importBundle(options: LoadJobOptions): Promise<object> {
  try {
    return (await import(pathToFileURL(options.bundlePath).href)) as object
  } catch (thrown) {
    throw located(thrown, 'job/load-failed', options.runtimeRoot)
  }
}

function located(thrown: unknown, code: string, runtimeRoot: string): Error {
  const failure = toFailure(thrown, { code, domain: 'user', retry: 'never' })
  return fromFailure(withUserLocation(failure, [ownDirectory(runtimeRoot)]))
}
