// The tree of commands, and the one place where whatever went wrong becomes a message and an exit code.

import { Command, CommanderError, Option } from 'commander'
import type { ArgumentDescription } from '@weirjs/api/arguments'
import { toFailure, WeirError } from '@weirjs/common/core/errors'
import { WEIR_VERSION } from '@weirjs/common/core/version'
import type { Cli, GlobalOptions } from './cli.ts'
import { addCertsCommands } from './commands/certs.ts'
import { addClusterCommands } from './commands/cluster.ts'
import { addCompletionCommands, COMPLETE } from './commands/completion.ts'
import { addConfigCommands } from './commands/config.ts'
import { addContextCommands } from './commands/context.ts'
import { addDevCommand } from './commands/dev.ts'
import { addDoctorCommand } from './commands/doctor.ts'
import { addHealthCheck } from './commands/healthcheck.ts'
import { addJobCommands } from './commands/job.ts'
import { addCheckpointCommands, addVersionCommand } from './commands/look.ts'
import { addPlanCommand } from './commands/plan.ts'
import { addProcessCommands } from './commands/processes.ts'
import { addRunCommand } from './commands/run.ts'
import { addTaskManagerCommands } from './commands/taskmanager.ts'
import { addTopCommand } from './commands/top.ts'
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE, exitCodeOf } from './exit-codes.ts'
import { JobEndedBadly } from './follow.ts'
import { describeJob } from './job/prepare.ts'
import { asWeirError } from './output/errors.ts'
import { FORMATS } from './output/show.ts'
import { facts } from './output/table.ts'
import { tellError } from './output/tell-error.ts'

/** Commands whose first word is a job file. */
const JOB_COMMANDS: readonly string[] = ['run', 'dev', 'plan']

/** Runs one command line (without node and script) and answers the exit code. Never throws. */
export async function runProgram(argv: readonly string[], cli: Cli): Promise<number> {
  const program = buildProgram(cli)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return EXIT_OK
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.code === 'commander.helpDisplayed') await helpForJob(argv, cli)
      if (thrown.exitCode === 0) return EXIT_OK
      // A command without its subcommand has shown its help.
      if (thrown.code !== 'commander.help')
        tellError(toFailure(misuse(thrown, helpFor(program, argv))), cli, formatIn(argv))
      return EXIT_USAGE
    }
    if (thrown instanceof JobEndedBadly) {
      tellError(toFailure(thrown.error), cli, program.opts())
      return EXIT_FAILED
    }
    const error = asWeirError(thrown)
    tellError(toFailure(error), cli, program.opts())
    return exitCodeOf(error)
  }
}

