// The packages as somebody outside gets them: packed, installed by npm from the tarballs in a clean directory, type-checked by
// both resolutions of today, and their job run on a cluster of this checkout. Nothing of the checkout is on their path.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { firstBlock } from './console-blocks.ts'
import { WeirKit } from './weir-kit.ts'

/** Eight packages are packed, and a registry is asked. */
const PREPARE_MS_MAX = 300_000
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const MISTAKES = `import { int, job, keyedProcess, struct, text, value } from 'weirjs'
import type { Source } from 'weirjs/connector'
import { harness } from 'weirjs/testing'
const Row = struct('Row', { name: text(), count: int() })
export const step = keyedProcess({
  uid: 'step', in: Row, out: Row, key: text(), state: { seen: value(int(), { initial: 0 }) },
  each(row, { state, emit }) {
    // @ts-expect-error: text is no number
    state.seen.set(row.name)
    // @ts-expect-error: a member is missing
    emit({ name: 'x' })
  },
})
// @ts-expect-error: a job has a name
export const none = job()
export type Mine = Source<number, string>
export const test: typeof harness = harness
`

let outside = ''
beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), 'weir-outside-'))
  const tarballs = join(outside, 'tarballs')
  mkdirSync(tarballs)
  run(ROOT, 'pnpm', '-r', '--filter', './packages/*', 'pack', '--pack-destination', tarballs)
  writeProject(tarballs)
  run(outside, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund')
}, PREPARE_MS_MAX)
afterAll(() => rmSync(outside, { recursive: true, force: true }))

function run(cwd: string, command: string, ...args: readonly string[]): string {
  const ran = spawnSync(command, args, { cwd, encoding: 'utf8', env: cleanEnvironment() })
  if (ran.status === 0) return ran.stdout
  const said = `${ran.stdout}\n${ran.stderr}\n${ran.error?.message ?? ''}`
  throw new Error(`${command} ${args.join(' ')} ended with ${ran.status}:\n${said}`)
}

/** Nothing that points at the checkout, but the tools. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:WEIR_|VITEST|NODE_OPTIONS$|npm_)/i.test(name),
  )
  return Object.fromEntries(kept)
}

function writeProject(tarballs: string): void {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const catalog = readFileSync(join(ROOT, 'pnpm-workspace.yaml'), 'utf8')
  const versionOf = (name: string): string =>
    new RegExp(`^ +'?${name}'?: (\\S+)$`, 'm').exec(catalog)?.[1] ?? devDependencies[name] ?? ''
  const internal = readdirSync(join(ROOT, 'packages')).filter((name) => name !== 'weirjs')
  const project = {
    name: 'outside',
    private: true,
    type: 'module',
    dependencies: { weirjs: `file:${tarballOf(tarballs, 'weirjs')}` },
    devDependencies: {
      typescript: versionOf('typescript'),
      '@types/node': versionOf('@types/node'),
    },
    // They are on no registry yet.
    overrides: Object.fromEntries(
      internal.map((name) => [`@weirjs/${name}`, `file:${tarballOf(tarballs, `weirjs-${name}`)}`]),
    ),
  }
  writeFileSync(join(outside, 'package.json'), JSON.stringify(project))
  const job = firstBlock(join(ROOT, 'docs/guide/first-job.md'), /^ts job/)
  writeFileSync(join(outside, 'totals.ts'), job.replace('perSecond: 8_000', 'perSecond: 200_000'))
  writeFileSync(join(outside, 'mistakes.ts'), MISTAKES)
  const paths = readdirSync(tarballs).flatMap((name) => subpathsOf(join(tarballs, name)))
  const imports = paths.map((path, i) => `import type * as m${i} from '${path}'`)
  const uses = paths.map((_path, i) => `typeof m${i}`)
  writeFileSync(
    join(outside, 'everything.ts'),
    `${imports.join('\n')}\nexport type All = [${uses.join(', ')}]\n`,
  )
}

/** All that can be imported from a package: what its `exports` say, each `*` for every file there. */
function subpathsOf(tarball: string): readonly string[] {
  const { name, exports } = JSON.parse(
    run(outside, 'tar', '-xzOf', tarball, 'package/package.json'),
  ) as { name: string; exports: Record<string, { types: string }> }
  const files = run(outside, 'tar', '-tzf', tarball).trim().split('\n')
  return Object.entries(exports).flatMap(([path, { types }]) => {
    const [before = '', after] = types.replace(/^\./, 'package').split('*')
    const specifier = (part: string): string => name + path.slice(1).replace('*', part)
    if (after === undefined) return [specifier('')]
    const found = files.filter((file) => file.startsWith(before) && file.endsWith(after))
    expect(found, `${name} ${path}`).not.toEqual([])
    return found.map((file) => specifier(file.slice(before.length, -after.length)))
  })
}

