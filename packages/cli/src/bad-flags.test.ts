// The matrix of bad command lines: every option of every command, found by walking the program. Without its value, with an
// empty one, said twice, mistyped, with nonsense: each is answered by one line that names it and exit code 2, before
// anything is done; never by a stack. So are the arguments that stand for themselves. A new command, option or argument is
// covered by being there; one that wants something of a new kind fails until there is nonsense of that kind.

import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command, Option } from 'commander'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { makeToken } from '@weirjs/common/rpc/token'
import type { Cli } from './cli.ts'
import { EXIT_FAILED, EXIT_NOT_FOUND, EXIT_UNREACHABLE, EXIT_USAGE } from './exit-codes.ts'
import { buildProgram } from './program.ts'
import { testCli } from './test-cli.fixture.ts'

const root = mkdtempSync(join(tmpdir(), 'weir-bad-flags-'))
afterAll(() => rmSync(root, { recursive: true }))
beforeEach(() => expect(readdirSync(root)).toEqual([]))

interface Row {
  readonly name: string
  readonly words: readonly string[]
  readonly command: Command
  readonly option: Option
}

const program = buildProgram({} as Cli)
const rows = rowsOf(program, [])

function rowsOf(command: Command, words: readonly string[]): readonly Row[] {
  const own = command.options
    .filter(({ long }) => long !== '--version')
    .map((option) => ({
      name: `weir ${[...words, option.long].join(' ')}`,
      words,
      command,
      option,
    }))
  return [...own, ...command.commands.flatMap((child) => rowsOf(child, [...words, child.name()]))]
}

/** What a command needs besides, so that only the option is wrong. `own`: is the option itself needed, too? */
const operands = ({ command, option }: Row, own = false): readonly string[] => [
  ...command.options
    .filter((one) => one.mandatory && (own || one !== option))
    .flatMap((one) => [`${one.long}`, 'x']),
  ...command.registeredArguments.filter(({ required }) => required).map(() => 'x'),
]

/** A command that the program itself has none: options of all commands are tried at this one. */
const wordsOf = (row: Row): readonly string[] =>
  row.words.length === 0 ? ['job', 'list'] : row.words

async function refused(row: Row, ...flags: readonly string[]): Promise<string> {
  const argv = [...wordsOf(row), ...flags]
  const { code, out, err } = await testCli(null, root, { HOME: root }).run(...argv)
  const said = `weir ${argv.join(' ')}: ${err.join(' | ')}`
  expect({ code, out }, said).toEqual({ code: 2, out: [] })
  expect(err[0], said).toMatch(/^error: /)
  expect(err.length, said).toBeLessThanOrEqual(4)
  expect(err.join('\n'), said).not.toMatch(/^ +at |\.ts:\d+/m)
  return `${err[0]}\n${err.slice(1).join('\n')}`
}

interface Position {
  readonly name: string
  readonly words: readonly string[]
  readonly command: Command
  /** Of this command's arguments. */
  readonly index: number
  readonly kind: string
}

/** What an argument wants, where its name does not say it. */
const MEANT: Readonly<Record<string, string>> = {
  'run job': 'job file',
  'dev job': 'job file',
  'plan job': 'job file',
  'add name': 'context',
  'use name': 'context',
  'rm name': 'context',
}

function positionsOf(command: Command, words: readonly string[]): readonly Position[] {
  const own = command.registeredArguments.map((argument, index) => ({
    name: `weir ${words.join(' ')} <${argument.name()}>`,
    words,
    command,
    index,
    kind: MEANT[`${command.name()} ${argument.name()}`] ?? argument.name(),
  }))
  const below = command.commands.flatMap((child) => positionsOf(child, [...words, child.name()]))
  return [...own, ...below]
}
const positional = positionsOf(program, [])

const long = ({ option }: Row): string => option.long ?? option.flags
const withValue = rows.filter(({ option }) => option.required)

test('the program has its options', () => {
  expect(rows.length).toBeGreaterThan(60)
})

