// Which files a path means: one file, all files below a directory, or those that match a pattern. Hidden names (`.`, `_`)
// are never input: a sink's staging area and marker files live under such names.

import { WeirError } from '@weirjs/common/core/errors'
import { hasCode } from './file-errors.ts'
import type { DirectoryEntry, FileSystem } from './file-system.ts'
import { joinPath, nameOf } from './file-system.ts'

/** More files than this below one path are refused. */
export const INPUT_FILES_MAX = 1_000_000

export interface FoundFile {
  readonly path: string
  readonly bytes: number
}

/**
 * Files that `path` means, sorted. Throws WeirError `files/not-found`, `files/not-a-file`, `files/no-path` and what the
 * file system throws.
 */
export async function findFiles(fs: FileSystem, path: string): Promise<readonly FoundFile[]> {
  if (path.trim() === '') {
    throw new WeirError('files/no-path', 'the input path is empty', { domain: 'user' })
  }
  const found = isPattern(path) ? await matching(fs, path) : await below(fs, path)
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** True when a path has `*`, `?`, `[` or `{`. */
export const isPattern = (path: string): boolean => /[*?[{]/.test(path)

async function below(fs: FileSystem, path: string): Promise<readonly FoundFile[]> {
  const facts = await fs.facts(path)
  if (facts === null) throw notFound(path)
  if (facts.kind === 'other') throw notAFile(path)
  return facts.kind === 'directory' ? walk(fs, path) : [{ path, bytes: facts.bytes }]
}

/** Opening a named pipe waits for whoever writes into it, and nothing of it can be read twice. */
function notAFile(path: string): WeirError {
  return new WeirError('files/not-a-file', `neither a file nor a directory is at ${path}`, {
    domain: 'user',
    location: path,
    hint: 'Pipes, sockets and devices cannot be read again after a failure: write what they say into files.',
  })
}

/** Looks only into directories that the pattern can lead to. */
async function matching(fs: FileSystem, pattern: string): Promise<readonly FoundFile[]> {
  const segments = segmentsOf(pattern)
  const fixed = segments.findIndex(isPattern)
  const root = segments.slice(0, fixed).join('/') || (pattern.startsWith('/') ? '/' : '.')
  if ((await fs.facts(root)) === null) throw notFound(root)
  const found = new Map<string, FoundFile>()
  const tree = { fs, root }
  let level: readonly Place[] = [await rootOf(tree)]
  for (const [i, segment] of segments.slice(fixed).entries()) {
    const last = fixed + i === segments.length - 1
    level = await matchLevel(tree, level, segment, last ? found : null)
    if (found.size > INPUT_FILES_MAX || level.length > INPUT_FILES_MAX) throw tooMany(root)
  }
  return [...found.values()]
}

/** Directories that a segment leads to from `directories`; files go into `found`, when it is the last one. */
async function matchLevel(
  tree: Tree,
  directories: readonly Place[],
  segment: string,
  found: Map<string, FoundFile> | null,
): Promise<readonly Place[]> {
  const anywhere = segment === '**'
  const expression = patternExpression(anywhere ? '*' : segment)
  const next = new Map(anywhere ? directories.map((place) => [place.path, place]) : [])
  const waiting = [...directories]
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    const entries = await entriesOf(tree, directory.path, (name) => expression.test(name))
    for (const { name, kind } of entries) {
      const path = directory.path === '.' ? name : joinPath(directory.path, name)
      const place = kind === 'directory' ? await entered(tree.fs, path, directory) : null
      if (place !== null && !next.has(path)) {
        next.set(path, place)
        if (anywhere) waiting.push(place)
      }
      const facts = kind === 'file' && found !== null ? await tree.fs.facts(path) : null
      if (facts !== null) found?.set(path, { path, bytes: facts.bytes })
    }
  }
  return [...next.values()]
}

/** Cut at `/`, but not within braces. */
function segmentsOf(pattern: string): readonly string[] {
  const segments: string[] = ['']
  let depth = 0
  for (const c of pattern) {
    if (c === '{') depth += 1
    if (c === '}') depth -= 1
    if (c === '/' && depth <= 0) segments.push('')
    else segments[segments.length - 1] += c
  }
  return segments
}

async function walk(fs: FileSystem, root: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = []
  const tree = { fs, root }
  const directories = [await rootOf(tree)]
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const { name, kind } of await entriesOf(tree, directory.path)) {
      const path = joinPath(directory.path, name)
      const place = kind === 'directory' ? await entered(fs, path, directory) : null
      if (place !== null) directories.push(place)
      const facts = kind === 'file' ? await fs.facts(path) : null
      if (facts !== null) found.push({ path, bytes: facts.bytes })
      if (found.length > INPUT_FILES_MAX) throw tooMany(root)
    }
  }
  return found
}

