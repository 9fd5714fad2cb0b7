// The matrix of bad command lines: every option of every command, found by walking the program. Without its value, with an
// empty one, said twice, mistyped, with nonsense: each is answered by one line that names it and exit code 2, before
// anything is done; never by a stack. A new command or option is covered by being there.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command, Option } from 'commander'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Cli } from './cli.ts'
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

/** By what the option says that it wants. */
const NONSENSE: Readonly<Record<string, readonly string[]>> = {
  n: ['x', '-1', '1.5', '1e9', '99999999999999999999', 'NaN', ' ', '0x10'],
  port: ['x', '-1', '70000', '1.5', '99999999999999999999'],
  duration: ['soon', '-1s', '5 parsecs', 'NaN', '1e99s'],
  'key=value': ['x', '=x', '=', 'heartbeat.intervall=1s', 'heartbeat.interval=soon', '__proto__=1'],
  format: ['xml', 'JSON', '__proto__'],
}
const wanted = ({ option }: Row): string => /<([^>]+)>/.exec(option.flags)?.[1] ?? ''

/** `weir doctor` finds bad configuration: for it that is a result. */
const finds = (row: Row): boolean => row.command.name() === 'doctor' && isDefine(row)
const typed = withValue.filter((row) => NONSENSE[wanted(row)] !== undefined)
test.each(typed.filter((row) => !finds(row)))('$name with nonsense', async (row) => {
  for (const value of NONSENSE[wanted(row)] ?? []) {
    const told = await refused(row, `${long(row)}=${value}`, ...operands(row))
    if (!isDefine(row)) expect(told).toContain(long(row))
    expect(told).toContain(value.trim().split('=')[0])
  }
})

test.each(['run', 'dev', 'plan'])('weir %s --name with control characters', async (command) => {
  const row = rows.find(({ words, option }) => words[0] === command && option.long === '--name')
  if (row === undefined) return expect.unreachable()
  for (const name of ['x\n\u001b[2J', 'a\u2028b', '\u009b2J', ' ', 'x'.repeat(201)])
    expect(await refused(row, '--name', name, 'x')).toContain('--name is "')
})