const isDefine = ({ option }: Row): boolean => option.long === '--define'
/** What they take behind the job file is the job's, so that only with the job it is known what a mistyped flag means. */
const takesJob = ({ command }: Row): boolean => ['run', 'dev', 'plan'].includes(command.name())

describe.each(withValue)('$name', (row) => {
  test('without its value', async () => {
    expect(await refused(row, ...operands(row), long(row))).toContain(long(row))
  })
})

describe.each(withValue.filter((row) => !isDefine(row)))('$name', (row) => {
  test('with an empty value', async () => {
    expect(await refused(row, long(row), '', ...operands(row))).toMatch(
      row.option.argChoices === undefined ? `${long(row)} is empty` : /Allowed choices/,
    )
  })

  test('twice', async () => {
    const [value] = row.option.argChoices ?? ['1']
    const twice = [long(row), `${value}`, long(row), `${value}`, ...operands(row)]
    expect(await refused(row, ...twice)).toContain(`${long(row)} is given twice`)
  })
})

test.each(rows.filter(({ option }) => option.long !== undefined))(
  '$name, mistyped: what was meant is said',
  async (row) => {
    const told = await refused(row, `${long(row)}x`, ...operands(row, true))
    expect(told).toContain(`${long(row)}x`)
    if (!takesJob(row)) expect(told).toMatch(/Did you mean/i)
  },
)

// ---- nonsense, by what an option or an argument says that it wants ----

/** Places that are there, outside of where commands run. */
const there = mkdtempSync(join(tmpdir(), 'weir-bad-flags-there-'))
afterAll(() => rmSync(there, { recursive: true }))
const at = (name: string): string => join(there, name)
const token = at('token')
const cluster = at('cluster')
writeFileSync(token, makeToken(), { mode: 0o600 })
writeFileSync(at('file'), 'x', { mode: 0o600 })
writeFileSync(at('binary'), Buffer.from(Array.from({ length: 4_096 }, (_, i) => i % 256)))
mkdirSync(at('directory'))
mkdirSync(join(cluster, '.weir'), { recursive: true })
const log = join(cluster, 'jobmanager.log')
const processes = [{ role: 'jobmanager', pid: process.pid, birth: null, log, args: [] }]
const clusterFile = { version: 1, address: '127.0.0.1:1', tokenFile: token, dataDirectory: cluster }
const kept = { ...clusterFile, startedAtMs: 0, processes }
writeFileSync(join(cluster, '.weir', 'cluster.json'), JSON.stringify(kept))

const SAID_CHARS_MAX = 1_000
const LONG = 'x'.repeat(10_000)
const CONTROL = 'x\n\u001b[2J'
const NO_HOSTS: readonly string[] = [
  ' ',
  'a b',
  'x:6123',
  'http://x',
  'x/y',
  '-x',
  '[::1',
  'x,y',
  CONTROL,
  '\u009b2J',
  LONG,
]
const NO_ADDRESSES: readonly string[] = [
  ' ',
  ':6123',
  'x:',
  'x:0',
  'x:-1',
  'x:65536',
  'x:99999999999',
  'x:port',
  'a b:1',
  'http://x:1',
  '[::1:6123',
  `${CONTROL}:1`,
  `${LONG}:1`,
]
/** Longer than any name may be. */
const TOO_LONG = at('x'.repeat(300))
const NO_FILES: readonly string[] = [at('gone'), at('directory'), at('file/below'), TOO_LONG]

interface Kind {
  readonly values: readonly string[]
  /** Exit codes, where they are not those of bad usage. */
  readonly exits?: readonly number[]
  /** What is said besides, so that only this is wrong. */
  readonly besides?: readonly string[]
  /** Where the command runs. */
  readonly cwd?: string
  /** What the error names instead of the flag. */
  readonly names?: RegExp
}

