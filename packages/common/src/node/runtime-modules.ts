// Makes `weirjs` and `@weirjs/*`, asked for by a bundled job, mean this runtime's own modules (decision D15): one copy
// of them, of the version that runs. The runtime is named by the directory of its `weirjs` package.

import { registerHooks } from 'node:module'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'

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
