// Gates of the supply chain and of what code may do with what it is told. Each holds the tree against a list that is written
// here with reasons: what is not on the list fails the build, and what is on it and gone, too.

import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const json = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8')) as Manifest

interface Manifest {
  readonly name?: string
  readonly version?: string
  readonly private?: boolean
  readonly gypfile?: boolean
  readonly scripts?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

/**
 * Direct ones, each decided on by itself (ADR 11). Ten were the aim; above it are the two that read columns (in a connector
 * of their own, in time).
 */
const DIRECT: readonly string[] = [
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  'classic-level',
  'commander',
  'fastify',
  'hyparquet',
  'hyparquet-compressors',
  'level',
  'pino',
  'rolldown',
  'yaml',
  'zod',
]
/**
 * Packages in all at run time, on this platform. Sixty were the aim: fastify brings some forty, gRPC some thirty. It is what
 * it is today, so that it does not grow by itself; raise it with a reason, here.
 */
const TOTAL_MAX = 105
/** Of the engine: LevelDB. The command line has the bundler beside it, which no process of a cluster loads. */
const NATIVE: readonly string[] = ['@rolldown/binding', 'classic-level']
/** A version is this old before it is taken: seven days. */
const RELEASE_AGE_MINUTES = 7 * 24 * 60
/** Packages that want to run something when they are installed; none may (`allowBuilds` says so, one by one). */
const WITH_SCRIPTS: readonly string[] = ['classic-level', 'protobufjs']

const LIFECYCLE = ['preinstall', 'install', 'postinstall', 'prepare']
const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)
const manifests = packages.map((path) => ({ path, ...json(join(root, path, 'package.json')) }))

/** What is installed for use at run time: real directories of packages, by name and version. */
function runtimePackages(): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const visit = (from: string, name: string): void => {
    const place = resolved(from, name)
    if (place === null) return
    const manifest = json(join(place, 'package.json'))
    const id = `${manifest.name}@${manifest.version}`
    if (found.has(id) || place.startsWith(join(root, 'packages'))) return
    found.set(id, place)
    for (const next of namesOf(manifest)) visit(place, next)
  }
  for (const { path, ...manifest } of manifests)
    for (const name of namesOf(manifest)) visit(join(root, path), name)
  return found
}

const namesOf = ({ dependencies, optionalDependencies }: Manifest): readonly string[] =>
  Object.keys({ ...dependencies, ...optionalDependencies })

/** As Node looks for it: from here upwards. Null: not for this platform. */
function resolved(from: string, name: string): string | null {
  for (let at = from; at !== dirname(at); at = dirname(at)) {
    const place = join(at, 'node_modules', name)
    if (existsSync(join(place, 'package.json'))) return realpathSync(place)
  }
  return null
}

const runtime = runtimePackages()

