// Errors for people: one line with what, where and the stable code; a hint when there is one; the stack only on demand.

import { type Failure, toFailure, WeirError } from '@weirjs/common/core/errors'
import { printable, printableLines } from '@weirjs/common/core/printable'
import type { Style } from './style.ts'

/** Whatever was thrown, as a WeirError; what is none is our own mistake. */
export function asWeirError(thrown: unknown): WeirError {
  if (thrown instanceof WeirError) return thrown
  const failure = toFailure(thrown)
  const error = new WeirError('cli/internal', failure.message, {
    domain: 'internal',
    hint: 'this is a mistake in Weir; run again with -v and report what it says',
  })
  if (failure.stack !== undefined) error.stack = failure.stack
  return error
}

export function errorLines(failure: Failure, style: Style, verbose: boolean): readonly string[] {
  const [headline = '', ...rest] = printableLines(failure.message)
  const code = printable(failure.code)
  const lines = [
    `${style.paint('red', 'error')}: ${headline}${placeOf(failure)} ${style.paint('dim', `[${code}]`)}`,
    ...rest,
  ]
  if (failure.hint !== undefined)
    lines.push(`${style.paint('cyan', 'hint')}: ${printableLines(failure.hint).join('\n')}`)
  if (verbose && failure.stack !== undefined) lines.push(printableLines(failure.stack).join('\n'))
  return lines
}

/** Where in the user's code, to be set behind the message. */
export const placeOf = ({ location }: Failure): string =>
  location === undefined ? '' : ` (${printable(location)})`

/** Headed, or nothing where nothing was written. */
export function lastOutputLines({ lastOutput = [] }: Failure): readonly string[] {
  return lastOutput.length === 0
    ? []
    : ['last output:', ...lastOutput.map((line) => `  ${printable(line)}`)]
}

const CODES_PAGE = 'docs/reference/error-codes.md'

export function errorJson(failure: Failure): unknown {
  const { code, message, domain, retry, hint = null, location = null } = failure
  return { error: { code, message, domain, retry, hint, location, docs: sectionOf(code) } }
}

/** In the repository. People find the page by its code; whoever reads JSON should not have to look for it. */
function sectionOf(code: string): string {
  const [, area] = /^([a-z]+)\//.exec(code) ?? []
  return area === undefined ? CODES_PAGE : `${CODES_PAGE}#${area}`
}
