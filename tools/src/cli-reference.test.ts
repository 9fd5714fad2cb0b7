// The page about commands against the commands themselves: none is missing there, and no flag.

import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { Cli } from '../../packages/cli/src/cli.ts'
import { buildProgram } from '../../packages/cli/src/program.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const page = readFileSync(join(root, 'docs/reference/cli.md'), 'utf8')

type Command = ReturnType<typeof buildProgram>

function commandsBelow(command: Command, path: string): readonly (readonly [string, Command])[] {
  return command.commands.flatMap((child) => {
    const name = `${path} ${child.name()}`
    return [[name, child] as const, ...commandsBelow(child, name)]
  })
}

it('the reference of commands has every command and every flag', () => {
  // No command is run: nothing of the command line is needed.
  const program = buildProgram({} as Cli)
  const all = [['weir', program] as const, ...commandsBelow(program, 'weir')]
  const groups = all.filter(([, command]) => command.commands.length > 0).map(([name]) => name)
  const runnable = all.map(([name]) => name).filter((name) => !groups.includes(name))
  const flags = all.flatMap(([, command]) => command.options.map((option) => option.long ?? ''))
  const named = [...runnable, 'weir jobmanager', 'weir taskmanager', ...new Set(flags)]
  expect(named.filter((name) => !page.includes(name))).toEqual([])
})