const EVERY_COMMAND = '\nOptions of every command, such as -o json and --cluster: weir --help'
/** A word of the command line, as commander quotes it. */
const TOO_LONG = /'([^']{80})[^']+'/g
const SUGGESTION = /\n\((Did you mean .*\?)\)$/s

/** As every other error: with a code, and with what may have been meant. */
function misuse({ message }: CommanderError, help: string): WeirError {
  const [, meant] = SUGGESTION.exec(message) ?? []
  const said = message.replace(SUGGESTION, '').replace(/^error: /, '')
  const what = said.replaceAll(TOO_LONG, "'$1…'")
  const hint = meant ?? `${help} shows what there is`
  return new WeirError('cli/usage', what, { domain: 'user', hint })
}

/** How to ask for the help of the command that was meant. */
function helpFor(program: Command, argv: readonly string[]): string {
  let command = program
  const names = ['weir']
  for (const word of argv) {
    const child = command.commands.find((one) => one.name() === word)
    if (child === undefined) continue
    command = child
    names.push(word)
  }
  return `${names.join(' ')} --help`
}

/** The command line was not understood, so what it asks for is looked for in its words. */
function formatIn(argv: readonly string[]): GlobalOptions {
  const isJson = (word: string, i: number): boolean =>
    /^(--json|--format=json|-o=?json)$/.test(word) ||
    (word === 'json' && /^(-o|--format)$/.test(argv[i - 1] ?? ''))
  return argv.some(isJson) ? { json: true } : {}
}

/** Help was asked for behind a job file: what the job itself takes is told too, or why it cannot be told. */
async function helpForJob(argv: readonly string[], cli: Cli): Promise<void> {
  const [command = '', ...words] = argv
  const file = words.find((word) => /\.[cm]?[jt]s$/.test(word))
  if (!JOB_COMMANDS.includes(command) || file === undefined) return
  const terminal = cli.terminal({})
  try {
    const takes = await describeJob(cli, file)
    terminal.data(takes.length === 0 ? `\n${file} takes no arguments.` : `\nArguments of ${file}:`)
    const pairs = takes.map((one) => [argumentUsage(one), argumentHelp(one)] as const)
    for (const line of facts(pairs)) terminal.data(`  ${line}`)
  } catch (thrown) {
    tellError(toFailure(asWeirError(thrown)), cli, {})
  }
}

const argumentUsage = ({ flag, kind }: ArgumentDescription): string =>
  kind === 'flag' ? flag : `${flag} <${kind}>`

function argumentHelp({ help, required, default: preset }: ArgumentDescription): string {
  const given = preset === undefined ? '(optional)' : `(default: ${JSON.stringify(preset)})`
  return [help ?? '', required ? '(required)' : given].join(' ').trim()
}

/** `--from "$LAST"`, or `drain "$WORKER"`, with nothing in the variable means nothing that anybody wants. */
function refuseEmptyWords(command: Command): void {
  // Its words are what somebody is typing, and the one at the cursor is empty at first.
  if (command.name() === COMPLETE) return
  const at = command.processedArgs.findIndex(
    (word) => word === '' || (Array.isArray(word) && word[0] === ''),
  )
  if (at !== -1) throw emptyWord(`<${command.registeredArguments[at]?.name()}>`)
  const options: Option[] = []
  for (let at: Command | null = command; at !== null; at = at.parent) options.push(...at.options)
  const said = command.optsWithGlobals()
  const empty = options.find((option) => said[option.attributeName()] === '')
  if (empty !== undefined) throw emptyWord(empty.long ?? empty.flags)
}

function emptyWord(what: string): WeirError {
  const hint = 'is a variable of the shell unset?'
  return new WeirError('cli/usage', `${what} is empty`, { domain: 'user', hint })
}

/** Without the defaults that mean "none", and without quotes around the others. */
function describeOption(option: Option): string {
  const { description, defaultValue, argChoices, negate } = option
  const choices = argChoices === undefined ? '' : ` (${argChoices.join(', ')})`
  const isSaid = typeof defaultValue === 'string' && !negate
  return `${description}${choices}${isSaid ? ` (default: ${defaultValue})` : ''}`
}

export function buildProgram(cli: Cli): Command {
  const program = new Command('weir')
    .description('distributed, stateful stream processing for TypeScript')
    .version(WEIR_VERSION, '-V, --version', 'the version')
    .option('--cluster <cluster>', 'host:port of a JobManager, a context, or a cluster file')
    .option('--token-file <file>', 'file with the cluster token')
    .option(
      '--tls-dir <directory>',
      'directory with ca.crt and a certificate and key (client.crt, client.key); turns TLS on',
    )
    .addOption(new Option('-o, --format <format>', 'how to print data').choices([...FORMATS]))
    .option('--json', 'short for --format json')
    .option('-v, --verbose', 'show stacks of errors')
    .option('-q, --quiet', 'only data and errors')
    .option('--no-color', 'no colours')
    .addHelpText('afterAll', ({ command }) => (command.parent === null ? '' : EVERY_COMMAND))
    .configureHelp({ optionDescription: describeOption })
    .showSuggestionAfterError(true)
    .exitOverride()
    .hook('preAction', (_program, command) => refuseEmptyWords(command))
    .configureOutput({
      writeOut: (text) => cli.terminal({}).data(text.trimEnd()),
      writeErr: (text) => cli.terminal({}).say(text.trimEnd()),
      outputError: () => {},
    })
  addRunCommand(program, cli)
  addDevCommand(program, cli)
  addPlanCommand(program, cli)
  addJobCommands(program, cli)
  addCheckpointCommands(program, cli)
  addClusterCommands(program, cli)
  addTaskManagerCommands(addProcessCommands(program, cli), cli)
  addHealthCheck(program, cli)
  addTopCommand(program, cli)
  addConfigCommands(program, cli)
  addContextCommands(program, cli)
  addCertsCommands(program, cli)
  addCompletionCommands(program, cli)
  addDoctorCommand(program, cli)
  addVersionCommand(program, cli)
  inherit(program)
  refuseTwice(program)
  return program
}

/** Of two values for one thing nobody knows which was meant. Lists are gathered, and switches say the same twice. */
function refuseTwice(command: Command): void {
  for (const option of command.options) {
    if (!option.required || Array.isArray(option.defaultValue)) continue
    let given = false
    command.on(`option:${option.name()}`, () => {
      if (given) {
        const message = `${option.long ?? option.flags} is given twice`
        throw new WeirError('cli/usage', message, {
          domain: 'user',
          hint: 'Leave one of them out.',
        })
      }
      given = true
    })
  }
  for (const child of command.commands) refuseTwice(child)
}

/** Settings that commander does not hand down to commands made before. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    inherit(child)
  }
}
