import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
export function addProcessCommands(program: Command, _cli: Cli): Command {
  return program.command('taskmanager')
}
