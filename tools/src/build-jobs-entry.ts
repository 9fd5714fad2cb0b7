// Builds the graphs of job modules in a process of its own, as `weir run` does at submit: argv is a JSON list of
// {file, argv}; stdout gets a JSON list of what is wrong with each, or null.

import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { assertDeterministic, parseArgs } from '../../packages/api/src/build-job.ts'
import { findJob } from '../../packages/api/src/define-job.ts'
import { resolveRuntimeFrom } from '../../packages/common/src/node/runtime-modules.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
resolveRuntimeFrom(join(root, 'packages', 'weirjs'))

interface Wanted {
  readonly file: string
  readonly argv: readonly string[]
}

async function problemOf({ file, argv }: Wanted): Promise<string | null> {
  try {
    const definition = findJob((await import(pathToFileURL(file).href)) as object, file)
    assertDeterministic(definition, parseArgs(definition, argv), 0)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const problems: (string | null)[] = []
for (const wanted of JSON.parse(process.argv[2] ?? '[]') as readonly Wanted[])
  problems.push(await problemOf(wanted))
process.stdout.write(JSON.stringify(problems))