const KINDS: Readonly<Record<string, Kind>> = {
  n: { values: ['x', '-1', '1.5', '1e9', '99999999999999999999', 'NaN', ' ', '0x10', LONG] },
  port: { values: ['x', '-1', '70000', '1.5', '99999999999999999999', LONG] },
  duration: { values: ['soon', '-1s', '5 parsecs', 'NaN', '1e99s', LONG] },
  'key=value': {
    values: ['x', '=x', '=', 'heartbeat.intervall=1s', 'heartbeat.interval=soon', '__proto__=1'],
    names: /./,
  },
  format: { values: ['xml', 'JSON', '__proto__', LONG] },
  shell: { values: ['csh', 'BASH', '__proto__', ' '], names: /'shell'/ },
  host: { values: NO_HOSTS },
  hosts: { values: [' ', ',', 'a,,b', 'a b', 'http://x', CONTROL, LONG, 'a,'.repeat(1_001)] },
  address: { values: NO_ADDRESSES, names: /no address|an address of a host/ },
  cluster: {
    values: [...NO_ADDRESSES, 'nowhere', LONG, '__proto__', './nowhere', '/', at('file')],
    exits: [EXIT_USAGE, EXIT_UNREACHABLE, EXIT_NOT_FOUND],
    names: /no address|no context|no cluster file/,
  },
  file: { values: NO_FILES, names: /file|gone|directory|xxx/ },
  directory: { values: [at('file'), at('file/below'), TOO_LONG], names: /file|xxx/ },
  process: {
    values: ['x', ' ', 'JobManager', '__proto__', CONTROL, LONG],
    cwd: cluster,
    exits: [EXIT_NOT_FOUND],
    names: /no process here is called/,
  },
  // Of a job.
  name: { values: [CONTROL, 'a\u2028b', '\u009b2J', ' ', 'x'.repeat(201), LONG] },
  // A name for a cluster, or of one.
  context: {
    values: [' ', 'a b', '1a', '__proto__', CONTROL, LONG],
    exits: [EXIT_USAGE, EXIT_NOT_FOUND],
    names: /no name for a cluster|no context/,
  },
  key: {
    values: [' ', 'heartbeat.intervall', '__proto__', CONTROL, LONG],
    names: /no setting/,
  },
  role: { values: ['client', ' ', 'JOBMANAGER', '__proto__', CONTROL, LONG], names: /is none of/ },
  'job file': {
    values: [...NO_FILES, at('binary'), '-', ' ', CONTROL],
    // Of `run`, that no cluster is known may be told first.
    exits: [EXIT_USAGE, EXIT_FAILED, EXIT_UNREACHABLE],
    names: /./,
  },
}

/** Whose values only somebody else can judge; where that is tried. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  checkpoint: 'the JobManager: restore-path.test.ts, test/conformance/restore-refused.test.ts',
  job: 'the JobManager: job-manager.test.ts',
  taskmanager: 'the JobManager: worker-drain.test.ts',
  words: 'completions of nonsense are none: below',
}

const wanted = ({ option }: Row): string => /<([^>]+)>/.exec(option.flags)?.[1] ?? ''

test('there is nonsense for whatever any option or argument wants', () => {
  const kinds = [...withValue.map(wanted), ...positional.map(({ kind }) => kind)]
  const unknown = kinds.filter((kind) => !(kind in KINDS) && !(kind in ELSEWHERE))
  expect([...new Set(unknown)], 'add it to KINDS').toEqual([])
  const idle = [...Object.keys(KINDS), ...Object.keys(ELSEWHERE)]
  expect(idle.filter((kind) => !kinds.includes(kind))).toEqual([])
})

/** One short line, an exit code that fits, no stack, nothing made. */
async function refusedAs(kind: Kind, argv: readonly string[], flag: string): Promise<void> {
  const { code, out, err } = await testCli('real', kind.cwd ?? root, { HOME: root }).run(...argv)
  const said = `weir ${argv.join(' ').slice(0, 300)}: ${code} ${err.join(' | ').slice(0, 600)}`
  expect(kind.exits ?? [EXIT_USAGE], said).toContain(code)
  expect(out, said).toEqual([])
  expect(err[0], said).toMatch(/^error: .*\[[a-z]+\/[a-z-]+\]$/)
  expect(err[0], said).not.toMatch(/internal/)
  expect(err.length, said).toBeLessThanOrEqual(4)
  expect(err.join('\n'), said).not.toMatch(/^ +at |\.ts:\d+/m)
  if (kind.names === undefined) expect(err.join('\n'), said).toContain(flag)
  else expect(err.join('\n'), said).toMatch(kind.names)
  expect(err.join('\n').length, said).toBeLessThan(SAID_CHARS_MAX)
}

