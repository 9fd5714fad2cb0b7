// The one way in which a command says what went wrong: text, or JSON where that was asked for.

import { type Failure } from '@weirjs/common/core/errors'
import { type Cli, type GlobalOptions, wantsJson } from '../cli.ts'
import { errorJson, errorLines } from './errors.ts'

export function tellError(failure: Failure, cli: Cli, options: GlobalOptions): void {
  const terminal = cli.terminal(options)
  terminal.progress('')
  if (wantsJson(options)) return terminal.say(JSON.stringify(errorJson(failure)))
  for (const line of errorLines(failure, terminal.err, options.verbose === true)) terminal.say(line)
}
