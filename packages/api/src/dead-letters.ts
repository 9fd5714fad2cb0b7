// The record type of lines that could not be read.

import type { DeadLetter } from './connector.ts'
import { type StructType, struct } from './struct.ts'
import { int, text } from './types.ts'

export const deadLetterType: StructType<DeadLetter> = struct('DeadLetter', {
  source: text(),
  line: int(),
  text: text(),
  reason: text(),
})
