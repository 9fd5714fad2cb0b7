// What every job of the benchmark is told.

import { int, text } from 'weirjs'

export const benchArguments = {
  events: int(),
  seed: int(),
  /** Out-of-order group: 1 or 1000. */
  group: int(),
  /** Directory of the input files; empty: records are made in the process. */
  input: text({ default: '' }),
  /** Files of the input: one for each reader. */
  parts: int(),
  /** Directory that marks and results are written to. */
  results: text(),
} as const
