// The tree itself under test: what a reviewer would otherwise have to say again and again (after TigerBeetle's tidy).

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { layerViolations } from './layers.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const sources = files.filter((path) => /^(packages|test|tools|bench|examples)\/.*\.ts$/.test(path))
const generated = (path: string): boolean => path.includes('/rpc/gen/')
const own = sources.filter((path) => !generated(path))

const FILE_LINES_MAX = 400

describe('the tree', () => {
  it('keeps to the layers', () => {
    expect(own.flatMap((path) => layerViolations(path, read(path)))).toEqual([])
  })

  it(`has no source file over ${FILE_LINES_MAX} lines`, () => {
    const long = own.filter((path) => read(path).split('\n').length > FILE_LINES_MAX + 1)
    expect(long).toEqual([])
  })

  it('is what every seeded bug of test/mutants fits', () => {
    const patches = files.filter((path) => /^test\/mutants\/.*\.patch$/.test(path))
    expect(patches.length).toBeGreaterThanOrEqual(30)
    const unfit = patches.filter(
      (path) =>
        spawnSync('git', ['apply', '--check', '-C1', path], { cwd: root, stdio: 'ignore' })
          .status !== 0,
    )
    expect(unfit).toEqual([])
  })

  it.each(['alignment off', 'fsync off', 'fencing off', 'dedupe off'])(
    'has a seeded bug for the control: %s, and says what must catch it',
    (control) => {
      const patches = files.filter((path) => /^test\/mutants\/.*\.patch$/.test(path))
      const controls = patches.map(read).filter((text) => text.includes(`control: ${control}\n`))
      expect(controls).not.toEqual([])
      expect(controls.filter((text) => !/^Caught by: \S/m.test(text))).toEqual([])
    },
  )

  it('names files of tests that exist as what must catch a seeded bug', () => {
    const known = new Set(files.map((path) => path.split('/').at(-1)))
    const named = files
      .filter((path) => /^test\/mutants\/.*\.patch$/.test(path))
      .flatMap((path) => /^Caught by: (.+)$/m.exec(read(path))?.[1]?.split(/[ ,]+/) ?? [])
    expect(named.filter((name) => !/^O\d+$/.test(name) && !known.has(name))).toEqual([])
  })

  it('opens every file of a core/ folder with a head comment', () => {
    const bare = own.filter(
      (path) =>
        /^packages\/[^/]+\/src\/core\//.test(path) &&
        !path.endsWith('.test.ts') &&
        !read(path).startsWith('//'),
    )
    expect(bare).toEqual([])
  })

  it('has a README in every package', () => {
    const packages = new Set(
      files.map((path) => /^packages\/([^/]+)\//.exec(path)?.[1]).filter((name) => name),
    )
    const missing = [...packages].filter(
      (name) => !existsSync(join(root, 'packages', String(name), 'README.md')),
    )
    expect(missing).toEqual([])
  })

  it('names no test .only and skips none for good', () => {
    const marked = own.filter(
      (path) =>
        path.endsWith('.test.ts') &&
        !path.startsWith('tools/') &&
        /\b(it|test|describe)\.(only|todo|fails)\(/.test(read(path)),
    )
    expect(marked).toEqual([])
  })

  it('has no dead relative link in its documents', () => {
    const dead = files
      .filter((path) => path.endsWith('.md') && !path.startsWith('bench/flink-baseline/'))
      .flatMap((path) =>
        [...read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
          .map((match) => match[1] ?? '')
          .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(path), link)))
          .map((link) => `${path}: ${link}`),
      )
    expect(dead).toEqual([])
  })

  it('gives every interface that others implement a contract suite', () => {
    const text = (pattern: RegExp): boolean => own.some((path) => pattern.test(path))
    expect(text(/storage\.contract\.ts$/)).toBe(true)
    expect(text(/state-backend\.contract\.ts$/)).toBe(true)
    expect(text(/source\.contract\.ts$/)).toBe(true)
    expect(text(/sink\.contract\.ts$/)).toBe(true)
  })
})
