// Every command that somebody can run, as the program itself has them: a new one is found without anybody writing it down.

import type { Cli } from '../../packages/cli/src/cli.ts'
import { buildProgram } from '../../packages/cli/src/program.ts'

type Command = ReturnType<typeof buildProgram>

/** It has commands, and is one. */
const BOTH = 'weir taskmanager'

function runnable(command: Command, path: string): readonly string[] {
  const below = command.commands.flatMap((child) => runnable(child, `${path} ${child.name()}`))
  return command.commands.length === 0 || path === BOTH ? [path, ...below] : below
}

/** `weir job list`, … None is run: nothing of the command line is needed. */
export const ALL_COMMANDS: readonly string[] = runnable(buildProgram({} as Cli), 'weir')

/** The one that these words run. */
export function commandOf(argv: readonly string[]): string {
  const heads = argv.map((_word, i) => ['weir', ...argv.slice(0, argv.length - i)].join(' '))
  const command = heads.find((one) => ALL_COMMANDS.includes(one))
  if (command === undefined) throw new Error(`no command: ${argv.join(' ')}`)
  return command
}
