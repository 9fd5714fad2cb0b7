// Whole numbers as flags say them, each with its bounds.

import { WeirError } from '@weirjs/common/core/errors'
import { quoted } from '@weirjs/common/node/config-values'

export interface Range {
  readonly least: number
  readonly most: number
}

/** Error: `cli/usage`. */
export function wholeNumber(text: string, flag: string, { least, most }: Range): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  const message = `${flag} is ${quoted(text)}, but must be a whole number from ${least} to ${most}`
  throw new WeirError('cli/usage', message, { domain: 'user' })
}
