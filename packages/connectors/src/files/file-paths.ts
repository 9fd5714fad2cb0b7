// Which files a path means: one file, all files below a directory, or those that match a pattern. Hidden names (`.`, `_`)
// are never input: a sink's staging area and marker files live under such names.

import { WeirError } from '@weirjs/common/core/errors'
import type { FileSystem } from './file-system.ts'
import { joinPath, nameOf } from './file-system.ts'

/** More files than this below one path are refused. */
export const INPUT_FILES_MAX = 1_000_000

export interface FoundFile {
  readonly path: string
  readonly bytes: number
}

/** Files that `path` means, sorted. Throws WeirError `files/not-found`, `files/no-path` and what the file system throws. */
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
  return facts.kind === 'directory' ? walk(fs, path) : [{ path, bytes: facts.bytes }]
}

async function matching(fs: FileSystem, pattern: string): Promise<readonly FoundFile[]> {
  const fixed = pattern.slice(0, pattern.search(/[*?[{]/))
  const root = fixed.includes('/') ? fixed.slice(0, fixed.lastIndexOf('/')) || '/' : '.'
  const facts = await fs.facts(root)
  if (facts === null) throw notFound(root)
  const expression = patternExpression(pattern)
  const files = await walk(fs, root)
  return files.filter((file) => expression.test(root === '.' ? file.path.slice(2) : file.path))
}

async function walk(fs: FileSystem, root: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = []
  const directories = [root]
  for (let directory = directories.pop(); directory !== undefined; directory = directories.pop()) {
    for (const { name, kind } of await fs.list(directory)) {
      if (isHidden(name) || kind === 'other') continue
      const path = joinPath(directory, name)
      if (kind === 'directory') directories.push(path)
      else {
        const facts = await fs.facts(path)
        if (facts !== null) found.push({ path, bytes: facts.bytes })
      }
      if (found.length > INPUT_FILES_MAX) throw tooMany(root)
    }
  }
  return found
}

const isHidden = (name: string): boolean => name.startsWith('.') || name.startsWith('_')

/** `*` and `?` within a name, `**` over names, `[a-z]`, `{a,b}`. */
export function patternExpression(pattern: string): RegExp {
  let source = ''
  let depth = 0
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i] as string
    if (c === '*' && pattern[i + 1] === '*') {
      const whole = pattern[i + 2] === '/'
      source += whole ? '(?:[^/]+/)*' : '.*'
      i += whole ? 2 : 1
    } else if (c === '*') source += '[^/]*'
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
  return new RegExp(`^${source}${')'.repeat(depth)}$`)
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
