// weir completion SHELL: a small script for the shell, which asks `weir complete` at each Tab. So completions are those of
// the commands that are installed, and a script never becomes stale.

import { Argument, type Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { contextNames } from '../named-clusters.ts'
import { CONFIG_KEYS } from '@weirjs/common/node/config-keys'

/** The command that the scripts ask. */
export const COMPLETE = 'complete'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# weir completion bash > ~/.local/share/bash-completion/completions/weir
_weir() {
  local IFS=$'\\n' last="\${COMP_WORDS[COMP_CWORD]}"
  [[ $last == '=' ]] && last=''
  COMPREPLY=($(compgen -W "$(weir complete -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" "$last" 2>/dev/null)" -- "$last"))
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
  return 0
}
complete -o default -F _weir weir`,
  zsh: `#compdef weir
# weir completion zsh > "\${fpath[1]}/_weir"
_weir() {
  local -a found
  found=("\${(@f)$(weir complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
if [[ "$funcstack[1]" = _weir ]]; then _weir "$@"; else compdef _weir weir; fi`,
  fish: `# weir completion fish > ~/.config/fish/completions/weir.fish
complete -c weir -a '(weir complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
}

export function addCompletionCommands(program: Command, cli: Cli): void {
  program
    .command('completion')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .description('print a script that completes commands in your shell')
    .action((shell: Shell, _own: object, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals()
      cli.terminal(options).data(SCRIPTS[shell])
    })
  program
    .command(COMPLETE, { hidden: true })
    .argument('[words...]', 'what has been typed behind weir, the last word perhaps empty')
    .allowUnknownOption()
    .description('for the scripts of `weir completion`')
    .action((words: readonly string[], _own: object, command: Command) => {
      const terminal = cli.terminal(command.optsWithGlobals())
      for (const word of completions(program, words, cli.env)) terminal.data(word)
    })
}

/** Words that may stand in the place of the last one; none where a file may. */
function completions(
  program: Command,
  words: readonly string[],
  env: Cli['env'],
): readonly string[] {
  const { before, last, joined } = typed(words)
  let command = program
  const chain = [program]
  for (const word of words.slice(0, -1)) {
    const child = command.commands.find((one) => one.name() === word)
    if (child === undefined) continue
    command = child
    chain.push(child)
  }
  return candidates({ command, chain, before, last, joined }, env)
    .filter((word) => word.startsWith(last))
    .map((word) => `${joined}${word}`)
}

type Typed = Pick<Place, 'before' | 'last' | 'joined'>

/** `--format=js` is one word for zsh and fish, and three for bash, which completes the last of them. */
function typed(words: readonly string[]): Typed {
  const whole = words.at(-1) ?? ''
  const [joined, option] = /^(--[^=]+)=/.exec(whole) ?? []
  if (joined !== undefined && option !== undefined)
    return { before: option, last: whole.slice(joined.length), joined }
  const before = words.at(-2) ?? ''
  return { before: before === '=' ? (words.at(-3) ?? '') : before, last: whole, joined: '' }
}

interface Place {
  readonly command: Command
  /** From the program down to the command. */
  readonly chain: readonly Command[]
  readonly before: string
  readonly last: string
  /** `--format=` where that is a part of the last word. */
  readonly joined: string
}

function candidates(
  { command, chain, before, last, joined }: Place,
  env: Cli['env'],
): readonly string[] {
  const options = chain.flatMap((one) => one.options)
  const awaiting = options.find(
    ({ long, short, required }) => required && (long === before || short === before),
  )
  if (awaiting !== undefined) {
    if (awaiting.long === '--define') return Object.keys(CONFIG_KEYS).map((key) => `${key}=`)
    if (awaiting.long === '--cluster') return contextNames(env)
    return awaiting.argChoices ?? []
  }
  if (joined !== '') return []
  if (last.startsWith('-'))
    return [...new Set([...options.flatMap(({ long }) => long ?? []), '--help'])]
  if (command.commands.length > 0) return visible(command)
  const [takes] = command.registeredArguments
  if (NAME_A_CONTEXT.includes(chain.map((one) => one.name()).join(' '))) return contextNames(env)
  if (command.name() === 'explain') return Object.keys(CONFIG_KEYS)
  return takes?.argChoices ?? []
}

const NAME_A_CONTEXT: readonly string[] = ['weir context use', 'weir context rm']

const visible = (command: Command): readonly string[] =>
  command
    .createHelp()
    .visibleCommands(command)
    .map((one) => one.name())
    .filter((name) => name !== 'help')
