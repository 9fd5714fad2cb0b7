// Which files a path means: one file, all files below a directory, or those that match a pattern. Hidden names (`.`, `_`)
// are never input: a sink's staging area and marker files live under such names. Symbolic links are followed, and what
// several ways lead to is found once: by a name without a link where it has one, which stays when links come, go and turn.

import { WeirError } from '@weirjs/common/core/errors'
import { hasCode } from './file-errors.ts'
import type { DirectoryEntry, FileSystem } from './file-system.ts'
import { directoryOf, joinPath, nameOf } from './file-system.ts'

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
  if (facts.kind === 'file') return [{ path, bytes: facts.bytes }]
  // Names below `.` begin with `./`, but for those of a pattern.
  return search({ fs, root: path === '.' ? './' : path }, ['**'])
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
  return search({ fs, root }, segments.slice(fixed))
}

/** The files that `segments` lead to from the root. */
async function search(tree: Tree, segments: readonly string[]): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = []
  let level: readonly Place[] = [{ path: tree.root, real: await tree.fs.realPath(tree.root) }]
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1
    level = await matchLevel(tree, level, segment, last ? found : null)
    if (level.length > INPUT_FILES_MAX) throw tooMany(tree.root)
  }
  return found
}

/** Directories that a segment leads to from `directories`; files go into `found`, when it is the last one. */
async function matchLevel(
  tree: Tree,
  directories: readonly Place[],
  segment: string,
  found: FoundFile[] | null,
): Promise<readonly Place[]> {
  const anywhere = segment === '**'
  const expression = patternExpression(anywhere ? '*' : segment)
  const wants = (name: string): boolean => !isHidden(name) && expression.test(name)
  const next = new Places(anywhere ? directories : [])
  const linked = new Map<string, FoundFile>()
  const waiting = [...directories]
  const take = (): Place | undefined => (anywhere ? next.enter() : waiting.pop())
  for (let directory = take(); directory !== undefined; directory = take()) {
    for (const { name, kind, link } of await entriesOf(tree, directory.path, wants)) {
      const path = directory.path === '.' ? name : joinPath(directory.path, name)
      if (kind === 'directory') {
        const real = await orNull(tree.fs.realPath(path))
        if (real !== null) next.add({ path, real }, real === joinPath(directory.real, name))
      }
      const facts = kind === 'file' && found !== null ? await tree.fs.facts(path) : null
      if (facts === null) continue
      const file = { path, bytes: facts.bytes }
      if (link === true) await addLinked(tree, linked, file)
      else found?.push(file)
    }
    if (found !== null && found.length > INPUT_FILES_MAX) throw tooMany(tree.root)
  }
  const entered = next.enterAll()
  const seen = new Set((anywhere ? entered : directories).map(({ real }) => real))
  for (const [real, file] of linked)
    if (!seen.has(directoryOf(real)) || !wants(nameOf(real))) found?.push(file)
  return entered
}

/** Of several links to one file, the first by name. */
async function addLinked(
  { fs }: Tree,
  linked: Map<string, FoundFile>,
  file: FoundFile,
): Promise<void> {
  const real = await orNull(fs.realPath(file.path))
  const known = real === null ? undefined : linked.get(real)
  if (real !== null && (known === undefined || file.path < known.path)) linked.set(real, file)
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

interface Tree {
  readonly fs: FileSystem
  readonly root: string
}

interface Place {
  readonly path: string
  /** Its path without a link. */
  readonly real: string
}

/** Directories, each once: those that lie where they were found before those that a link leads to, and these by name. */
class Places {
  readonly #entered = new Map<string, Place>()
  #waiting: Place[]
  #behindLinks: Place[] = []

  constructor(places: readonly Place[]) {
    this.#waiting = [...places]
  }

  add(place: Place, liesThere: boolean): void {
    if (liesThere) this.#waiting.push(place)
    else this.#behindLinks.push(place)
  }

  /** The next one that was not entered by another way; undefined: none is left. */
  enter(): Place | undefined {
    for (;;) {
      const place = this.#waiting.pop() ?? this.#followLinks()
      if (place === undefined) return undefined
      if (this.#entered.has(place.real)) continue
      this.#entered.set(place.real, place)
      return place
    }
  }

  /** All that were entered, with what is left. */
  enterAll(): readonly Place[] {
    while (this.enter() !== undefined);
    return [...this.#entered.values()]
  }

  #followLinks(): Place | undefined {
    this.#waiting = this.#behindLinks.sort((a, b) => (a.path < b.path ? 1 : -1))
    this.#behindLinks = []
    return this.#waiting.pop()
  }
}

/** What is wanted in a directory. One below the root that has gone since its name was read has nothing in it. */
async function entriesOf(
  { fs, root }: Tree,
  directory: string,
  wants: (name: string) => boolean,
): Promise<readonly DirectoryEntry[]> {
  const listed = fs.list(directory)
  const entries = (directory === root ? await listed : await orNull(listed)) ?? []
  const wanted = entries.filter(({ name }) => wants(name))
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
