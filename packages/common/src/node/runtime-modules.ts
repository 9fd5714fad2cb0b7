// Makes `weirjs` and `@weirjs/*`, asked for by a bundled job, mean this runtime's own modules (decision D15): one copy
// of them, of the version that runs. The runtime is named by the directory of its `weirjs` package.

import { existsSync, realpathSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WeirError } from '../core/errors.ts'

const RUNTIME_MODULE = /^(?:weirjs|@weirjs\/[^/]+)(?:\/|$)/

let hookedRoot: string | null = null

/** From now on, in this thread, whoever asks gets the modules of `runtimeRoot`. Safe to repeat. */
export function resolveRuntimeFrom(runtimeRoot: string): void {
  if (hookedRoot === runtimeRoot) return
  hookedRoot = runtimeRoot
  const parentURL = pathToFileURL(join(runtimeRoot, 'package.json')).href
  const own = pathToFileURL(ownDirectory(runtimeRoot)).href
  registerHooks({
    resolve: (specifier, context, next) => {
      // Our own packages find each other without help.
      const isOurs = context.parentURL?.startsWith(own) ?? false
      return RUNTIME_MODULE.test(specifier) && !isOurs
        ? next(specifier, { ...context, parentURL })
        : next(specifier, context)
    },
  })
}

/** The directory that holds Weir's packages, with a separator at its end: code below it is not the user's. */
export function ownDirectory(runtimeRoot: string): string {
  return dirname(runtimeRoot) + sep
}

/**
 * Directory of the `weirjs` package: what WEIR_RUNTIME_ROOT says, else the one that lies beside this package.
 * Error: `config/no-runtime`.
 */
export function findRuntimeRoot(env: Readonly<Record<string, string | undefined>>): string {
  const said = env['WEIR_RUNTIME_ROOT']
  if (said !== undefined && said !== '') return said
  for (
    let directory = import.meta.dirname;
    directory !== dirname(directory);
    directory = dirname(directory)
  ) {
    for (const candidate of [
      join(directory, 'weirjs'),
      join(directory, 'node_modules', 'weirjs'),
    ]) {
      if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
    }
  }
  throw new WeirError('config/no-runtime', 'cannot find the weirjs package', {
    domain: 'user',
    hint: 'install weirjs beside this package, or set WEIR_RUNTIME_ROOT to its directory',
  })
}
