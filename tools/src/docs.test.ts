// What the documents say is so: every program in them compiles, every job in them can be built.

import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { programsOf } from './doc-jobs.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const guide = join(root, 'docs', 'guide')
const directory = mkdtempSync(join(tmpdir(), 'weir-docs-'))
const run = promisify(execFile)
const MS_MAX = 120_000

const programs = readdirSync(guide)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => programsOf(join(guide, name)))
  .map((program, i) => ({ ...program, file: join(directory, `program-${i}.ts`) }))

for (const { file, source } of programs) writeFileSync(file, source)
writeFileSync(
  join(directory, 'tsconfig.json'),
  JSON.stringify({
    extends: join(root, 'tsconfig.test.json'),
    compilerOptions: {
      noImplicitReturns: false,
      typeRoots: [join(root, 'node_modules', '@types')],
      paths: {
        weirjs: [join(root, 'packages/weirjs/src/index.ts')],
        'weirjs/*': [join(root, 'packages/weirjs/src/*.ts')],
      },
    },
    include: ['*.ts'],
  }),
)
writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))

afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** `program-3.ts(12,4)` → `time.md:40, line 12`. */
const named = (line: string): string =>
  line.replace(/^\S*program-(\d+)\.ts\((\d+),\d+\)/, (_all, i: string, row: string) => {
    return `${programs[Number(i)]?.place}, line ${row}`
  })

describe('the programs of the guide', () => {
  it('are there', () => {
    expect(programs.filter(({ kind }) => kind === 'job').length).toBeGreaterThan(5)
  })

  it('compile', { timeout: MS_MAX }, async () => {
    const tsc = run(join(root, 'node_modules/.bin/tsc'), ['-p', directory, '--pretty', 'false'], {
      cwd: directory,
    })
    const said = await tsc.then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    )
    expect(
      said
        .split('\n')
        .filter((line) => line !== '')
        .map(named),
    ).toEqual([])
  })

  it('are jobs that can be submitted', { timeout: MS_MAX }, async () => {
    const jobs = programs.filter(({ kind }) => kind === 'job')
    const wanted = JSON.stringify(jobs.map(({ file, argv }) => ({ file, argv })))
    const entry = join(root, 'tools/src/build-jobs-entry.ts')
    const { stdout } = await run(process.execPath, ['-C', 'source', '--no-warnings', entry, wanted])
    const problems = JSON.parse(stdout) as (string | null)[]
    expect(jobs.map(({ place }, i) => `${place}: ${problems[i] ?? 'fine'}`)).toEqual(
      jobs.map(({ place }) => `${place}: fine`),
    )
  })
})
