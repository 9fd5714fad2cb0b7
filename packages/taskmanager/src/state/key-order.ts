// A total order of keys that does not depend on where they came from or when: kinds first, then
// values. Equal means the same key, so that two timers of one time fire in the same order before
// and after any restore (trap E1).

import type { Key } from '@weirjs/common/core/codec'

/** Negative, 0 or positive. Text goes by UTF-16 units. */
export function compareKeys(a: Key, b: Key): number {
  if (a === b) return 0
  const kinds = rank(a) - rank(b)
  if (kinds !== 0) return kinds
  return a < b ? -1 : 1
}

function rank(key: Key): number {
  if (typeof key === 'boolean') return 0
  if (typeof key === 'number') return 1
  return typeof key === 'bigint' ? 2 : 3
}
