// Why a job module does not load, in its author's terms: Node speaks of the bundle in a temporary directory, the author
// has a file with imports in it.

import { readFileSync } from 'node:fs'
import { didYouMean, nearest } from '@weirjs/api/suggest'
import { WeirError } from '@weirjs/common/core/errors'

const NO_PACKAGE = /^Cannot find package '([^']+)' imported from/
const NO_SUBPATH =
  /^Cannot find module '[^']*\/weirjs\/(?:dist|src)\/([^']+?)\.[jt]s' imported from/
const NO_EXPORT = /^The requested module '([^']+)' does not provide an export named '([^']+)'/

/** `thrown` as `job/load-failed` with the import at fault; anything else as it is. `file` is the job file. */
export async function explainLoad(thrown: unknown, file: string): Promise<unknown> {
  if (!(thrown instanceof Error)) return thrown
  const missing = NO_PACKAGE.exec(thrown.message)?.[1]
  if (missing !== undefined) {
    return loadError(`the package "${missing}" is not installed`, thrown, {
      hint: `Install it where the job file is: npm install ${missing}`,
      location: placeOf(file, missing),
    })
  }
  const subPath = NO_SUBPATH.exec(thrown.message)?.[1]
  if (subPath !== undefined) {
    const hint = didYouMean(`weirjs/${subPath}`, [
      'weirjs/files',
      'weirjs/testing',
      'weirjs/connector',
    ])
    const location = placeOf(file, `weirjs/${subPath}`)
    return loadError(`there is no module "weirjs/${subPath}"`, thrown, { hint, location })
  }
  const [, module = '', name = ''] = NO_EXPORT.exec(thrown.message) ?? []
  if (name === '') return thrown
  return loadError(`"${module}" has no export "${name}"`, thrown, {
    hint: nearestExport(name, await exportsOf(module)),
    location: placeOf(file, name),
  })
}

function nearestExport(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? 'A type is imported with "import type".' : `Did you mean "${near}"?`
}

interface Details {
  readonly hint: string | undefined
  readonly location: string | undefined
}

function loadError(message: string, cause: Error, { hint, location }: Details): WeirError {
  return new WeirError('job/load-failed', message, {
    domain: 'user',
    cause,
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { location }),
  })
}

/** Names that the module has; none when it does not load. */
async function exportsOf(module: string): Promise<readonly string[]> {
  try {
    // Asked for by code that is not ours, so that it is found where the job would find it.
    const code = `export * from ${JSON.stringify(module)}`
    const all = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as object
    return Object.keys(all)
  } catch {
    return [] // the error at hand is the one to tell
  }
}

/** `file:line` of the first line of the job file that says `word` as a whole; it may stand in another of its modules. */
function placeOf(file: string, word: string): string | undefined {
  const whole = new RegExp(`(?<![\\w$/])${word.replace(/[^\w/]/g, '\\$&')}(?![\\w$])`)
  const at = readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((line) => whole.test(line))
  return at < 0 ? undefined : `${file}:${at + 1}`
}
