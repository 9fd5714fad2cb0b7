// Codec for values that no type was declared for: any tree of plain data. References are not kept:
// what was one object in two places becomes two. See dynamic-format for the bytes and what is
// refused.

import type { Codec } from '../core/codec.ts'
import { readDynamic } from './dynamic-reader.ts'
import { writeDynamic } from './dynamic-writer.ts'

/** For undeclared records. */
export const dynamicCodec: Codec<unknown> = {
  descriptor: { name: 'dynamic', version: 1 },
  write: writeDynamic,
  read: readDynamic,
}

/** For fields declared as JSON: the same bytes, so nothing is lost that JSON itself would lose. */
export const jsonCodec: Codec<unknown> = {
  descriptor: { name: 'json', version: 1 },
  write: writeDynamic,
  read: readDynamic,
}