/** `weir doctor` finds what is wrong: for it that is a result. */
const finds = ({ command }: { readonly command: Command }): boolean => command.name() === 'doctor'
const ofConnection = ['--cluster', '--token-file', '--tls-dir']
/** Said with whatever option is about the connection, so that it is made. */
const connection = (flag: string): readonly string[] =>
  ofConnection.includes(flag)
    ? ['--cluster', '127.0.0.1:1', '--token-file', token].filter(
        (_, i, all) => all[i - (i % 2)] !== flag,
      )
    : []
/** The directory of `weir dev` is made for a job that was understood: dev.test.ts. */
const isLater = (row: Row): boolean =>
  row.command.name() === 'dev' && row.option.long === '--data-dir'

const typed = withValue.filter((row) => wanted(row) in KINDS && !finds(row) && !isLater(row))
test.each(typed)('$name with nonsense', async (row) => {
  const kind = KINDS[wanted(row)] as Kind
  for (const value of kind.values) {
    const flags = [`${long(row)}=${value}`, ...connection(long(row)), ...operands(row)]
    await refusedAs(kind, [...wordsOf(row), ...flags], long(row))
  }
})

test.each(withValue.filter((row) => finds(row) && wanted(row) in KINDS))(
  '$name with nonsense is a finding',
  async (row) => {
    for (const value of KINDS[wanted(row)]?.values ?? []) {
      const cli = testCli('real', root, { HOME: root })
      const { code, err } = await cli.run('doctor', `${long(row)}=${value}`)
      expect([EXIT_FAILED, EXIT_USAGE], value.slice(0, 80)).toContain(code)
      expect(err.join('\n')).not.toMatch(/^ +at |internal/m)
    }
  },
)

/** Right by themselves, for the places before and behind. */
const RIGHT: Readonly<Record<string, string>> = { context: 'prod', address: '127.0.0.1:1' }

test('arguments of commands are found', () => {
  expect(positional.length).toBeGreaterThan(15)
})

test.each(positional.filter(({ kind }) => kind in KINDS))(
  '$name with nonsense',
  async (position) => {
    const { words, command, index } = position
    const kind = KINDS[position.kind] as Kind
    for (const value of ['', ...kind.values]) {
      const others = positional.filter((one) => one.command === command)
      const argv = others.map((one) => (one.index === index ? value : (RIGHT[one.kind] ?? 'x')))
      const isEmpty = value === '' ? { names: /is empty|'shell'/ } : {}
      await refusedAs({ ...kind, ...isEmpty }, [...words, '--', ...argv], '')
    }
  },
)

test.each(positional.filter(({ kind }) => kind === 'job' || kind === 'taskmanager'))(
  '$name with nonsense reaches nobody, or is for the JobManager to find',
  async ({ words }) => {
    const connected = ['--cluster', '127.0.0.1:1', '--token-file', token]
    const kind: Kind = { values: [], exits: [EXIT_USAGE, EXIT_UNREACHABLE], names: /./ }
    for (const value of ['', ' ', '__proto__', CONTROL, LONG])
      await refusedAs(kind, [...words, ...connected, '--', value], '')
  },
)

test('completions of nonsense are none, or words', async () => {
  for (const words of [
    [''],
    [' '],
    ['__proto__', ''],
    [CONTROL, ''],
    [LONG],
    Array(5_000).fill('-'),
  ]) {
    const { code, err } = await testCli(null, root, { HOME: root }).run('complete', '--', ...words)
    expect({ code, err }).toEqual({ code: 0, err: [] })
  }
})
