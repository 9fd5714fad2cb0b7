// What the counting job and its judges both know: the key of a record follows from its number.

/** Numbers in a block of the generator: blocks are dealt out over its subtasks in turn. */
export const BLOCK_RECORDS = 1_000

/** Any odd number that shares no factor with the number of keys spreads them; this one is prime. */
const STRIDE = 7_919

export const keyOf = (n: number, keys: number): string => `k${(n * STRIDE) % keys}`