function tarballOf(tarballs: string, name: string): string {
  const found = readdirSync(tarballs).find((file) => new RegExp(`^${name}-\\d.*\\.tgz$`).test(file))
  return join(tarballs, found ?? `${name} was not packed`)
}

const installed = (command: string): string => join(outside, 'node_modules', '.bin', command)

test('tarballs hold what was built, and nothing else', () => {
  const tarballs = join(outside, 'tarballs')
  const names = readdirSync(tarballs)
  expect(names).toHaveLength(readdirSync(join(ROOT, 'packages')).length)
  for (const name of names) {
    const files = run(tarballs, 'tar', '-tzf', name).trim().split('\n')
    const strangers = files.filter(
      (file) =>
        !/^package\/(?:LICENSE|README\.md|package\.json|proto\/.*\.proto|bin\/\w+\.js|page\/[\w-]+\.(?:html|css|js|svg))$/.test(
          file,
        ) &&
        !/^package\/dist\/(?!.*(?:\.test|\.contract|\.fixture)\.)[\w/.-]+\.(?:js|js\.map|d\.ts)$/.test(
          file,
        ),
    )
    expect(strangers, name).toEqual([])
    expect(files, name).toEqual(expect.arrayContaining(['package/LICENSE', 'package/README.md']))
    const manifest = run(tarballs, 'tar', '-xzOf', name, 'package/package.json')
    expect(manifest, name).not.toMatch(/workspace:|catalog:|"source"/)
  }
})

test('npm packs nothing here: its packages would ask for versions that are none', () => {
  for (const name of readdirSync(join(ROOT, 'packages'))) {
    const cwd = join(ROOT, 'packages', name)
    const to = mkdtempSync(join(outside, 'npm-'))
    expect(() => run(cwd, 'npm', 'pack', '--pack-destination', to), name).toThrow('use: pnpm pack')
    expect(readdirSync(to), name).toEqual([])
  }
})

test('everything that can be imported is type-checked', () => {
  const lines = readFileSync(join(outside, 'everything.ts'), 'utf8').split('\n')
  const imported = (name: string): number =>
    lines.filter((line) => new RegExp(`from '${name}(?:/[^']*)?'`).test(line)).length
  for (const name of readdirSync(join(ROOT, 'packages')))
    expect(imported(name === 'weirjs' ? name : `@weirjs/${name}`), name).toBeGreaterThan(0)
  expect(lines).toContainEqual(expect.stringMatching(/^import type .* from 'weirjs'$/))
  expect(lines).toContainEqual(expect.stringMatching(/^import type .* from 'weirjs\/files'$/))
})

test.each([
  ['nodenext', ['--module', 'nodenext']],
  ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler', '--types', 'node']],
])(
  'types resolve under --strict with moduleResolution %s, libraries checked too',
  (_name, flags) => {
    const files = ['totals.ts', 'mistakes.ts', 'everything.ts']
    const strict = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2024']
    expect(run(outside, installed('tsc'), ...strict, ...flags, ...files)).toBe('')
  },
)

test('its job runs in one process, and on a cluster of this checkout', async () => {
  const weir = installed('weir')
  run(outside, weir, 'dev', 'totals.ts', '--output', 'alone')
  await using kit = await WeirKit.start({ taskManagers: 2, slots: 1 })
  const place = ['--cluster', kit.address, '--token-file', kit.path('.weir', 'cluster', 'token')]
  run(outside, weir, 'run', ...place, '-p', '2', 'totals.ts', '--output', kit.path('there'))
  const sorted = (directory: string): readonly string[] =>
    kit
      .rows<{ customer: string; orders: number }>(directory)
      .map(({ customer, orders }) => `${basename(customer)} ${orders}`)
      .sort()
  const expected = [0, 1, 2, 3].map((n) => `customer-${n} 60000`)
  expect(sorted(join(outside, 'alone'))).toEqual(expected)
  expect(sorted(kit.path('there'))).toEqual(expected)
})