interface Tree {
  readonly fs: FileSystem
  readonly root: string
}

/** A directory on the way down from the root. */
interface Place {
  readonly path: string
  readonly real: string
  /** That it was entered from. */
  readonly from: Place | null
}

const rootOf = async ({ fs, root }: Tree): Promise<Place> => ({
  path: root,
  real: await fs.realPath(root),
  from: null,
})

/** Null: it has gone since its name was read, or a link leads back to where we came through; its files have been found. */
async function entered(fs: FileSystem, path: string, from: Place): Promise<Place | null> {
  const real = await orNull(fs.realPath(path))
  if (real === null) return null
  for (let place: Place | null = from; place !== null; place = place.from)
    if (place.real === real) return null
  return { path, real, from }
}

/** What is wanted in a directory. One below the root that has gone since its name was read has nothing in it. */
async function entriesOf(
  { fs, root }: Tree,
  directory: string,
  wants: (name: string) => boolean = () => true,
): Promise<readonly DirectoryEntry[]> {
  const listed = fs.list(directory)
  const entries = (directory === root ? await listed : await orNull(listed)) ?? []
  const wanted = entries.filter(({ name }) => !isHidden(name) && wants(name))
  for (const { name } of wanted)
    if (name.includes(REPLACED)) await refuseUnreadable(fs, joinPath(directory, name))
  return wanted
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (hasCode(error, 'files/not-found')) return null
    throw error
  }
}

/** What stands in a name for bytes that are not UTF-8. */
const REPLACED = '\u{fffd}'

/** By the name that we see, such a file is not there; it must not be taken for one that has gone. */
async function refuseUnreadable(fs: FileSystem, path: string): Promise<void> {
  if ((await fs.facts(path)) !== null) return
  throw new WeirError('files/bad-name', `the name of ${path} is not valid UTF-8`, {
    domain: 'user',
    location: path,
    hint: 'Rename it, or put a "." before its name: hidden files are not read.',
  })
}

const isHidden = (name: string): boolean => name.startsWith('.') || name.startsWith('_')

/** A segment of a pattern: `*`, `?`, `[a-z]`, `[!a-z]`, `{a,b}`; `**` is for whole segments. */
export function patternExpression(pattern: string): RegExp {
  let source = ''
  let depth = 0
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] as string
    if (c === '*') source += '[^/]*'
    else if (c === '?') source += '[^/]'
    else if (c === '[' && pattern.indexOf(']', i + 2) > 0) {
      const end = pattern.indexOf(']', i + 2)
      source += `[${pattern
        .slice(i + 1, end)
        .replace(/^!/, '^')
        .replaceAll('\\', '\\\\')}]`
      i = end
    } else if (c === '{') {
      source += '(?:'
      depth += 1
    } else if (c === '}' && depth > 0) {
      source += ')'
      depth -= 1
    } else source += c === ',' && depth > 0 ? '|' : c.replace(/[\\^$.|+()[\]{}*?]/, '\\$&')
  }
  try {
    return new RegExp(`^${source}${')'.repeat(depth)}$`)
  } catch (cause) {
    throw new WeirError('files/bad-pattern', `"${pattern}" is no pattern for names`, {
      domain: 'user',
      cause,
      hint: 'Is a range the wrong way round, as in [z-a]? A name with "[" in it is written "[[]".',
    })
  }
}

function notFound(path: string): WeirError {
  return new WeirError('files/not-found', `there is no ${path}`, {
    domain: 'user',
    location: path,
    hint: 'Check the path: it is looked up on the machine that runs the task.',
  })
}

function tooMany(path: string): WeirError {
  return new WeirError(
    'files/too-many',
    `there are more than ${INPUT_FILES_MAX} files below ${path}`,
    {
      domain: 'user',
      location: path,
    },
  )
}

/** Refuses input that has no file, unless that is allowed. */
export function refuseEmpty(path: string, files: readonly FoundFile[]): void {
  if (files.length > 0) return
  throw new WeirError(
    'files/empty-input',
    `there is no file to read ${isPattern(path) ? 'that matches' : 'in'} ${path}`,
    {
      domain: 'user',
      location: path,
      hint: `Names that begin with "." or "_" are not read. If ${nameOf(path)} may be empty, say allowEmpty: true.`,
    },
  )
}
