// What every public package must say about itself before anybody can use it: the facts that a registry and resolvers read.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

type Exports = Readonly<Record<string, Readonly<Record<string, string>>>>

interface Manifest {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly license: string
  readonly type: string
  readonly private?: boolean
  readonly engines: { readonly node: string }
  readonly files: readonly string[]
  readonly exports: Exports
  readonly publishConfig: { readonly access: string; readonly exports: Exports }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly repository?: { readonly url: string; readonly directory: string }
}

const manifests = readdirSync(join(root, 'packages')).map((name) => {
  const directory = join(root, 'packages', name)
  const file = readFileSync(join(directory, 'package.json'), 'utf8')
  return { name, directory, manifest: JSON.parse(file) as Manifest }
})

describe.each(manifests)('packages/$name', ({ name, directory, manifest }) => {
  it('says what it is, under which licence, and for whom', () => {
    expect(manifest.name).toBe(name === 'weirjs' ? name : `@weirjs/${name}`)
    expect(manifest).toMatchObject({ license: 'Apache-2.0', type: 'module' })
    expect(manifest.private).toBeUndefined()
    expect(manifest.description ?? '').toMatch(/^[A-Z].{20,120}[^.]$/)
    expect(manifest.engines.node).toBe('>=24.11')
    expect(manifest.publishConfig.access).toBe('public')
    expect(existsSync(join(directory, 'README.md'))).toBe(true)
  })

  it('is published with what was built, without sources, leftovers and conditions of this repository', () => {
    expect(manifest.files).toEqual(expect.arrayContaining(['dist', '!dist/*.tsbuildinfo']))
    expect(Object.keys(manifest.publishConfig.exports)).toEqual(Object.keys(manifest.exports))
    for (const [path, target] of Object.entries(manifest.publishConfig.exports)) {
      // Types first: the first condition that fits is taken.
      expect(Object.keys(target)).toEqual(['types', 'default'])
      const { source: _here, ...published } = manifest.exports[path] ?? {}
      expect(target).toEqual(published)
      for (const file of Object.values(target)) expect(file).toMatch(/^\.\/dist\/.*\.(?:d\.ts|js)$/)
    }
    for (const file of Object.values(manifest.bin ?? {})) {
      expect(readFileSync(join(directory, file), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    }
  })

  it('has one version with all others, and takes theirs from the workspace', () => {
    expect(manifest.version).toBe(manifests[0]?.manifest.version)
    for (const [dependency, range] of Object.entries(manifest.dependencies ?? {})) {
      expect(range).toBe(/^(?:weirjs$|@weirjs\/)/.test(dependency) ? 'workspace:*' : 'catalog:')
    }
  })

  it('is packed by pnpm only, which writes versions where here "workspace:" stands', () => {
    expect(manifest.scripts['prepack']).toMatch(/^node \.\.\/\.\.\/tools\/prepack\.mjs(?: && |$)/)
  })

  it('names the repository as all others do, or none of them names one', () => {
    expect(manifest.repository?.url).toBe(manifests[0]?.manifest.repository?.url)
    const directories = manifest.repository === undefined ? undefined : `packages/${name}`
    expect(manifest.repository?.directory).toBe(directories)
  })
})

it.each([
  ['npm/11.6.2 node/v24.21.0 linux x64 workspaces/false', 1],
  ['yarn/1.22.22 npm/? node/v24.21.0 linux x64', 1],
  ['', 1],
  ['pnpm/12.21.0 npm/? node/v24.21.0 linux x64', 0],
])('who packs as "%s" is let in or told to use pnpm: %i', (agent, status) => {
  const ran = spawnSync(process.execPath, [join(root, 'tools/prepack.mjs')], {
    env: { ...process.env, npm_config_user_agent: agent },
    encoding: 'utf8',
  })
  expect(ran.status).toBe(status)
  expect(ran.stderr.includes('use: pnpm pack')).toBe(status !== 0)
})

it('the licence lies where every package takes it from', () => {
  expect(readFileSync(join(root, 'LICENSE'), 'utf8')).toContain('Apache License')
})
