// One job module and everything that it imports, as one ESM file with its source map inside (decision D15). The runtime
// (`weirjs`, `@weirjs/*`) stays outside: it comes from the worker. The same sources give the same bytes, and so the
// same hash.

import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WeirError } from '@weirjs/common/core/errors'
import { type BundleHash, bundleHash } from '@weirjs/common/core/ids'
import type * as Rolldown from 'rolldown'

export const BUNDLE_BYTES_MAX = 67_108_864

export interface Bundle {
  readonly bytes: Uint8Array
  readonly hash: BundleHash
  /** What the bundler wants the author to know. */
  readonly warnings: readonly string[]
}

const EXTERNAL: readonly (string | RegExp)[] = [
  /^weirjs(\/|$)/,
  /^@weirjs\//,
  /^node:/,
  ...builtinModules,
]

const JOB_ENDINGS: readonly string[] = ['.ts', '.mts', '.js', '.mjs']

/** Errors: `job/file-not-found`, `job/bundle-failed` with file and line, `job/bundle-too-large`, `job/no-bundler`. */
export async function bundleJob(file: string): Promise<Bundle> {
  const input = resolve(file)
  if (!existsSync(input) || !statSync(input).isFile()) {
    const meant = JOB_ENDINGS.map((ending) => `${file}${ending}`).find((one) => existsSync(one))
    throw new WeirError('job/file-not-found', `there is no job file ${file}`, {
      domain: 'user',
      ...(meant === undefined ? {} : { hint: `Did you mean ${meant}?` }),
    })
  }
  const warnings: string[] = []
  const code = await generate(input, warnings)
  const bytes = new TextEncoder().encode(code)
  if (bytes.byteLength > BUNDLE_BYTES_MAX) {
    throw new WeirError(
      'job/bundle-too-large',
      `the bundle of ${file} has ${bytes.byteLength} bytes`,
      {
        domain: 'user',
        hint: `at most ${BUNDLE_BYTES_MAX}: does the job import more than it needs?`,
      },
    )
  }
  return { bytes, hash: bundleHash(createHash('sha256').update(bytes).digest('hex')), warnings }
}

async function generate(input: string, warnings: string[]): Promise<string> {
  const { rolldown } = await bundler()
  try {
    const build = await rolldown({
      input,
      platform: 'node',
      // Names in the output must not depend on where the command was typed.
      cwd: dirname(input),
      external: [...EXTERNAL],
      onLog: (level, log) => {
        if (level === 'warn') warnings.push(log.message)
      },
    })
    const { output } = await build.generate({
      format: 'esm',
      dir: dirname(input),
      sourcemap: true,
      codeSplitting: false,
      comments: false,
      // The bundle moves from machine to machine; the places in it are the author's.
      sourcemapPathTransform: (source) => pathToFileURL(resolve(dirname(input), source)).href,
    })
    await build.close()
    const [chunk] = output
    return chunk.map === null
      ? chunk.code
      : `${stripMapUrl(chunk.code)}\n//# sourceMappingURL=${chunk.map.toUrl()}\n`
  } catch (error) {
    throw bundleFailed(input, error)
  }
}

/** It has a native part for each platform, which the image for containers leaves out. */
async function bundler(): Promise<typeof Rolldown> {
  try {
    return await import('rolldown')
  } catch (cause) {
    throw new WeirError('job/no-bundler', 'jobs cannot be bundled here: rolldown does not load', {
      domain: 'user',
      hint: 'submit from a machine outside the container, or install weirjs with its optional dependencies; -v shows what is missing',
      cause,
    })
  }
}

const stripMapUrl = (code: string): string => code.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '')

interface BuildProblem {
  readonly message: string
  readonly id?: string
  readonly loc?: { readonly line: number; readonly column: number; readonly file?: string }
}

/** The place stands near the beginning of a complaint. */
const PLACE_CHARS_MAX = 2_000

/** The bundler's first complaint, as one line with the place. */
function bundleFailed(input: string, error: unknown): WeirError {
  const problems =
    error instanceof Error && 'errors' in error ? (error.errors as readonly BuildProblem[]) : []
  const first = problems[0]
  const text = first?.message ?? (error instanceof Error ? error.message : String(error))
  const [headline = 'the bundler failed'] = text.split('\n').filter((line) => line.trim() !== '')
  const place =
    first?.loc === undefined
      ? /\[?\s*(\/[^\s[\]:]+:\d+:\d+)/.exec(text.slice(0, PLACE_CHARS_MAX))?.[1]
      : undefined
  const location =
    first?.loc === undefined
      ? place
      : `${first.loc.file ?? first.id ?? input}:${first.loc.line}:${first.loc.column + 1}`
  return new WeirError('job/bundle-failed', headline.replace(/^\[[A-Z_]+\]\s*(Error:\s*)?/, ''), {
    domain: 'user',
    cause: error,
    ...(location === undefined ? {} : { location }),
  })
}
