// What an author exports has a type that can be named by what the author may import: a project that emits declarations, with
// a package manager that shows it nothing else, does not compile otherwise.

import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const MS_MAX = 120_000

const EXPORTS = `
import * as weir from 'weirjs'
import { csvFiles, ndjsonFiles, parquetFiles, textFiles } from 'weirjs/files'
import { harness } from 'weirjs/testing'

const { int, text } = weir
export const types = [weir.nullable(int()), weir.list(text()), weir.map(text(), int()), weir.oneOf('a', 'b')] as const
export const maybe = weir.optional(int())
export const Stop = weir.struct('Stop', { at: text(), gate: maybe, via: weir.optional(weir.list(int())) })
export const state = {
  one: weir.value(int()),
  first: weir.value(int(), { initial: 0 }),
  list: weir.listState(int()),
  map: weir.mapState(text(), int()),
  rules: weir.mapState('rules', text(), int()),
  sum: weir.reducing(int(), (a, b) => a + b),
  mean: weir.aggregating(int(), { create: () => 0, add: (a, b: number) => a + b, result: (a) => a }),
  ours: weir.operatorList(int()),
  all: weir.unionList(int()),
}
export const ends = [
  ndjsonFiles('/x', Stop), csvFiles('/x', Stop), csvFiles('/x'), textFiles('/x'), parquetFiles('/x', Stop),
  weir.fromItems(int(), [1]), weir.generator({ make: (n) => n }), weir.socketLines({ port: 1 }),
  weir.print<number>(), weir.discard<number>(),
] as const
export const keyed = weir.keyedProcess({
  uid: 'keyed', in: Stop, out: int(), key: text(), state: { last: state.first }, sides: { late: text() },
  each: (_, { emit }) => emit(1),
})
export const plain = weir.process({
  uid: 'plain', in: Stop, out: int(), lists: { ours: state.ours }, each: (_, { emit }) => emit(1),
})
export const bench = harness(keyed)
export const time = weir.outOfOrder('5s', (stop: { time: number }) => stop.time)
export const steps = (env: weir.Environment) => {
  const stops = env.from(ends[0], { uid: 'stops' })
  const byPlace = stops.keyBy('at')
  const counts = byPlace.count({ uid: 'counts' })
  const rules = stops.broadcast(state.rules)
  return {
    stops, byPlace, counts, rules,
    parts: stops.split({ a: text(), b: int() }, (stop, out) => out.a(stop.at)),
    both: byPlace.connect(counts.keyBy('key')),
    ruled: [stops.connect(rules), byPlace.connect(rules)],
    picked: stops.pick('at', 'gate'),
    done: [byPlace.process(keyed), stops.process(plain), stops.side('dead-letters'), stops.union(stops)],
  }
}
export default weir.job('all', { args: { maybe, mode: weir.oneOf('a', 'b') } }, (env) => void steps(env))
`

it('the types of what an author exports can be named', { timeout: MS_MAX }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-declarations-'))
  try {
    mkdirSync(join(directory, 'node_modules'))
    symlinkSync(join(root, 'packages', 'weirjs'), join(directory, 'node_modules', 'weirjs'))
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(directory, 'job.ts'), EXPORTS)
    const compilerOptions = {
      module: 'nodenext',
      target: 'esnext',
      strict: true,
      skipLibCheck: true,
      customConditions: ['source'],
      allowImportingTsExtensions: true,
      typeRoots: [join(root, 'node_modules', '@types')],
      types: ['node'],
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: '/',
      outDir: 'out',
    }
    writeFileSync(
      join(directory, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['job.ts'] }),
    )
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', directory], { stdio: 'pipe' })
    const [emitted = ''] = readdirSync(join(directory, 'out'), {
      recursive: true,
      encoding: 'utf8',
    }).filter((name) => name.endsWith('job.d.ts'))
    const imported = readFileSync(join(directory, 'out', emitted), 'utf8').matchAll(
      /(?:from |import\()["']([^"']+)["']/g,
    )
    const names = new Set([...imported].map(([, name]) => name))
    expect([...names].toSorted()).toEqual(['weirjs', 'weirjs/files', 'weirjs/testing'])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