describe('the supply chain', () => {
  test('direct packages at run time are those that were decided on', () => {
    const direct = new Set(
      manifests.flatMap(({ dependencies = {} }) =>
        Object.entries(dependencies)
          .filter(([, version]) => !version.startsWith('workspace:'))
          .map(([name]) => name),
      ),
    )
    expect([...direct].toSorted()).toEqual(DIRECT)
  })

  test('packages at run time are few in all', () => {
    const names = new Set([...runtime.keys()].map((id) => id.replace(/@[^@]*$/, '')))
    console.log(`${DIRECT.length} direct and ${names.size} packages in all at run time`)
    expect(names.size).toBeLessThanOrEqual(TOTAL_MAX)
  })

  test('native code comes from two packages', () => {
    const native = [...runtime]
      .filter(([, place]) => hasNative(place))
      .map(([id]) => id.replace(/@[^@]*$/, '').replace(/^(@rolldown\/binding).*/, '$1'))
    expect([...new Set(native)].toSorted()).toEqual(NATIVE)
  })

  test('nothing runs at installation: who would like to is known, and may not', () => {
    const workspace = parse(read('pnpm-workspace.yaml')) as {
      readonly allowBuilds: Readonly<Record<string, boolean>>
    }
    expect(Object.keys(workspace.allowBuilds).toSorted()).toEqual(WITH_SCRIPTS)
    expect(Object.values(workspace.allowBuilds)).not.toContain(true)
    const all = installed()
    expect(all.length).toBeGreaterThan(100)
    const eager = all
      .map((place) => json(join(place, 'package.json')))
      .filter(({ scripts = {} }) => LIFECYCLE.slice(0, 3).some((name) => name in scripts))
      .map(({ name }) => `${name}`)
    expect([...new Set(eager)].toSorted()).toEqual(WITH_SCRIPTS)
  })

  // Binaries of other platforms are optional packages. One that could not be had when the lock file was made is left out
  // of it in silence, and missing there for good.
  test('the lock file has what belongs to other platforms, too', () => {
    const lock = parse(read('pnpm-lock.yaml')) as {
      readonly snapshots: Readonly<Record<string, Pick<Manifest, 'optionalDependencies'>>>
    }
    const optional = new Map<string, readonly string[]>()
    for (const [key, { optionalDependencies = {} }] of Object.entries(lock.snapshots))
      optional.set(key.replace(/\(.*$/, ''), Object.keys(optionalDependencies))
    const cut = [...new Set(installed().map((place) => join(place, 'package.json')))]
      .map(json)
      .flatMap(({ name, version, optionalDependencies = {} }) => {
        const locked = optional.get(`${name}@${version}`) ?? []
        const missing = Object.keys(optionalDependencies).filter((one) => !locked.includes(one))
        return missing.map((one) => `${name}@${version}: ${one}`)
      })
    expect(cut).toEqual([])
  })

  test('a version is a week old before it is taken, whoever made it', () => {
    const workspace = parse(read('pnpm-workspace.yaml')) as Readonly<Record<string, unknown>>
    expect(workspace['minimumReleaseAge']).toBe(RELEASE_AGE_MINUTES)
    expect(Object.keys(workspace)).not.toContain('minimumReleaseAgeExclude')
  })

  test('our own packages run nothing at installation', () => {
    const eager = manifests.filter(({ scripts = {} }) => LIFECYCLE.some((name) => name in scripts))
    expect(eager.map(({ path }) => path)).toEqual([])
  })

  test('every package of the lock file has a checksum and comes from the registry', () => {
    const lock = parse(read('pnpm-lock.yaml')) as {
      readonly packages: Readonly<Record<string, { readonly resolution: Record<string, string> }>>
    }
    const strange = Object.entries(lock.packages).filter(
      ([, { resolution }]) =>
        !(resolution['integrity'] ?? '').startsWith('sha512-') || 'tarball' in resolution,
    )
    expect(strange.map(([name]) => name)).toEqual([])
  })
})

/** Packages in a folder of pnpm's store, scoped ones included; links to others are not followed. */
/** Of every package that is installed, at least one place. */
function installed(): readonly string[] {
  const store = join(root, 'node_modules/.pnpm')
  return readdirSync(store).flatMap((folder) => installedIn(join(store, folder, 'node_modules')))
}

function installedIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== '.bin')
    .flatMap(({ name }) =>
      name.startsWith('@') ? installedIn(join(folder, name)) : [join(folder, name)],
    )
    .filter((place) => existsSync(join(place, 'package.json')))
}

function hasNative(place: string): boolean {
  return readdirSync(place, { recursive: true, encoding: 'utf8' }).some(
    (path) => /\.node$|(^|\/)binding\.gyp$/.test(path) && !/(^|\/)node_modules\//.test(path),
  )
}

// ---- code from data ----

const sources = execFileSync('git', ['ls-files', 'packages'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter(
    (path) => /\/src\/.*\.ts$/.test(path) && !/\.(test|contract|fixture)\.ts$|\/gen\//.test(path),
  )
const where = (pattern: RegExp): readonly string[] =>
  sources.filter((path) => pattern.test(read(path).replaceAll(/^\s*\/\/.*$/gm, '')))

describe('nobody makes code of what they are told', () => {
  test('there is no eval, no vm, no deserializing of objects', () => {
    expect(
      where(/\beval\(|['"](node:)?vm['"]|\bv8\b.*\bdeserialize\b|from 'node:v8'.*deserialize/),
    ).toEqual([])
  })

  test('Node decodes what processes say to each other where nothing can be caught: only for who submits his own job', () => {
    expect(
      where(
        /\bserialization:|'ipc'|\bprocess\.send\b|import \{[^}]*\bfork\b[^}]*\} from 'node:child_process'/,
      ),
    ).toEqual(['packages/cli/src/job/build-graph-entry.ts', 'packages/cli/src/job/build-graph.ts'])
  })

  test('functions are made of text in one place: codecs, of the types that the job itself declares', () => {
    expect(where(/\bnew Function\b|\bFunction\(/)).toEqual([
      'packages/common/src/codec/struct-codec.ts',
    ])
  })

  test('modules whose names are not written in the code are the job itself, and what its project says', () => {
    expect(where(/\bimport\((?!['"]|\s*['"])/)).toEqual([
      'packages/cli/src/job/build-graph-entry.ts',
      'packages/cli/src/job/load-bundle.ts',
      'packages/cli/src/job/load-errors.ts',
      'packages/cli/src/project-config.ts',
      'packages/taskmanager/src/slots/load-job.ts',
    ])
  })
})
